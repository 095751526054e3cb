"""Core and extra tasks everywhere: extras earn points, and affect the status only if they are required."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from rich.console import Console

from graders import Judge, catalogue
from graders.cli.grade import differences
from graders.github import reporting
from graders.learner.progress import Progress, Standing
from graders.learner.watch import view
from graders.learner.watch.session import State
from graders.report import FORMATS, render, terminal
from graders.report.text import shown
from graders.scoring import scored, totalled
from graders.verdict import TestResult, Verdict, from_json
from katas_course.gradebook import Gradebook
from tests import shell, workshop
from tests.conftest import REPOSITORY
from tests.katas_course.books import results_in
from tests.shell import katas
from tests.test_scoring import kata_of, task
from tests.workshop import write

RIGHT = "def double(x):\n    return x + x\n"
WIDENED = "import numpy as np\n\n\ndef double(x):\n    return 2.0 * np.asarray(x, dtype=np.float64)\n"  # fails an extra
ADDED = "def double(x):\n    return x + 2\n"  # fails the core
REQUIRED = 'title = "Extras"\nrequire_extras = true\n'


# ------------------------------------------------------------------------------------------ every format

KATA = kata_of(task("c1", 3), task("x1", extra=True), task("c2", 4, partial=True), task("x2", 2, extra=True))
CORE, EXTRA = ("c1", "c2"), ("x1", "x2")
OF_A_TEST = ("passed", "failed")


def verdict_of(found: dict[str, list[str]], *, require_extras: bool = False, hidden_detail: str = "status") -> Verdict:
    """Return the verdict on these outcomes of each task's tests."""
    tests = [
        TestResult(name=f"test_{name}_{number}", task=name, visibility="hidden", status=status, message=f"of {name}")
        for name, outcomes in found.items()
        for number, status in enumerate(outcomes)
    ]
    begun = Verdict(kata="any", status="error", title="Any", confinement="full", graded_at="2026-01-02T03:04:05+00:00")
    policy = {"require_extras": require_extras, "hidden_detail": hidden_detail}
    return scored(msgspec.structs.replace(begun, **policy), KATA, tests)


def passes_in_junit(text: str) -> bool:
    report = etree.fromstring(text.encode())
    return not list(report.iter("failure", "error")) and report.get("failures") == report.get("errors") == "0"


SAYS_PASSED: dict[str, Callable[[str], bool]] = {
    "terminal": lambda text: text.startswith("✓ ") and "\n  passed\n" in text,
    "json": lambda text: bool(json.loads(text)["status"] == "passed"),
    "markdown": lambda text: text.startswith("### ✓ ") and "\nPassed. " in text,
    "html": lambda text: '<p><strong><span class="passed"' in text and "Passed, " in text,
    "junit": passes_in_junit,
    "csv": lambda text: next(csv.DictReader(io.StringIO(text)))["status"] == "passed",
    "gradescope": lambda text: json.loads(text)["extra_data"]["katas"][0]["status"] == "passed",
}


def test_every_format_is_covered() -> None:
    assert set(SAYS_PASSED) == set(FORMATS)


outcomes_of_a_test = st.lists(st.sampled_from(OF_A_TEST), min_size=1, max_size=3)
outcomes = st.fixed_dictionaries(dict.fromkeys((*CORE, *EXTRA), outcomes_of_a_test))


@given(outcomes, st.booleans(), st.sampled_from(["none", "status", "counterexample"]))
def test_every_format_says_passed_when_the_core_passed(
    found: dict[str, list[str]], require_extras: bool, hidden_detail: str
) -> None:
    """So does the exit status. A failed core task fails the kata, whatever the extras do."""
    verdict = verdict_of(found, require_extras=require_extras, hidden_detail=hidden_detail)
    needed = (*CORE, *EXTRA) if require_extras else CORE
    passed = all(set(found[name]) == {"passed"} for name in needed)
    assert (verdict.status, verdict.exit_status) == (("passed", 0) if passed else ("failed", 1))
    for form, says_passed in SAYS_PASSED.items():
        for audience in ("learner", "public", "instructor"):
            assert says_passed(render([verdict], form, audience)) == passed, (form, audience)
    assert reporting.conclusion([verdict]) == ("success" if passed else "failure")


PASSED = verdict_of({"c1": ["passed"], "c2": ["passed"], "x1": ["failed"], "x2": ["passed"]})


