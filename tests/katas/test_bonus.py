"""The program bonus.py of meta measures a learner's own tests with planted faults, on any framework that passes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from graders import catalogue, intake

ROOT = Path(__file__).parents[2]
OWN_TESTS = "your_framework/own_tests.py"


def reported(place: Path, framework: dict[str, bytes], own_tests: bytes) -> list[str]:
    supplied = {"bonus.py": (ROOT / "katas/meta/bonus.py").read_bytes()}
    for name, content in {**framework, OWN_TESTS: own_tests, **supplied}.items():
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_bytes(content)
    done = subprocess.run([sys.executable, "bonus.py"], cwd=place, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("name", ["beginner", "primitives", "tape", "terse"])
def test_bonus_plants_its_faults_in_a_strangers_framework(tmp_path: Path, name: str) -> None:
    meta = catalogue.load(ROOT, "meta")
    solution = intake.shipped(meta, meta.solution)
    (framework,) = [each.submission(solution) for each in meta.accept if each.path.name == name]
    lines = reported(tmp_path, framework, solution[OWN_TESTS])
    assert lines[:2] == ["own tests passed: 2 of 2", "planted faults noticed: 12 of 12"]


def test_bonus_names_what_own_tests_miss_and_which_fail(tmp_path: Path) -> None:
    meta = catalogue.load(ROOT, "meta")
    own = b"from your_framework import *\ndef test_relu(): assert ReLU()(Tensor([-1.0])).item() == 0\n"
    own += b"def test_wrong(): assert Tensor([2.0]).sum().item() == 3\n"
    lines = reported(tmp_path, intake.shipped(meta, meta.solution), own)
    assert lines[1] == "planted faults noticed: 1 of 12"
    assert (lines[0], lines[-1]) == ("own tests passed: 1 of 2", "fails on your framework: test_wrong")
