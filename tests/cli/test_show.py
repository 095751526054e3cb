"""`katas show` runs a training program and plots its curves."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from graders import catalogue
from graders.programs import drawn
from tests import milestone_course, shell, workshop
from tests.shell import katas_cold
from tests.workshop import ROOT, write

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
    done = shell.katas("show", "alpha", "bug1", cwd=root)
    assert (done.status, done.out) == (0, "training\nwritten: alpha-bug1.png\n"), done.said
    image = (root / "alpha-bug1.png").read_bytes()
    width, height = struct.unpack(">II", image[16:24])
    assert image.startswith(b"\x89PNG")
    assert width > height > 300


@pytest.mark.deep
def test_nan_loss_is_drawn_too(root: Path) -> None:
    done = katas_cold("show", "alpha", "bug2_lost.py", "--output", "lost.svg", cwd=root)
    assert done.status == 0, done.said
    assert (root / "lost.svg").read_text(encoding="utf-8").count("<g ") > 20


DRAWING = """
if __name__ == "__main__":
    from matplotlib.figure import Figure

    Figure(figsize=(both(3), 1)).savefig("training.png", dpi=10)
    print("eight tenths of an inch")
"""


def test_the_picture_of_a_milestones_own_program_is_shown(tmp_path: Path) -> None:
    root = milestone_course.write_course(tmp_path / "course")
    milestone_course.write_files(root, milestone_course.WHOLE)
    write(root / "katas/milestone/network.py", milestone_course.NETWORK + DRAWING)
    done = shell.katas("show", "milestone", "network", cwd=root)
    assert (done.status, done.out) == (0, "eight tenths of an inch\nwritten: milestone-network.png\n"), done.said
    image = (root / "milestone-network.png").read_bytes()
    assert struct.unpack(">II", image[16:24]) == (80, 10)
    assert not list(root.rglob("training.png"))


@pytest.mark.deep  # it trains the networks
@pytest.mark.parametrize("slug", ["milestone1", "milestone2"])
def test_the_pictures_of_the_milestones_are_shown(slug: str, tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    (program,) = catalogue.load(ROOT, slug).files
    done = katas_cold("show", slug, program, "--against", "solutions", "--output", str(picture), cwd=ROOT)
    assert done.status == 0, done.said
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_end_of_the_numbers_is_marked() -> None:
    lost = drawn({"loss": [5.0, None, None]}, "lost", ".svg").decode()
    kept = drawn({"loss": [5.0, 4.0, 3.0]}, "kept", ".svg").decode()
    assert "not finite from epoch 2 on" in lost
    assert "no number" not in kept


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("bug", "--output", "x.png"),
            "'bug' does not name exactly one program. Give one of twice.py, bug1_stuck.py, bug2_lost.py.",
        ),
        (("bug1", "--output", "x.gif"), "x.gif: unknown picture format. End the file name with .png, .svg, .pdf."),
        (("bug1", "--output", "nowhere/x.png"), "there is no folder nowhere"),
        ((), "name either a PROGRAM to run, as in `katas show challenge5 bug2`, or --readme"),
        (("bug1", "--readme"), "name either a PROGRAM to run"),
        (("twice",), "twice.py: the program left no History and saved no .png file"),
    ],
)
def test_wrong_arguments_are_reported(root: Path, words: tuple[str, ...], said: str) -> None:
    done = shell.katas("show", "alpha", *words, cwd=root)
    assert done.status == 2
    assert said in done.err
    assert "Traceback" not in done.err
    assert list(root.glob("*.png")) == []