@pytest.mark.parametrize("form", ["terminal", "markdown", "html", "gradescope"])  # formats for people
def test_a_report_shows_extras_separately(form: str) -> None:
    report = render([PASSED], form)
    assert "extras 1 of 2" in report
    assert "Extra tasks earn points but are not needed to pass." in report
    if form in ("terminal", "markdown", "html"):
        assert "9 of 10 points; extras 1 of 2" in report


@pytest.mark.parametrize("form", ["terminal", "markdown", "html", "gradescope"])
def test_a_report_marks_each_extra_task(form: str) -> None:
    marked = {"markdown": "| X1 | extra |", "html": "<td>extra</td>"}
    report = render([PASSED], form)
    assert marked.get(form, "X1 (extra)") in report
    assert "C1 (extra)" not in report


@pytest.mark.parametrize("form", ["terminal", "markdown", "html", "gradescope"])
def test_a_report_says_if_extras_are_required(form: str) -> None:
    report = render([totalled(msgspec.structs.replace(PASSED, require_extras=True), PASSED.tasks)], form)
    assert "Extra tasks are required here: they must pass too." in report


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("require_extras", [False, True])
def test_a_report_without_extras_does_not_mention_them(form: str, require_extras: bool) -> None:
    core = msgspec.structs.replace(KATA, tasks=tuple(each for each in KATA.tasks if not each.extra))
    verdict = Verdict(kata="any", status="error", require_extras=require_extras)
    report = render([scored(verdict, core, [test for test in PASSED.tests if test.task in CORE])], form)
    told = report.replace("require_extras", "").replace('"extra": false', "").replace("extra_data", "")
    told = told.replace("extras_passed,extras,", "")  # the header of a table is always the same
    assert "extra" not in told.lower()


def test_a_failed_extra_is_never_red() -> None:
    """Red is for tasks that decide, so the same failure is red if extras are required."""
    required = totalled(msgspec.structs.replace(PASSED, require_extras=True), PASSED.tasks)
    for verdict, red in ((PASSED, False), (required, True)):
        assert ('<span class="failed" aria-hidden' in render([verdict], "html")) == red
        screen = io.StringIO()
        terminal.print_verdict(verdict, Console(file=screen, width=80, force_terminal=True, color_system="standard"))
        assert ("\x1b[31m" in screen.getvalue() or "\x1b[1;31m" in screen.getvalue()) == red


def test_core_failures_are_shown_before_those_of_extras() -> None:
    verdict = verdict_of({"x1": ["failed"], "c1": ["failed"], "c2": ["passed"], "x2": ["passed"]})
    report = render([msgspec.structs.replace(verdict, hidden_detail="counterexample")], "terminal")
    assert report.index("of c1") < report.index("of x1")
    assert "x1, extra, hidden" in report


def test_junit_reports_a_failed_extra_without_failing() -> None:
    shown = msgspec.structs.replace(PASSED, hidden_detail="counterexample")
    (skipped,) = etree.fromstring(render([shown], "junit").encode()).iter("skipped")
    assert skipped.get("message") == "extra: of x1"
    assert skipped.text == "of x1"
    properties = {each.get("name"): each.get("value") for each in etree.fromstring(
        render([shown], "junit").encode()).iter("property")}  # fmt: skip
    assert (properties["extras"], properties["require_extras"]) == ("1 of 2", "false")


def test_csv_counts_the_extras() -> None:
    (row,) = csv.DictReader(io.StringIO(render([PASSED], "csv")))
    assert (row["score"], row["max_score"], row["extras_passed"], row["extras"]) == ("9", "10", "1", "2")


def test_annotations_of_extras_are_no_failures(tmp_path: Path) -> None:
    root = workshop.write_repository(tmp_path, ["any"])
    shown = msgspec.structs.replace(
        verdict_of({"c1": ["failed"], "c2": ["passed"], "x1": ["failed"], "x2": ["passed"]}), hidden_detail="message"
    )
    assert [note["annotation_level"] for note in reporting.notes(root, [shown])] == ["failure", "notice"]


