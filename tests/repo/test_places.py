"""A checkout works in a folder with spaces, umlauts and other signs in its path, and in a read-only folder."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import shell, workshop
from tests.at_terminal import AtTerminal
from tests.learner.test_learning import README
from tests.serving import serving
from tests.shell import KATAS, Finished
from tests.workshop import ADDED, ROOT, SOLUTION, STUB, write

# ------------------------------------------------------------------------------------- an awkward name


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the whole project to a folder whose name has spaces, umlauts, quotes and a CJK character."""
    return workshop.copy_project(tmp_path_factory.mktemp("m") / "Übungen für 'zwei' und 気")


def own(checkout: Path, *words: str) -> Finished:
    """Run `katas words…` with the checkout's own harness."""
    progress = str(checkout / "mein Stand.sqlite")
    env = shell.environment(PYTHONPATH=str(checkout), NN_KATAS_PROGRESS=progress)
    return shell.run(sys.executable, "-P", "-m", "graders.cli", *words, cwd=checkout, env=env)


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
        terminal.wait("still to do; next: relu")
        solution = (checkout / "solutions" / "exercise02" / "relu.py").read_text(encoding="utf-8")
        write(checkout / "katas" / "exercise02" / "relu.py", solution)
        terminal.wait("All tests pass.")


# Signs that mean something to pytest, to search paths, to shells, to formats and to web addresses.
SIGNS = "-nn-katas[1]::b 50%41 'q' \"d\" $HOME é 気 #?&;*~"
START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from graders.cli import main; main()"


@pytest.fixture(scope="module")
def strange(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a clone with a small kata and its own harness to a folder with a strange name."""
    root = workshop.write_repository(tmp_path_factory.mktemp("strange") / SIGNS, ["alpha"])
    left_out = shutil.ignore_patterns("hidden", "__pycache__")
    shutil.copytree(ROOT / "graders", root / "graders", dirs_exist_ok=True, ignore=left_out)
    (root / root.name).mkdir()
    return workshop.commit(root)


def start_there(root: Path, *words: str) -> list[str]:
    """Return the command that runs `katas words…` with the clone's own harness, which PYTHONPATH could not name."""
    return [sys.executable, "-I", "-c", START, str(root), *words]


def shell_of(root: Path) -> dict[str, str]:
    """Return a shell environment whose temporary folder has a strange name, too."""
    return shell.environment(TMPDIR=str(root / root.name), NN_KATAS_PROGRESS=str(root / "progress.sqlite"))


def run_there(root: Path, *words: str) -> Finished:
    return shell.run(*start_there(root, *words), cwd=root, env=shell_of(root))


def test_grading_works_in_a_strangely_named_folder(strange: Path) -> None:
    name = strange.name
    write(strange / "handed in" / name / "twice.py", ADDED)
    words = ("--format", "json", "--require-confinement", "full")
    for place in (f"handed in/{name}", str(strange / "handed in" / name)):
        done = run_there(strange, "grade", "alpha", f"--submission={place}", *words, f"--output={name}.json")
        assert (done.status, done.err) == (1, f"written: {name}.json\n"), done.said
        verdict = json.loads((strange / f"{name}.json").read_text(encoding="utf-8"))
        assert (verdict["status"], verdict["score"], verdict["kata"]) == ("failed", 1, "alpha")
        assert {test["visibility"] for test in verdict["tests"]} == {"visible", "hidden"}
    write(strange / "katas" / "alpha" / "twice.py", SOLUTION)
    workshop.git(strange, ["commit", "-q", "-am", "solved"])
    workshop.edit(strange / "katas" / "alpha" / "twice.py", "FACTOR * x", "x")
    done = run_there(strange, "grade", "alpha", "--submission", f"git:{strange}@HEAD", *words)
    assert (done.status, json.loads(done.out)["score"]) == (0, 3), done.said


def test_a_batch_and_a_check_work_in_a_strangely_named_folder(strange: Path) -> None:
    name = strange.name
    write(strange / "cohort" / "ada" / "twice.py", ADDED)
    write(strange / "cohort" / "bob" / "twice.py", SOLUTION)
    words = ("grade-batch", "cohort", f"--out={strange / name / name}", "--kata", "alpha", "--workers", "1")
    done = run_there(strange, *words)
    assert done.status == 0, done.said
    results = (strange / name / name / "results.csv").read_text(encoding="utf-8")
    assert re.findall("^(ada|bob),.*(failed|passed)", results, re.MULTILINE) == [("ada", "failed"), ("bob", "passed")]
    write(strange / "katas" / "alpha" / "twice.py", STUB)
    done = run_there(strange, "check", "alpha", "--flakes", "0")
    assert done.status == 0, done.said


def test_watch_and_serve_work_in_a_strangely_named_folder(strange: Path) -> None:
    write(strange / "katas" / "alpha" / "twice.py", ADDED)
    watch = start_there(strange, "watch", "alpha")
    with subprocess.Popen(
        watch, cwd=strange, env=shell_of(strange), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    ) as watching:
        assert watching.stdout is not None
        said = next(line for line in watching.stdout if b" points" in line)
        watching.terminate()
    assert b"1 of 3 points" in said
    with serving(strange, environment=shell_of(strange)) as server, server.events("alpha") as wait:
        now = wait(lambda now: now["verdict"] and not now["grading"])
    assert now["score"] == "failed, 1 of 3 points"


def test_grading_works_in_a_locale_without_the_signs_in_a_path(strange: Path) -> None:
    write(strange / "katas" / "alpha" / "twice.py", SOLUTION)
    python, *words = start_there(strange, "grade", "alpha", "--format", "json")
    done = shell.run(python, "-X", "utf8=0", *words, cwd=strange, env=shell_of(strange) | {"LC_ALL": "C"})
    assert (done.status, json.loads(done.out)["status"]) == (0, "passed"), done.said


def test_a_path_that_is_not_utf_8_is_refused_in_one_sentence(tmp_path: Path) -> None:
    root = workshop.write_repository(tmp_path / os.fsdecode(b"Caf\xe9"), ["alpha"])
    done = shell.run(KATAS, "grade", "alpha", "--against", "solutions", cwd=root)
    assert done.status == 2
    assert re.fullmatch(r"katas: .*Caf\\udce9: this path is not UTF-8, .* move the katas\.\n", done.err), done.err


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
    env = shell.environment(NN_KATAS_PROGRESS=kept, PYTHONPATH=str(ROOT), PYTHONSAFEPATH="1")
    return shell.run(*workshop.read_only(root), *command, cwd=root, env=env)


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
