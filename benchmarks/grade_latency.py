"""Measure how long it takes to grade exercise01, compared with plain pytest on the same tests.

    python benchmarks/grade_latency.py [--rounds 15]

Four ways to run the tests are timed in turns on this machine. Each must pass all of the tests:

- warm: the time from a request to a resident judge until its verdict; confined, with a fresh worker for each visible
  and hidden test
- cold: the whole process `katas grade exercise01 --against solutions`; confined
- torch: the whole process `python -m pytest` on the same test files, without plugins; three fixtures call the solution
  in the same process, and PyTorch computes the references
- numpy: the same, but NumPy computes the references and torch is never imported

The last three lines are medians of the rounds' ratios, with a 95 % bootstrap interval. The last one is the main result.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from graders import Judge
from graders.checks.speed import median_interval

ROOT = Path(__file__).parents[1]
SLUG = "exercise01"
SUITE = ROOT / "katas" / SLUG / f"test_{SLUG}.py", ROOT / "graders" / "hidden" / SLUG / "test_hidden.py"
# The visible race among them runs only without hidden tests.
TESTS = sum(path.read_text(encoding="utf-8").count("\ndef test_") for path in SUITE)

FIXTURES = """
import copy, importlib.util, sys
from pathlib import Path
from types import SimpleNamespace
import pytest
from graders.checks import Draw
from graders.verdict import Speed

HERE = Path(__file__).parent

def load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

solution = load("affine", {solution!r})

def unmeasured(name, inputs, check, **_):
    # only the judge measures speed, which is part of its time
    arguments = inputs()
    check(getattr(solution, name)(*arguments), arguments)
    return Speed(ratio=0.0, low=0.0, high=0.0, cpu_ratio=0.0)

@pytest.fixture
def kata():
    run = lambda probe, *arguments: probe(solution, *copy.deepcopy(arguments))
    return SimpleNamespace(affine=solution.affine, run=run, speed=unmeasured)

@pytest.fixture
def probes():
    return load("probes", HERE / "probes.py")

@pytest.fixture
def draw():
    return None

@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    mark = pyfuncitem.get_closest_marker("cases")
    names = pyfuncitem._fixtureinfo.argnames
    for case in range(mark.args[0] if mark else 1):
        fixed = {{name: pyfuncitem.funcargs[name] for name in names}}
        if "draw" in fixed:
            fixed["draw"] = Draw(b"0123456789abcdef", pyfuncitem.name, case)
        pyfuncitem.obj(**fixed)
    return True

def pytest_configure(config):
    config.addinivalue_line("markers", "task(name): ...")
    config.addinivalue_line("markers", "cases(count): ...")
"""

BY_NUMPY = {  # passages of the hidden suite and their NumPy equivalents
    "import torch\nimport torch.nn.functional as F\n": "",
    "torch.tensor(a, dtype=torch.float64)": "np.asarray(a, dtype=np.float64)",
    "F.linear(x, W, b)": "x @ W.T + b",
    "F.linear(abs(x), abs(W), abs(b))": "abs(x) @ abs(W).T + abs(b)",
}


def plain_suite(folder: Path, *, torch: bool) -> list[str]:
    """Return the command that runs the same test files with plain pytest in one process."""
    folder.mkdir()
    visible, hidden = (path.read_text(encoding="utf-8") for path in SUITE)
    for by_torch, by_numpy in BY_NUMPY.items():
        assert by_torch in hidden, f"the hidden suite no longer contains {by_torch!r}: adapt this benchmark"
        if not torch:
            hidden = hidden.replace(by_torch, by_numpy)
    assert torch or "torch" not in hidden.partition('"""\n\n')[2], "the suite still uses torch: adapt this benchmark"
    (folder / "test_hidden.py").write_text(hidden, encoding="utf-8")
    (folder / f"test_{SLUG}.py").write_text(visible, encoding="utf-8")
    probes = (ROOT / "graders" / "checks" / "probes.py").read_text(encoding="utf-8")
    (folder / "probes.py").write_text(probes, encoding="utf-8")
    solution = str(ROOT / "solutions" / SLUG / "affine.py")
    (folder / "conftest.py").write_text(FIXTURES.format(solution=solution), encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    return [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)]


def process(command: list[str], expected: str) -> Callable[[], float]:
    """Return a function that runs and times a command, whose output must show that all tests passed."""
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "OMP_NUM_THREADS": "1"}

    def run() -> float:
        started = time.perf_counter()
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - started
        if done.returncode or expected not in done.stdout:
            sys.exit(f"{' '.join(command)}: {done.stdout}{done.stderr}")
        return seconds

    return run


def warm(judge: Judge) -> Callable[[], float]:
    """Return a function that times one grading by a running judge."""

    def run() -> float:
        time.sleep(0.1)  # a pause, as between real requests; the judge uses it to prepare the next workers
        started = time.perf_counter()
        verdict = judge.grade(SLUG, ROOT / "solutions" / SLUG)
        seconds = time.perf_counter() - started
        if (verdict.status, verdict.confinement, len(verdict.tests)) != ("passed", "full", TESTS - 1):
            sys.exit(f"not a fully confined pass: {verdict.status} {verdict.confinement} {verdict.message}")
        return seconds

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder, Judge(ROOT, require="full") as judge:
        katas = [sys.executable, "-m", "graders.cli", "grade", SLUG, "--against", "solutions"]
        torch = plain_suite(Path(folder, "torch"), torch=True)
        numpy = plain_suite(Path(folder, "numpy"), torch=False)
        sides = {
            "warm": warm(judge),
            "cold": process(katas, "11 of 11 points"),
            "torch": process(torch, f"{TESTS} passed"),
            "numpy": process(numpy, f"{TESTS} passed"),
        }
        print("warm : judge.grade('exercise01', …) in a resident Judge, confinement full")
        print("cold : " + " ".join(katas))
        print("torch: PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 " + " ".join(torch))
        print("numpy: PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 " + " ".join(numpy))
        for run in sides.values():
            run()
        times: dict[str, list[float]] = {name: [] for name in sides}
        for number in range(rounds):
            for name in sides:
                times[name].append(sides[name]())
            print(f"\rround {number + 1}/{rounds}", end="", file=sys.stderr)
    print(file=sys.stderr)
    for name, seconds in times.items():
        print(
            f"{name:5s}: median {1e3 * median(seconds):8.1f} ms, {1e3 * min(seconds):.1f} to {1e3 * max(seconds):.1f}"
        )
    for over, under, what in (
        ("cold", "torch", "time of cold grading / time of plain pytest with torch:"),
        ("numpy", "warm", "time of plain pytest with NumPy / time of warm grading:"),
        ("torch", "warm", "time of plain pytest with torch / time of warm grading:"),
    ):
        ratios = [a / b for a, b in zip(times[over], times[under], strict=True)]
        middle, low, high = median_interval(ratios)
        print(f"{what} {middle:.2f}× ({low:.2f} to {high:.2f})")


if __name__ == "__main__":
    main()