# ---------------------------------------------------------------------------------------------- the judge


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with two katas that differ only in one line: `strict` requires its extras."""
    root = tmp_path_factory.mktemp("extras") / "katas"
    workshop.write_repository(root, [])
    for slug in ("extras", "strict"):
        for room in ("katas", "solutions", "graders/hidden"):
            shutil.copytree(REPOSITORY / room / "extras", root / room / slug)
    toml = root / "katas" / "strict" / "kata.toml"
    write(toml, toml.read_text().replace('title = "Extras"\n', REQUIRED))
    return root


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of three people: everything right, an extra wrong, the core wrong."""
    folder = tmp_path_factory.mktemp("in")
    for person, text in (("ada", RIGHT), ("bob", WIDENED), ("cleo", ADDED)):
        write(folder / person / "extras.py", text)
    return folder


@contextmanager
def restored(path: Path) -> Iterator[None]:
    """Restore a file at the end of the block."""
    before = path.read_text()
    try:
        yield
    finally:
        write(path, before)


def said(verdict: Verdict) -> tuple[Any, ...]:
    return verdict.status, verdict.score, verdict.max_score, verdict.require_extras


def test_the_katas_policy_applies_unless_overridden(root: Path, handed_in: Path) -> None:
    with Judge(root) as judge:
        assert said(judge.grade("extras", handed_in / "ada")) == ("passed", 10, 10, False)
        assert said(judge.grade("extras", handed_in / "bob")) == ("passed", 9, 10, False)
        assert said(judge.grade("extras", handed_in / "bob", require_extras=True)) == ("failed", 9, 10, True)
        assert said(judge.grade("strict", handed_in / "bob")) == ("failed", 9, 10, True)
        assert said(judge.grade("strict", handed_in / "bob", require_extras=False)) == ("passed", 9, 10, False)
        assert judge.grade("extras", handed_in / "cleo").status == "failed"


def test_a_misconception_in_an_extra_of_a_pass_is_diagnosed(judge: Judge, handed_in: Path) -> None:
    verdict = judge.grade("extras", handed_in / "bob")
    assert verdict.status == "passed"
    assert {test.diagnosis for test in verdict.tests} == {"", "The vector becomes float64 whatever it was."}


def test_an_ungradable_verdict_records_the_policy(judge: Judge, tmp_path: Path) -> None:
    write(tmp_path / "extras.py", "def double(x)\n")
    assert said(judge.grade("extras", tmp_path, require_extras=True)) == ("ungradable", 0, 10, True)


# ------------------------------------------------------------------------------------------ the command line


def grade(root: Path, *words: str, slug: str = "extras", **env: str) -> shell.Finished:
    return katas("grade", slug, *words, cwd=root, env=env)


def test_grade_needs_extras_only_with_require_extras(root: Path, handed_in: Path) -> None:
    words = ("--submission", str(handed_in / "bob"))
    loose, strict = grade(root, *words), grade(root, *words, "--require-extras")
    assert (loose.status, strict.status) == (0, 1), loose.said + strict.said
    assert loose.out.splitlines()[0].split("  ")[0] == "✓ Extras (extras)"
    assert loose.out.splitlines()[0].endswith("9 of 10 points; extras 1 of 2")
    assert strict.out.splitlines()[0].endswith("9 of 10 points; extras 1 of 2")
    assert strict.out.startswith("✗ ")
    assert grade(root, "--submission", str(handed_in / "cleo")).status == 1
    assert grade(root, *words, slug="strict").status == 1


def test_replay_grades_by_the_policy_of_the_record(root: Path, handed_in: Path, tmp_path: Path) -> None:
    for number, words in enumerate([(), ("--require-extras",)]):
        record = tmp_path / f"{number}.json"
        of_bob = ("--submission", str(handed_in / "bob"))
        grade(root, *of_bob, *words, "--format", "json", "--audience", "instructor", "--output", str(record))
        again = katas("replay", str(record), *of_bob, cwd=root)
        assert again.status == 0, again.said
        assert ("(failed)" if words else "(passed)") in again.out
    toml = root / "katas" / "extras" / "kata.toml"
    with restored(toml):
        write(toml, toml.read_text().replace('title = "Extras"\n', REQUIRED))
        assert katas("replay", str(tmp_path / "0.json"), *of_bob, cwd=root).status == 0


def test_replay_says_which_tasks_have_become_extra() -> None:
    old = msgspec.structs.replace(
        PASSED, tasks=tuple(msgspec.structs.replace(each, extra=False) for each in PASSED.tasks), status="failed"
    )
    assert "x1: a core task then, extra now" in differences(old, PASSED)
    assert "x1: extra then, a core task now" in differences(PASSED, old)


