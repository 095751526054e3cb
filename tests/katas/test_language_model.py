"""The supplied programs of milestone3 and milestone4: texts, n-grams, what they print, early ends, checkpoints."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.kata_modules import importable, module_at

ROOT = Path(__file__).resolve().parents[2]
KATA = ROOT / "katas" / "milestone3"
BUILDS_ON = [ROOT / "solutions" / f"exercise{number}" for number in ("04", "09", 11, 13, 14, 15, 18)]
corpus = module_at(KATA / "corpus.py")


def command(*arguments: object) -> list[str]:
    return [sys.executable, str(ROOT / "solutions" / "milestone3" / "language_model.py"), *map(str, arguments)]


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(map(str, [KATA, *BUILDS_ON]))}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "0 characters are too few. Give a text of at least 2000."),
        (b"a", "1 characters are too few"),
        (b"a" * 5000, "the text repeats a single character"),
        (b"a plain text \xff " * 300, "byte 13 is not UTF-8. Save the text as UTF-8."),
    ],
)
def test_a_text_that_cannot_be_used_is_refused_by_name(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "my.txt"
    path.write_bytes(content)
    done = subprocess.run(command("--data", path), cwd=tmp_path, env=environment(), capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith(f"milestone3: {path}: {message}")
    assert "Traceback" not in done.stderr


def test_a_missing_text_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(corpus.TextError, match=r"my\.txt: No such file or directory\. Give the path of a text file\."):
        corpus.read(tmp_path / "my.txt")


def test_a_prompt_with_an_unknown_character_is_refused() -> None:
    with pytest.raises(corpus.TextError, match="'ß' does not occur in the text"):
        corpus.encode("groß", "gros")


def test_a_text_comes_back_from_its_ids() -> None:
    text = corpus.read()
    assert len(text) > 200_000
    characters = corpus.characters_of(text)
    assert corpus.decode(corpus.encode(text[:5000], characters), characters) == text[:5000]
    ids, held_back, same = corpus.divided(text)
    assert same == characters
    assert len(ids) + len(held_back) == len(text)


def test_a_short_training_says_what_it_has_learned(tmp_path: Path) -> None:
    done = subprocess.run(
        command("--steps", 3, "--prompt", "The"), cwd=tmp_path, env=environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    first, start, *rest = done.stdout.splitlines()
    assert first.endswith("92 different ones")
    assert start.startswith("step     1")
    assert "  The" in start
    assert any(line.startswith("bits per character of the text held back: ") for line in rest)
    assert (tmp_path / "training.png").is_file() or "matplotlib is missing" in done.stdout


def test_a_text_without_letters_is_learned_and_drawn(tmp_path: Path) -> None:
    (tmp_path / "my.txt").write_text("+-*/ (,) .:; " * 300, encoding="utf-8")
    arguments = command("--steps", 1, "--data", tmp_path / "my.txt")
    done = subprocess.run(arguments, cwd=tmp_path, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.deep
def test_ctrl_c_ends_the_training_and_keeps_it(tmp_path: Path) -> None:
    with subprocess.Popen(command(), cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        for line in program.stdout:
            if line.startswith("step     1"):
                break
        time.sleep(1)
        program.send_signal(signal.SIGINT)
        rest = program.stdout.read()
    assert program.returncode == 0
    assert "of 2500 steps" in rest
    assert "bits per character of the text held back" in rest


# ------------------------------------------------------------------------------------------------------ milestone4

OWN_FRAMEWORK = ROOT / "katas" / "milestone4"


def trained(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, str(ROOT / "solutions" / "milestone4" / "gpt.py"), *map(str, arguments)]
    paths = os.pathsep.join(map(str, [OWN_FRAMEWORK, ROOT / "solutions" / "meta"]))
    return subprocess.run(program, cwd=folder, env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("folder", "builds_on", "lengths"), [(KATA, BUILDS_ON, (2, 5)), (OWN_FRAMEWORK, [], (5,))], ids=["3", "4"]
)
def test_the_programs_n_grams_are_the_graders(folder: Path, builds_on: list[Path], lengths: tuple[int, ...]) -> None:
    grader = module_at(folder / f"test_{folder.name}.py")
    rng = np.random.default_rng(0)
    ids, held_back = rng.integers(0, 5, 400), rng.integers(0, 5, 90)
    with importable(*builds_on, folder) as imported:
        for n in lengths:
            expected = grader.n_gram_bits(ids, held_back, 5, n)
            assert imported("training").n_gram_bits(ids, held_back, 5, n) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", ["text.txt", "corpus.py"])
def test_both_milestones_supply_the_same_text(name: str) -> None:
    assert (OWN_FRAMEWORK / name).read_bytes() == (KATA / name).read_bytes()


def test_a_second_run_continues_from_the_checkpoint(tmp_path: Path) -> None:
    first = trained(tmp_path, "--steps", 2)
    assert first.returncode == 0, first.stderr
    assert "bits per character of the text held back: " in first.stdout
    again = trained(tmp_path, "--steps", 2)
    assert "continuing after step 2" in again.stdout
    assert again.stdout.splitlines()[-8:] == first.stdout.splitlines()[-8:]
    assert "continuing" not in trained(tmp_path, "--steps", 2, "--afresh").stdout


def test_a_damaged_checkpoint_is_named_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "checkpoint").write_bytes(b"not a checkpoint")
    done = trained(tmp_path, "--steps", 2)
    assert done.returncode == 1
    assert f"{tmp_path / 'checkpoint'} does not fit" in done.stderr
    assert done.stderr.rstrip().endswith("Start again with --afresh.")
    assert "Traceback" not in done.stderr
