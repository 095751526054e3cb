"""`katas again`: exercises repeated from memory, apart from the learner's own files and progress."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from graders.learner.progress import Progress
from graders.verdict import Verdict
from tests import workshop
from tests.learner.test_learning import typed
from tests.workshop import ADDED, SOLUTION, STUB, edit, katas, write

NOW = datetime.datetime.now().astimezone()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A clone in which alpha was passed ten days ago and beta five days ago."""
    root = workshop.write_clone(tmp_path / "my kätas", ["alpha", "beta", "gamma"], "# Alpha\n")
    edit(root / "katas/beta/kata.toml", 'runtime = "numpy"', 'runtime = "numpy"\nrequires = ["alpha"]')
    write(root / ".gitignore", ".katas/\nprogress.sqlite\n")
    workshop.git(root, ["add", ".gitignore"], ["commit", "-qam", "beta builds on alpha"])
    for slug, days in (("alpha", 10), ("beta", 5)):
        write(root / "katas" / slug / "twice.py", SOLUTION)
        record(root, slug, days)
    return root


def record(root: Path, slug: str, days: float, *, repetition: bool = False, status: str = "passed") -> None:
    moment = (NOW - datetime.timedelta(days=days)).isoformat(timespec="seconds")
    score = 3 if status == "passed" else 1
    verdict = Verdict(kata=slug, status=status, score=score, max_score=3, graded_at=moment)  # type: ignore[arg-type]
    with Progress(root / "progress.sqlite") as progress:
        progress.record(verdict, repetition=repetition)


def place(root: Path, slug: str = "alpha") -> Path:
    return root / ".katas" / "again" / slug


def test_exercise_passed_longest_ago_gets_a_fresh_stub(root: Path) -> None:
    done = typed(root, "again")
    assert (done.status, done.err) == (0, "")
    assert done.out == (
        "again: alpha, Twice (passed 10 days ago; a fresh stub)\n"
        "  go to  cd .katas/again/alpha\n"
        "  write  katas/alpha/twice.py\n"
        "  grade  katas watch   (or katas grade, or pytest)\n"
        "Your own katas/alpha/twice.py and its points stay as they are.\n"
    )
    assert (place(root) / "katas/alpha/twice.py").read_text(encoding="utf-8") == STUB
    assert (root / "katas/alpha/twice.py").read_text(encoding="utf-8") == SOLUTION
    changed = workshop.run("git", "status", "--short", cwd=root).out
    assert changed == " M katas/alpha/twice.py\n M katas/beta/twice.py\n"


@pytest.mark.deep
def test_repetition_is_graded_and_recorded_apart(root: Path) -> None:
    typed(root, "again")
    before = typed(root, "progress").out
    untouched = typed(root, "grade", cwd=place(root))
    assert "nothing to grade yet" in untouched.out
    write(place(root) / "katas/alpha/twice.py", ADDED)
    failed = katas("grade", cwd=place(root), env={"NN_KATAS_PROGRESS": str(root / "progress.sqlite")})
    assert (failed.status, "1 of 3 points" in failed.out) == (1, True), failed.said
    assert "continues where you stopped" in typed(root, "again").out
    assert (place(root) / "katas/alpha/twice.py").read_text(encoding="utf-8") == ADDED
    write(place(root) / "katas/alpha/twice.py", SOLUTION)
    assert typed(root, "grade", cwd=place(root)).status == 0
    assert typed(root, "progress").out == before
    assert typed(root, "again").out.startswith("again: beta, Twice (passed 5 days ago; a fresh stub)\n")
    with Progress(root / "progress.sqlite") as progress:
        assert list(progress.repetitions()) == ["alpha"]
        assert progress.standings(["alpha"])["alpha"].tries == 1


def test_second_repetition_keeps_the_files_of_the_first(root: Path) -> None:
    typed(root, "again", "alpha")
    write(place(root) / "katas/alpha/twice.py", SOLUTION + "# by heart\n")
    assert typed(root, "grade", cwd=place(root)).status == 0
    assert "repeated today; a fresh stub)" in typed(root, "again", "alpha").out
    assert (place(root) / "katas/alpha/twice.py").read_text(encoding="utf-8") == STUB
    (kept,) = (root / ".katas/backup").glob("alpha-again-*/twice.py")
    assert kept.read_text(encoding="utf-8").endswith("# by heart\n")


@pytest.mark.deep
def test_other_commands_work_in_a_repetition(root: Path) -> None:
    typed(root, "again", "beta")  # it requires alpha, which is not copied
    own = place(root, "beta")
    red = workshop.pytest("-q", cwd=own)
    assert (red.status, "twice is not written yet" in red.out) == (1, True), red.said
    write(own / "katas/beta/twice.py", SOLUTION)
    assert workshop.pytest("katas/beta", cwd=own).status == 0
    collected = workshop.pytest("-q", "--collect-only", "katas/beta", cwd=own, cold=True)
    assert "2 tests collected" in collected.out, collected.err
    assert typed(root, "reset", "beta", cwd=own).out.startswith("restored: katas/beta/twice.py\n")
    assert typed(root, "list", cwd=own).status == 0
    assert "again:" not in typed(root, "next", cwd=own).out
    nested = typed(root, "again", "beta", cwd=own)
    assert (nested.status, "this is a repetition already" in nested.err) == (2, True)


def test_next_suggests_what_is_due(root: Path) -> None:
    suggested = "\nagain: alpha, from memory (passed 10 days ago)\n  start  katas again\n"
    assert typed(root, "next").out.endswith(suggested)
    record(root, "alpha", 1, repetition=True)
    assert "again: beta" in typed(root, "next").out
    record(root, "beta", 4, repetition=True, status="failed")
    assert "again: beta, from memory (passed 5 days ago)" in typed(root, "next").out
    record(root, "beta", 1, repetition=True)
    assert "again:" not in typed(root, "next").out


def test_least_recently_repeated_comes_first(root: Path) -> None:
    record(root, "alpha", 6, repetition=True)
    assert typed(root, "again").out.startswith("again: beta, Twice (passed 5 days ago;")
    record(root, "beta", 4, repetition=True)
    assert typed(root, "again").out.startswith("again: alpha, Twice (passed 10 days ago, repeated 6 days ago;")


def test_nothing_is_due_too_early(root: Path) -> None:
    done = typed(root, "again", "--days", "30")
    day = (NOW + datetime.timedelta(days=20)).date()
    assert (done.status, done.out) == (0, f"nothing to repeat before {day}; to repeat one now: katas again alpha\n")
    assert not place(root).exists()
    (root / "progress.sqlite").unlink()
    assert "You have not passed an exercise yet" in typed(root, "again").out


def test_a_kata_that_cannot_be_repeated_is_named(root: Path) -> None:
    assert "You have not passed gamma yet" in typed(root, "again", "gamma").err
    edit(root / "katas/gamma/kata.toml", 'kind = "exercise"', 'kind = "challenge"')
    record(root, "gamma", 9)
    done = typed(root, "again", "gamma")
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("katas: gamma is a challenge.")
    assert "there is no kata `delta`" in typed(root, "again", "delta").err