def test_progress_and_next_follow_the_core(root: Path, handed_in: Path, tmp_path: Path) -> None:
    stub = root / "katas" / "extras" / "extras.py"
    env = {"NN_KATAS_PROGRESS": str(tmp_path / "progress.sqlite")}
    with restored(stub):
        for person, done in (("cleo", False), ("bob", True)):
            shutil.copy(handed_in / person / "extras.py", stub)
            grade(root, **env)
            with Progress(tmp_path / "progress.sqlite") as progress:
                assert progress.standings(["extras"])["extras"].done == done
        assert "9 / 10" in katas("progress", cwd=root, env=env).out.replace("9/10", "9 / 10")
        assert katas("next", cwd=root, env=env).out.startswith("next: strict,")


def test_list_counts_extras_separately(root: Path) -> None:
    listed = shell.katas_here("list", cwd=root).out
    assert "1+2" in listed
    assert "1+2 tasks: 1 must pass; 2 are extra" in listed


def test_learner_mode_counts_extras_separately(root: Path) -> None:
    stub = root / "katas" / "extras" / "extras.py"
    with restored(stub):
        write(stub, WIDENED)
        done = shell.pytest("katas/extras", cwd=root)
        told = "extras: 1 of 1 tasks, extras 1 of 2, 9 of 10 points in the tests run here, the core passes"
        assert told in done.out, done.said
        other = shell.pytest("katas/extras", "-k", "empty or float32", cwd=root)
        assert "extras: extras 1 of 2, 1 of 2 points in the tests run here; not in this total: 8 points" in other.out, (
            other.said
        )
        write(stub, RIGHT)
        assert (
            "extras: 1 of 1 tasks, extras 2 of 2, 10 of 10 points in the tests run here; official: "
            in shell.pytest("katas/extras", cwd=root).out
        )


# -------------------------------------------------------------------------------------------------- watch


def watched(root: Path, handed_in: Path, person: str, **changes: Any) -> tuple[str, str]:
    """Return the upper and the middle part of the screen of `katas watch` on a person's verdict, as text."""
    kata = catalogue.load(root, changes.pop("slug", "extras"))
    with Judge(root) as judge:
        verdict = shown(judge.grade(kata.slug, handed_in / person), "learner")
    standings = {kata.slug: Standing(kata.slug)}
    state = State(katas=[kata], standings=standings, kata=kata, verdict=verdict, **changes)
    console = Console(width=80)
    return "\n".join(map(str, view.top(state, console, 80))), "\n".join(map(str, view.middle(state, console, 80)))


def test_watch_says_passed_and_shows_the_extra_that_is_left(root: Path, handed_in: Path) -> None:
    top, middle = watched(root, handed_in, "bob")
    assert top.startswith("✓ Extras (extras)")
    assert "  passed · all tests" in top
    assert "  ✗ The type of the input is kept (extra)" in top
    assert middle.startswith("  All core tests pass.\n")
    assert "✗ Float32 stays float32" in middle
    assert "types, extra" in middle
    assert watched(root, handed_in, "ada")[1].startswith("  All tests pass.\n")


@pytest.mark.deep
def test_watch_fails_nothing_for_an_extra_while_it_grades(root: Path, handed_in: Path) -> None:
    top, middle = watched(root, handed_in, "bob", started=0.0, due=frozenset({"empty"}))
    assert top.startswith("… Extras (extras)")
    assert middle.startswith("  Nothing has failed so far.\n")
    assert watched(root, handed_in, "cleo", started=0.0, due=frozenset({"empty"}))[0].startswith("✗ ")


def test_watch_follows_a_kata_that_requires_extras(root: Path, handed_in: Path) -> None:
    top, middle = watched(root, handed_in, "bob", slug="strict")
    assert top.startswith("✗ Extras (strict)")
    assert "failed · all tests" in top
    assert middle.startswith("✗ Float32 stays float32")


# -------------------------------------------------------------------------------------------------- check


