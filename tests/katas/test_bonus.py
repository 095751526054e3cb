"""The program bonus.py of meta measures a learner's own tests with planted faults, on any framework that passes."""

from __future__ import annotations

import functools
import subprocess
import sys
from pathlib import Path

import pytest

from graders import catalogue, intake

ROOT = Path(__file__).parents[2]
OWN_TESTS = "your_framework/own_tests.py"


def write_files(place: Path, files: dict[str, bytes]) -> None:
    """Write a framework's files, and bonus.py."""
    for name, content in {**files, "bonus.py": (ROOT / "katas/meta/bonus.py").read_bytes()}.items():
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_bytes(content)


def reported(place: Path, framework: dict[str, bytes], own_tests: bytes) -> list[str]:
    write_files(place, {**framework, OWN_TESTS: own_tests})
    done = subprocess.run([sys.executable, "bonus.py"], cwd=place, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("name", ["beginner", "primitives", "tape", "terse"])
def test_bonus_plants_its_faults_in_a_strangers_framework(tmp_path: Path, name: str) -> None:
    meta = catalogue.load(ROOT, "meta")
    solution = intake.shipped(meta, meta.solution)
    (framework,) = [each.submission(solution) for each in meta.accept if each.path.name == name]
    lines = reported(tmp_path, framework, solution[OWN_TESTS])
    assert lines[:2] == ["own tests passed: 15 of 15", "planted faults noticed: 12 of 12"]


NOTICING = """
import bonus, your_framework
for name, value in vars(your_framework).items():
    if isinstance(value, type) and issubclass(value, your_framework.Module) and name not in ("Module", "ModuleList"):
        found = bonus.outcomes("your_framework", name, "forward", lambda right, *given: right(*given) * 2)
        print(name, all(found.values()))
"""


def test_the_solutions_own_tests_notice_a_wrong_result_of_every_layer_and_loss(tmp_path: Path) -> None:
    meta = catalogue.load(ROOT, "meta")
    write_files(tmp_path, intake.shipped(meta, meta.solution))
    done = subprocess.run([sys.executable, "-c", NOTICING], cwd=tmp_path, capture_output=True, text=True, check=True)
    passed = dict(line.split() for line in done.stdout.splitlines())
    assert {"Linear", "Conv2d", "GELU", "BatchNorm2d", "Sequential", "CrossEntropyLoss"} <= passed.keys()
    assert [name for name, unnoticed in passed.items() if unnoticed == "True"] == []


def test_the_solutions_tutorial_is_right_and_its_benchmark_runs(tmp_path: Path) -> None:
    meta = catalogue.load(ROOT, "meta")
    files = intake.shipped(meta, meta.solution)
    benchmark = "your_framework/benchmark.py"
    files[benchmark] = files[benchmark].replace(b"STEPS, ROUNDS = 10, 100", b"STEPS, ROUNDS = 1, 2")
    write_files(tmp_path, files)
    run = functools.partial(subprocess.run, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert run([sys.executable, "-m", "your_framework.tutorial"]).stdout == ""
    assert "Trying:" in run([sys.executable, "-m", "your_framework.tutorial", "-v"]).stdout
    rows = run([sys.executable, "-m", "your_framework.benchmark"]).stdout.splitlines()
    assert [row.split()[:2] for row in rows] == [
        [network, side] for network in ("784-128-10", "convolution") for side in ("your_framework", "PyTorch")
    ]


@pytest.mark.parametrize("name", ["tutorial.py", "tutorial.ipynb"])
def test_a_tutorial_may_be_a_module_or_a_notebook(tmp_path: Path, name: str) -> None:
    meta = catalogue.load(ROOT, "meta")
    write_files(tmp_path, intake.shipped(meta, meta.solution) | {f"your_framework/{name}": b"{}\n"})
    (taken,) = [file.data for file in intake.take(meta, tmp_path).files if file.name == f"your_framework/{name}"]
    assert taken == b"{}\n"


def test_bonus_names_what_own_tests_miss_and_which_fail(tmp_path: Path) -> None:
    meta = catalogue.load(ROOT, "meta")
    own = b"from your_framework import *\ndef test_relu(): assert ReLU()(Tensor([-1.0])).item() == 0\n"
    own += b"def test_wrong(): assert Tensor([2.0]).sum().item() == 3\n"
    lines = reported(tmp_path, intake.shipped(meta, meta.solution), own)
    assert lines[1] == "planted faults noticed: 1 of 12"
    assert (lines[0], lines[-1]) == ("own tests passed: 1 of 2", "fails on your framework: test_wrong")
