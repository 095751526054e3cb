"""A checkout works in a folder with spaces and umlauts in its path, and in a read-only folder."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests import workshop
from tests.at_terminal import AtTerminal
from tests.learner.test_learning import README
from tests.workshop import ADDED, KATAS, ROOT, SOLUTION, Finished, write

# ------------------------------------------------------------------------------------- an awkward name


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the whole project to a folder whose name has spaces, umlauts, quotes and a CJK character."""
    return workshop.copy_project(tmp_path_factory.mktemp("m") / "Übungen für 'zwei' und 気")


def own(checkout: Path, *words: str) -> Finished:
    """Run `katas words…` with the checkout's own harness."""
    progress = str(checkout / "mein Stand.sqlite")
    env = workshop.environment(PYTHONPATH=str(checkout), NN_KATAS_PROGRESS=progress)
    return workshop.run(sys.executable, "-P", "-m", "graders.cli", *words, cwd=checkout, env=env)


@pytest.mark.deep
def test_grading_works_with_awkward_names_of_all_files(checkout: Path) -> None:
    place = checkout / "Abgaben" / "Zoë & Co"
    write(place / "affine.py", (checkout / "solutions" / "exercise01" / "affine.py").read_text(encoding="utf-8"))
    report = checkout / "mein Bericht.html"
    words = ("--submission", str(place), "--format", "html", "--output", str(report), "--require-confinement", "full")
    done = own(checkout, "grade", "exercise01", *words)
    assert (done.status, done.err) == (0, f"written: {report}\n"), done.said
    assert "<title>" in report.read_text(encoding="utf-8")


@pytest.mark.wide
@pytest.mark.deep
def test_other_commands_work_in_an_awkwardly_named_checkout(checkout: Path) -> None:
    done = own(checkout, "grade", "exercise01", "--against", "solutions", "--require-confinement", "full")
    assert (done.status, done.err) == (0, ""), done.said
    for words in (["list"], ["next"], ["hint", "exercise01"], ["notebook", "exercise01", "--output", "Heft 1.ipynb"]):
        done = own(checkout, *words)
        assert done.status == 0, done.said
    assert json.loads((checkout / "Heft 1.ipynb").read_text(encoding="utf-8"))["cells"]
    done = own(checkout, "doctor")
    assert done.status == 0, done.out


@pytest.mark.deep
def test_watch_works_in_an_awkwardly_named_checkout(checkout: Path) -> None:
    env = {"PYTHONPATH": str(checkout), "NN_KATAS_PROGRESS": str(checkout / "Stand.sqlite")}
    with AtTerminal([sys.executable, "-P", "-m", "graders.cli", "watch", "exercise02"], checkout, env=env) as terminal:
        terminal.wait(lambda text: "0 of 7 points" in text or "relu is not written yet" in text)
        solution = (checkout / "solutions" / "exercise02" / "relu.py").read_text(encoding="utf-8")
        write(checkout / "katas" / "exercise02" / "relu.py", solution)
        terminal.wait("All tests pass.")


# ------------------------------------------------------------------------------------------ read-only


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a clone in which alpha has a wrong answer and beta is solved."""
    root = workshop.write_clone(tmp_path_factory.mktemp("fixed") / "my kätas", ["alpha", "beta"], README)
    write(root / "katas" / "alpha" / "twice.py", ADDED)
    write(root / "katas" / "beta" / "twice.py", SOLUTION)
    return root


def there(root: Path, *command: str, progress: Path | None = None) -> Finished:
    """Run a command in a read-only checkout."""
    kept = str(progress or root.parent / "progress.sqlite")
    env = workshop.environment(NN_KATAS_PROGRESS=kept, PYTHONPATH=str(ROOT), PYTHONSAFEPATH="1")
    return workshop.run(*workshop.read_only(root), *command, cwd=root, env=env)


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["list"], 0),
        pytest.param(["next"], 0, marks=pytest.mark.deep),
        (["progress"], 0),
        (["hint", "alpha"], 0),
        pytest.param(["solution", "beta", "--anyway"], 0, marks=pytest.mark.deep),
        (["solution", "alpha", "--diff", "--anyway"], 0),
        pytest.param(["grade", "beta", "--require-confinement", "full"], 0, marks=pytest.mark.deep),
        (["grade", "alpha", "--require-confinement", "full"], 1),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_reading_commands_work_in_a_read_only_checkout(fixed: Path, words: list[str], status: int) -> None:
    done = there(fixed, KATAS, *words)
    assert (done.status, done.err) == (status, ""), done.said


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["reset", "alpha"], "Your files could not be backed up, so nothing was changed"),
        (["notebook", "alpha"], "alpha.ipynb: Read-only file system"),
        pytest.param(
            ["grade", "beta", "--format", "html", "--output", "r.html"],
            "r.html: Read-only file system",
            marks=pytest.mark.deep,
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_writing_commands_say_so_in_a_read_only_checkout(fixed: Path, words: list[str], told: str) -> None:
    done = there(fixed, KATAS, *words)
    assert done.status == 2
    (line,) = done.err.strip().splitlines()
    assert line.startswith("katas: ")
    assert told in line


def test_read_only_progress_is_reported_with_the_verdict(fixed: Path) -> None:
    done = there(fixed, KATAS, "grade", "beta", progress=fixed / "progress.sqlite")
    assert done.status == 0
    assert "3 of 3 points" in done.out
    assert "the verdict was not recorded" in done.err
    assert there(fixed, KATAS, "progress", progress=fixed / "progress.sqlite").status == 2


def test_pytest_does_not_warn_in_a_read_only_checkout(fixed: Path) -> None:
    done = there(fixed, sys.executable, "-m", "pytest", "katas")
    assert done.status == 1
    assert "two is added" in done.out
    assert "beta: 1 of 1 tasks, 2 of 2 points" in done.out
    assert "warning" not in done.said.lower()


@pytest.mark.deep
def test_watch_runs_without_reset_in_a_read_only_checkout(fixed: Path) -> None:
    command = [*workshop.read_only(fixed), KATAS, "watch", "alpha"]
    env = {"NN_KATAS_PROGRESS": str(fixed.parent / "watched.sqlite")}
    with AtTerminal(command, fixed, env=env) as terminal:
        terminal.wait("1 of 3 points")
        terminal.type("r")
        terminal.wait("y yes  n no")
        terminal.type("y")
        terminal.wait("nothing was")
        terminal.wait("1 of 3 points")