def test_check_requires_extras_of_the_solution_only(root: Path) -> None:
    """`accept/` has an answer that fails only an extra, and `wrong/` a misconception of an extra."""
    clean = katas("check", "extras", "--flakes", "0", cwd=root)
    assert clean.status == 0, clean.said
    solution = root / "solutions" / "extras" / "extras.py"
    with restored(solution):
        write(solution, WIDENED)
        done = katas("check", "extras", "--flakes", "0", cwd=root)
        assert done.status == 1
        assert "  solution is failed but must pass: test_float32_stays_float32: " in done.out


def test_check_requires_required_extras_of_accepted_answers(root: Path) -> None:
    done = katas("check", "strict", "--flakes", "0", cwd=root)
    assert done.status == 1
    assert "  accept/listed is failed but must pass: test_float32_stays_float32: " in done.out


@pytest.mark.deep
def test_a_mutant_that_fails_an_extra_is_killed(root: Path) -> None:
    solution = root / "solutions" / "extras" / "extras.py"
    with restored(solution):
        write(solution, 'def double(x):\n    return (2.0 * x).astype("float32" if x.itemsize == 4 else "float64")\n')
        done = katas("check", "extras", "--mutation", "--flakes", "0", cwd=root)
        assert "mutants killed 12/13" in done.out, done.said
        assert "becomes `return 2.0 * x`: survives" in done.out  # an equivalent mutant


# ------------------------------------------------------------------------------------ cohorts and gradebooks


def statuses(out: Path) -> dict[str, str]:
    with (out / "results.csv").open() as results:
        return {row["person"]: row["status"] for row in csv.DictReader(results)}


def batch(root: Path, handed_in: Path, out: Path, *words: str) -> shell.Finished:
    done = katas("grade-batch", str(handed_in), "--out", str(out), "--kata", "extras", *words, cwd=root)
    assert done.status == 0, done.said
    return done


LOOSE = {"ada": "passed", "bob": "passed", "cleo": "failed"}
STRICT = {"ada": "passed", "bob": "failed", "cleo": "failed"}


@pytest.mark.deep
def test_a_batch_reports_verdicts_of_another_policy(root: Path, handed_in: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    batch(root, handed_in, out)
    assert statuses(out) == LOOSE
    again = batch(root, handed_in, out, "--require-extras")
    assert statuses(out) == LOOSE
    assert "3 graded earlier with different tests, a different harness or policy on extras" in again.out
    batch(root, handed_in, out, "--require-extras", "--changed")
    assert statuses(out) == STRICT
    assert from_json((out / "verdicts" / "bob" / "extras.json").read_bytes()).require_extras
    assert "graded earlier" in batch(root, handed_in, out, "--require-extras").out


def test_regrading_keeps_the_policy_unless_overridden(root: Path, handed_in: Path, tmp_path: Path) -> None:
    out, book = tmp_path / "out", tmp_path / "book.sqlite"
    words = ("--gradebook", str(book))
    batch(root, handed_in, out, "--require-extras", *words)

    def standing() -> dict[str, str]:
        with Gradebook(str(book)) as opened:
            return {place.person: place.verdict.status for place in results_in(opened) if place.verdict}

    assert standing() == STRICT
    assert katas("gradebook", "regrade", "--all", *words, cwd=root).status == 0
    assert standing() == STRICT
    done = katas("gradebook", "regrade", "--all", "--no-require-extras", *words, cwd=root)
    assert "bob, extras: failed, 9 → passed, 9" in done.out, done.said
    assert standing() == LOOSE
    assert katas("gradebook", "regrade", "--all", *words, cwd=root).status == 0
    assert standing() == LOOSE
    assert katas("gradebook", "regrade", "--all", "--require-extras", *words, cwd=root).status == 0
    assert standing() == STRICT
    told = katas("gradebook", "stats", *words, cwd=root).out
    assert "1 of the 3 people who submitted passed" in told
    assert "  The type of the input is kept (extra)\n" in told
    shown = katas("gradebook", "show", "bob", *words, cwd=root).out
    assert "failed, 9 of 10; extras 1 of 2" in shown, shown


def test_feedback_says_passed_with_the_extras_apart(root: Path, handed_in: Path, tmp_path: Path) -> None:
    batch(root, handed_in, tmp_path / "out")
    assert katas("feedback", str(tmp_path / "out"), cwd=root).status == 0
    page = (tmp_path / "out" / "feedback" / "bob" / "extras.html").read_text()
    assert "Passed, 9 of 10 points; extras 1 of 2." in page
