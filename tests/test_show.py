"""`katas show` runs a training program and draws what its History holds."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from graders.cli.showing import drawn
from tests import workshop
from tests.workshop import katas, write

TOML = workshop.TOML.replace('files = ["twice.py"]', 'files = ["twice.py", "bug1_stuck.py", "bug2_lost.py"]')
PROGRAM = """\
from dataclasses import dataclass, field
from factors import FACTOR

@dataclass
class History:
    loss: list = field(default_factory=list)
    train_accuracy: list = field(default_factory=list)

if __name__ == "__main__":
    print("training")
    result = History([{losses}], [0.1, 0.2 * FACTOR])
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = workshop.write_repository(tmp_path, [])
    workshop.write_kata(root, "alpha", toml=TOML)
    for folder in ("katas", "solutions"):
        write(root / folder / "alpha" / "bug1_stuck.py", PROGRAM.format(losses="0.7, 0.7"))
        write(root / folder / "alpha" / "bug2_lost.py", PROGRAM.format(losses='1e9, float("nan")'))
    return root


def test_a_program_is_run_and_its_curves_are_written(root: Path) -> None:
    done = katas("show", "alpha", "bug1", cwd=root)
    assert (done.status, done.out) == (0, "training\nwritten: alpha-bug1.png\n"), done.said
    image = (root / "alpha-bug1.png").read_bytes()
    width, height = struct.unpack(">II", image[16:24])
    assert image.startswith(b"\x89PNG")
    assert width > height > 300


def test_a_loss_that_is_no_number_is_drawn_too(root: Path) -> None:
    done = katas("show", "alpha", "bug2_lost.py", "--output", "lost.svg", cwd=root)
    assert done.status == 0, done.said
    assert (root / "lost.svg").read_text(encoding="utf-8").count("<g ") > 20


def test_where_the_numbers_end_is_said() -> None:
    lost = drawn({"loss": [5.0, None, None]}, "lost", ".svg").decode()
    kept = drawn({"loss": [5.0, 4.0, 3.0]}, "kept", ".svg").decode()
    assert "no number from epoch 2 on" in lost
    assert "no number" not in kept


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("bug", "--output", "x.png"), "has no one program 'bug': name one of twice.py, bug1_stuck.py, bug2_lost.py"),
        (("bug1", "--output", "x.gif"), "x.gif: a picture's name ends with .png, .svg, .pdf"),
        (("bug1", "--output", "nowhere/x.png"), "there is no folder nowhere"),
        (("twice",), "twice.py: the program ended with status 1 and left no curves"),
    ],
)
def test_what_cannot_be_shown_is_told(root: Path, words: tuple[str, ...], said: str) -> None:
    done = katas("show", "alpha", *words, cwd=root)
    assert done.status == 2
    assert said in done.err
    assert "Traceback" not in done.err
    assert list(root.glob("*.png")) == []
