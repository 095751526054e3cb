"""Grade 100 submissions of exercise01, and the same with otter-grader, nbgrader and plain pytest, in turns.

    python benchmarks/peers.py --otter VENV --nbgrader VENV [--rounds 5] [--people 100] [--each 4]

Half of the submissions are right; the other half forget the bias. All four run the same tests with the same PyTorch
references, except that only the judge measures speed. The figures are seconds per submission with the start, on the
wall clock, and as the processor time of all processes together.

- batch: `katas grade-batch` with two workers, confinement full, all submissions in one run
- otter: `otter run`, one process for each submission, as its containers do
- nbgrader: `nbgrader autograde`, several notebooks in one run
- pytest: plain pytest in the judge's environment, one process for each submission, without confinement

VENV is a virtual environment with otter-grader or nbgrader, ipykernel, torch, pytest, hypothesis and msgspec. The last
three take turns on `--each` submissions a round, because they are slow.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import nbformat
from control_group import ControlGroup
from grade_latency import ROOT, SLUG, TESTS, plain_suite

from graders.checks.speed import median_interval

RIGHT = (ROOT / "solutions" / SLUG / "affine.py").read_text(encoding="utf-8")
WRONG = "import numpy as np\n\n\ndef affine(W, x, b):\n    return np.asarray(x) @ np.asarray(W).T\n"

RUN_SUITE = """
import sys

def failures(source):
    '''Run the suite of exercise01 on this source in this process. Return the number of failed tests.'''
    import pytest
    open({module!r}, "w").write(source)
    sys.path.insert(0, {root!r})
    return int(pytest.main(["-q", "-x", "-p", "no:cacheprovider", {suite!r}]))
