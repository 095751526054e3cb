"""`katas next, progress, hint, reset, solution, diff`, typed by a learner in a clone."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from graders import catalogue
from graders.learner import guidance
from graders.learner.progress import Progress
from graders.verdict import Verdict
from tests import warm, workshop
from tests.workshop import ADDED, ROOT, SOLUTION, STUB, Finished, katas, write

README = """# Alpha

<details>
<summary>Hint 1: small</summary>

Add it to itself.

</details>

<details><summary>More about
vectors</summary>no hint</details>

<details>
<summary>Hint 2: all</summary>

x + x

</details>
"""


SMALL = "Hint 3 (for the extras): small probabilities"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A clone in a folder with an awkward name."""
    return workshop.write_clone(tmp_path / "my kätas", ["alpha", "beta"], README)


def typed(root: Path, *words: str, cwd: Path | None = None) -> Finished:
    return warm.katas(*words, cwd=cwd or root, env={"NN_KATAS_PROGRESS": str(root / "progress.sqlite")})


def test_next_names_the_next_kata_after_a_pass(root: Path) -> None:
    env = {"NN_KATAS_PROGRESS": str(root / "progress.sqlite")}
    for words in (["--against", "solutions"], ["--submission", str(root / "solutions" / "alpha")]):
        assert typed(root, "grade", "alpha", *words).status == 0
    before = typed(root, "progress").out  # another person's submission is not progress
    assert before.startswith("· alpha ")
    assert "0 of 2 done, 0 points, 0 days in a row\nnext: alpha, Twice" in before
    write(root / "katas" / "alpha" / "twice.py", SOLUTION)
    assert katas("grade", "alpha", cwd=root, env=env).status == 0
    after = katas("progress", cwd=root, env=env).out
    assert after.startswith("✓ alpha ")
    assert "1 of 2 done, 3 points, 1 day in a row\nnext: beta, Twice" in after
    assert typed(root, "next").out.startswith("next: beta, Twice (it builds on no other kata)\n")
    assert max(map(len, after.splitlines())) <= 80


def test_hints_come_in_order_the_last_repeats_and_a_missing_one_is_reported(root: Path) -> None:
    told = [typed(root, "hint", "alpha").out for _ in range(3)]
    assert told[0] == "Hint 1: small\n\nAdd it to itself.\n\n1 more: katas hint alpha\n"
    assert told[1] == told[2] == "Hint 2: all\n\nx + x\n\nThat was the last hint.\n"
    assert typed(root, "hint", "alpha", "1").out == "Hint 1: small\n\nAdd it to itself.\n"

    done = typed(root, "hint", "alpha", "3")
    assert (done.status, done.err) == (2, "katas: alpha has no hint 3. Choose a number from 1 to 2.\n")
    assert "beta has no hints" in typed(root, "hint", "beta").err


@pytest.mark.parametrize("command", ["solution", "diff"])
def test_solution_is_shown_after_a_pass_or_with_anyway(root: Path, command: str) -> None:
    before = typed(root, command, "alpha")
    assert (before.status, before.out) == (2, "")
    assert "You have not passed alpha yet" in before.err
    assert "FACTOR * x" in typed(root, command, "alpha", "--anyway").out
    write(root / "katas" / "alpha" / "twice.py", SOLUTION)
    with Progress(root / "progress.sqlite") as progress:
        progress.record(Verdict(kata="alpha", status="passed", graded_at="2026-03-01T10:00:00+00:00"))
    after = typed(root, command, "alpha")
    assert after.status == 0
    assert ("are identical" if command == "diff" else "FACTOR * x") in after.out


def test_diff_goes_from_own_files_to_the_solution(root: Path) -> None:
    told = typed(root, "diff", "alpha", "--anyway").out
    for part in ("--- katas/alpha/twice.py", "\n-    raise NotImplementedError\n", "\n+    return FACTOR * x"):
        assert part in told
    (root / "solutions").rename(root / "elsewhere")
    assert "Ask your instructor for it" in typed(root, "solution", "alpha", "--anyway").err