"""


def submission(number: int) -> str:
    return (RIGHT if number % 2 else WRONG) + f"\n# {number}\n"


def run(command: list[str], folder: Path, statuses: tuple[int, ...] = (0,), **variables: str) -> str:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"} | variables
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in statuses:
        sys.exit(f"{' '.join(command)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout + done.stderr


def batch(folder: Path, people: int) -> int:
    """Grade all submissions with `katas grade-batch`."""
    handed, out = folder / "handed", folder / "out"
    for each in (handed, out):
        shutil.rmtree(each, ignore_errors=True)
    for number in range(people):
        (handed / f"person{number:03d}").mkdir(parents=True)
        (handed / f"person{number:03d}" / "affine.py").write_text(submission(number), encoding="utf-8")
    words = ["grade-batch", str(handed), "--out", str(out), "--kata", SLUG, "--workers", "2"]
    said = run([sys.executable, "-m", "graders.cli", *words], ROOT)
    rows = (out / "results.csv").read_text(encoding="utf-8")
    if (rows.count(",passed,"), rows.count(",failed,")) != (people // 2, people // 2):
        sys.exit(f"unexpected results: {said}\n{rows[:1000]}")
    return people


def suite(folder: Path) -> tuple[Path, str]:
    """Return the module that the plain suite imports, and Python code that runs the suite in its own process."""
    plain_suite(folder, torch=True)
    module = folder / "affine.py"
    conftest = folder / "conftest.py"
    text = conftest.read_text(encoding="utf-8").replace(str(ROOT / "solutions" / SLUG / "affine.py"), str(module))
    conftest.write_text(text, encoding="utf-8")
    return module, RUN_SUITE.format(module=str(module), root=str(ROOT), suite=str(folder))


def pytest_alone(folder: Path, each: int) -> int:
    module, _ = suite(folder / "pytest")
    for number in range(each):
        module.write_text(submission(number), encoding="utf-8")
        said = run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(module.parent)], ROOT, (0, 1))
        if (f"{TESTS} passed" in said) != bool(number % 2):
            sys.exit(said)
    shutil.rmtree(module.parent)
    return each


def otter(venv: Path) -> Callable[[Path, int], int]:
    def grade(folder: Path, each: int) -> int:
        work = folder / "otter"
        (work / "tests").mkdir(parents=True)
        _, code = suite(work / "suite")
        cell = code + textwrap.dedent("""
            from otter.test_files import test_case
            OK_FORMAT = False
            name = "affine"
            points = 11

            @test_case(points=11, hidden=False)
            def test_affine(SOURCE):
                assert not failures(SOURCE)
            """)
        (work / "tests" / "affine.py").write_text(cell, encoding="utf-8")
        command = str(venv / "bin" / "otter")
        path = f"{venv / 'bin'}:{os.environ['PATH']}"
        run([command, "generate", "-t", "tests", "-o", "autograder.zip", "--no-environment"], work, PATH=path)
        for number in range(each):
            text = submission(number) + f"\nSOURCE = {submission(number)!r}\n"
            (work / "submission.py").write_text(text, encoding="utf-8")
            said = run([command, "run", "-a", "autograder.zip", "submission.py"], work, PATH=path)
            if f"Total Score: {11 if number % 2 else 0}.000 / 11.000" not in said:
                sys.exit(said)
        shutil.rmtree(work)
        return each

    return grade


def nbgrader(venv: Path) -> Callable[[Path, int], int]:
    def grade(folder: Path, each: int) -> int:
        work = folder / "nbgrader"
        (work / "source" / "ps1").mkdir(parents=True)
        _, code = suite(work / "suite")
        path = f"{venv / 'bin'}:{os.environ['PATH']}"
        (work / "nbgrader_config.py").write_text(
            "c = get_config()\nc.CourseDirectory.course_id = 'c'\nc.CourseDirectory.db_url = 'sqlite:///g.db'\n",
            encoding="utf-8",
        )
        check = code + "\nassert not failures(SOURCE)\n"
        _notebook(RIGHT, check, work / "source" / "ps1" / "ps1.ipynb")
        command = str(venv / "bin" / "nbgrader")
        run([command, "generate_assignment", "ps1", "--force"], work, PATH=path)
        for number in range(each):
            person = work / "submitted" / f"person{number}" / "ps1"
            person.mkdir(parents=True)
            _notebook(submission(number), check, person / "ps1.ipynb")
        run([command, "autograde", "ps1", "--force"], work, PATH=path)
        if len(list((work / "autograded").glob("*/ps1/ps1.ipynb"))) != each:
            sys.exit("nbgrader did not grade every submission")
        shutil.rmtree(work)
        return each

    return grade


def _notebook(source: str, check: str, path: Path) -> None:
    """Write a notebook with an answer cell and a cell of tests."""
    about = {"schema_version": 3, "locked": False}
    answer = {"grade": False, "solution": True, "grade_id": "answer", "task": False}
    tests = {"grade": True, "solution": False, "grade_id": "tests", "task": False, "points": 11, "locked": True}
    marked = f"### BEGIN SOLUTION\n{source}\nSOURCE = {source!r}\n### END SOLUTION"
    cells = [
        nbformat.v4.new_code_cell(marked, metadata={"nbgrader": about | answer}),
        nbformat.v4.new_code_cell(check, metadata={"nbgrader": about | tests}),
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--otter", type=Path)
    parser.add_argument("--nbgrader", type=Path)
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--each", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    sides: dict[str, tuple[Callable[[Path, int], int], int]] = {"batch": (batch, asked.people)}
    sides["pytest"] = pytest_alone, asked.each
    if asked.otter:
        sides["otter"] = otter(asked.otter.resolve()), asked.each
    if asked.nbgrader:
        sides["nbgrader"] = nbgrader(asked.nbgrader.resolve()), asked.each
    cpu = ControlGroup.of_this_process()
    if cpu is None:
        sys.exit("this benchmark needs root, because it creates a control group")
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(asked.rounds):
            for name, (grade, count) in sides.items():
                wall, used = time.perf_counter(), cpu.cpu_s()
                done = grade(Path(folder), count)
                measured[name].append(((time.perf_counter() - wall) / done, (cpu.cpu_s() - used) / done))
                print(f"\rround {number + 1}/{asked.rounds}: {name}    ", end="", file=sys.stderr)
    print(file=sys.stderr)
    for name, pairs in measured.items():
        walls, cpus = zip(*pairs, strict=True)
        print(f"{name:9s}: {1e3 * median(walls):7.0f} ms wall, {1e3 * median(cpus):7.0f} ms CPU for each submission")
    for name in list(measured)[1:]:
        for index, what in enumerate(("wall", "CPU")):
            ratios = [a[index] / b[index] for a, b in zip(measured[name], measured["batch"], strict=True)]
            middle, low, high = median_interval(ratios)
            print(f"a batch takes {middle:.1f} times less {what} time than {name} ({low:.1f} to {high:.1f})")


if __name__ == "__main__":
    main()