def test_reset_backs_up_own_files(root: Path) -> None:
    assert "nothing to do" in typed(root, "reset", "alpha").out
    own = write(root / "katas" / "alpha" / "twice.py", "mine\n")
    subprocess.run(
        ["git", "-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "-qam", "mine"], cwd=root, check=True
    )
    done = typed(root, "reset", "alpha")
    assert done.status == 0, done.said
    assert own.read_text(encoding="utf-8") == STUB
    (kept,) = (root / ".katas" / "backup").glob("alpha-*/twice.py")
    assert kept.read_text(encoding="utf-8") == "mine\n"
    assert f"backup of your files: .katas/backup/{kept.parent.name}/" in done.out


def test_reset_restores_a_removed_file(root: Path) -> None:
    (root / "katas" / "alpha" / "twice.py").unlink()
    assert "or run `katas reset alpha`" in typed(root, "grade", "alpha").err
    assert typed(root, "reset", "alpha").out == "restored: katas/alpha/twice.py\n"


def test_reset_changes_nothing_without_git(root: Path, tmp_path: Path) -> None:
    own = write(root / "katas" / "alpha" / "twice.py", "mine\n")
    (root / ".git").rename(tmp_path / "git")
    done = typed(root, "reset", "alpha")
    assert done.status == 2
    assert "git failed" in done.err
    assert own.read_text(encoding="utf-8") == "mine\n"


def test_untouched_stub_is_not_an_attempt(root: Path) -> None:
    done = typed(root, "grade", "alpha")
    assert done.status == 1
    assert "twice.py is unchanged since it was handed out: nothing to grade yet" in done.out
    assert typed(root, "progress").out.startswith("· alpha ")
    assert "next: alpha, Twice" in typed(root, "progress").out
    assert "in progress" not in typed(root, "next").out
    write(root / "katas" / "alpha" / "twice.py", STUB + "# begun\n")
    assert "handed out" not in typed(root, "grade", "alpha").out
    assert "in progress: 0 of 3 points" in typed(root, "next").out


def test_committed_answer_is_graded(root: Path) -> None:
    write(root / "katas" / "alpha" / "twice.py", ADDED)
    who = ["-c", "user.name=A", "-c", "user.email=a@b.c"]
    write(root / "katas" / "alpha" / "README.md", README + "more\n")
    subprocess.run(["git", *who, "commit", "-q", "-a", "-m", "all"], cwd=root, check=True)
    done = typed(root, "grade", "alpha")
    assert "1 of 3 points" in done.out
    assert "handed out" not in done.out


@pytest.mark.parametrize(
    ("slug", "task", "first"),
    [
        ("exercise01", "batch", ["Hint 2: a batch", "Hint 1: one vector", "Hint 3: the extra about types"]),
        ("exercise04", "loss", ["Hint 1: the last axis", "Hint 2 (for the extras): large logits", SMALL]),
        ("challenge5", "bug2_heals", ["Hint 1", "Hint 2", "Hint 3"]),
    ],
)
def test_hints_for_the_failing_task_come_first(slug: str, task: str, first: list[str]) -> None:
    kata = catalogue.load(workshop.ROOT, slug)
    hints = guidance.hints_of(kata)
    (failing,) = (each for each in kata.tasks if each.name == task)
    numbers = guidance.hints_for(hints, failing)
    assert [hints[number - 1].title for number in numbers] == first
    if slug == "challenge5":
        assert {hints[number - 1].about for number in numbers} == {"Bug 2"}


FIRST = [
    ("exercise01", "vector", 1), ("exercise01", "batch", 2), ("exercise01", "types", 3), ("exercise02", "relu", 1),
    ("exercise02", "derivative", 2), ("exercise02", "inputs", 3), ("exercise04", "extremes", 2),
    ("exercise06", "relative", 3), ("exercise07", "scales", 1), ("exercise07", "weights", 2),
    ("exercise07", "generator", 3), ("exercise09", "eps", 3), ("exercise10", "diagnose", 1),
    ("challenge4", "interrupted", 2), ("challenge5", "bug2_heals", 4),
]  # fmt: skip


@pytest.mark.parametrize(("slug", "task", "first"), FIRST)
def test_the_first_hint_is_about_the_failing_task(slug: str, task: str, first: int) -> None:
    kata = catalogue.load(ROOT, slug)
    (failing,) = (each for each in kata.tasks if each.name == task)
    assert guidance.hints_for(guidance.hints_of(kata), failing)[0] == first
