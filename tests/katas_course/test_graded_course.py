"""A course with real gradings: exports, regrading, removal, and the limit on attempts."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from graders import catalogue, intake
from graders.intake import Submission
from graders.manual_scores import ManualScore, with_scores
from graders.verdict import TestResult, from_json
from katas_course import rules, statistics
from katas_course.batch import Batch
from katas_course.downloads import SubmissionEntry
from katas_course.gradebook import Gradebook, results, settings, storing
from katas_course.gradebook.people import Directory
from katas_course.submissions import KataSubmission
from tests.katas_course.books import (
    AWAITING,
    add,
    audit_of,
    current,
    empty,
    graded,
    moment,
    output_of,
    refused,
    results_in,
    rows_of,
    speed,
)
from tests.shell import environment, katas
from tests.workshop import ADDED, HIDDEN, ROOT, SOLUTION, SUMMED, write, write_repository


@pytest.mark.deep
@pytest.mark.parametrize(
    ("text", "spends"),
    [
        ("def twice(x)\n", False),
        ("raise ValueError('no')\n", True),
        (SOLUTION, True),
        (None, False),
    ],
)
def test_import_that_raises_spends_an_attempt_syntax_error_not(course, tmp_path, text, spends):
    (tmp_path / "in").mkdir()
    if text is not None:
        write(tmp_path / "in" / "twice.py", text)
    done = katas("grade", "one", "--submission", str(tmp_path / "in"), "--format", "json", cwd=course)
    verdict = from_json(done.out.encode())
    assert verdict.status == ("passed" if text == SOLUTION else "ungradable")
    assert rules.spends_attempt(verdict) is spends


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_repository(tmp_path_factory.mktemp("course"), ["one"])
    toml = root / "katas" / "one" / "kata.toml"
    write(
        toml, toml.read_text(encoding="utf-8").replace('runtime = "numpy"', 'runtime = "numpy"\nattempts_per_day = 2')
    )
    return root


@pytest.fixture
def batch(graded_batch: Batch, tmp_path: Path) -> Batch:
    """Return a copy of a graded batch, with the gradebook in its folder."""
    return Batch(shutil.copytree(graded_batch.out, tmp_path / "batch"))


@pytest.fixture(scope="module")
def graded_batch(course: Path, tmp_path_factory: pytest.TempPathFactory) -> Batch:
    """Grade some people's submissions into a batch. Tests must not write to it."""
    place = tmp_path_factory.mktemp("batch")
    texts = {"ada": SOLUTION, "bob": ADDED, "cleo": SUMMED, "Zoé": "def half(x):\n    return x\n"}
    for person, text in texts.items():
        os.utime(write(place / "in" / person / "twice.py", f"{text}# {person}\n"), (1_778_000_000,) * 2)
    done = katas("grade-batch", str(place / "in"), "--out", str(place / "out"), "--kata", "one", cwd=course)
    assert (done.status, "4 graded" in done.out) == (0, True), done.said
    return Batch(place / "out")


class Course:
    """The gradebook of a test, with the commands that work on it."""

    def __init__(self, root: Path, url: str) -> None:
        self.root, self.url = root, url

    def run(self, *words: str) -> str:
        return output_of(self.root, "gradebook", *words, "--gradebook", self.url)

    def refused(self, *words: str) -> str:
        return refused(self.root, "gradebook", *words, "--gradebook", self.url)


@pytest.fixture
def here(course: Path, tmp_path: Path) -> Course:
    return Course(course, str(tmp_path / "book.sqlite"))


@pytest.fixture
def own(course: Path, batch: Batch) -> Course:
    """Return the gradebook in the folder of the batch."""
    return Course(course, str(batch.out / "gradebook.sqlite"))


@pytest.fixture
def apart(here: Course, graded_batch: Batch, tmp_path: Path) -> Batch:
    """Grade the same submissions into the gradebook of the test, which is outside the folder of the batch."""
    words = (str(graded_batch.out.parent / "in"), "--out", str(tmp_path / "apart"), "--kata", "one")
    output_of(here.root, "grade-batch", *words, "--gradebook", here.url)
    return Batch(tmp_path / "apart")


@pytest.mark.deep
def test_sqlite_and_postgresql_give_the_same_gradebook(course, batch, postgres, tmp_path):
    seen, rows = [], current(batch.out)
    for url in (str(tmp_path / "book.sqlite"), postgres):
        shutil.rmtree(tmp_path / "copy", ignore_errors=True)
        with Batch(tmp_path / "copy").open(gradebook=url) as held:
            assert len(held.append(rows)) == 4
        with Gradebook(url, who="Ivy") as found:
            found.write(storing.update_katas, [catalogue.load(course, "one")])
            found.write(settings.set_rule, "one", due_at="2026-05-01T00:00:00+00:00", late_percent=10.0, late_days=30)
            trail = [(row.who, row.what, row.person, row.kata, row.before, row.after) for row in audit_of(found)]
            seen.append(
                (
                    results_in(found),
                    found.read(results.titles),
                    trail,
                    statistics.of_katas(results_in(found)),
                    found.read(results.stored, "0"),
                )
            )
        words = [("show", "bob"), ("export", "csv"), ("stats",)]
        seen[-1] += tuple(output_of(course, "gradebook", *each, "--gradebook", url) for each in words)
    empty(postgres)
    assert seen[0] == seen[1]
    assert "best submission counts, due never" in str(seen[0][2])
    assert {place.person: place.points for place in seen[0][0]}["ada"] > 0


def test_export_has_rows_of_submissions_and_columns_of_tasks(own):
    rows = rows_of(own.run("export", "csv", "one"))
    assert [(row["person"], row["twice"], row["half"], row["points"], row["counts"]) for row in rows] == [
        ("Zoé", "0.0", "0.0", "0.0", "1"),
        ("ada", "2.0", "1.0", "3.0", "1"),
        ("bob", "0.0", "1.0", "1.0", "1"),
        ("cleo", "2.0", "1.0", "3.0", "1"),
    ]


def test_export_submissions_writes_a_folder_per_person(here, apart, tmp_path):
    def tree(place: Path) -> dict[str, str]:
        files = (path for path in place.rglob("*") if path.is_file())
        return {path.relative_to(place).as_posix(): path.read_text(encoding="utf-8") for path in files}

    with Gradebook(here.url) as found:
        add(found, graded(0), "ada", moment(20))  # a later, worse submission
    first, second = tmp_path / "first", tmp_path / "second"
    said = here.run("export", "submissions", "one", "--output", str(first))
    assert said == f"4 of 4 submissions written to {first}\n"
    texts = {"ada": SOLUTION, "bob": ADDED, "cleo": SUMMED, "Zoé": "def half(x):\n    return x\n"}
    assert tree(first) == {f"{person}/twice.py": f"{text}# {person}\n" for person, text in texts.items()}
    assert "not empty" in here.refused("export", "submissions", "one", "--output", str(first))
    moved = apart.out.rename(tmp_path / "elsewhere")
    said = here.run("export", "submissions", "one", "--output", str(second), "--batch", str(moved))
    assert tree(second) == tree(first)


def test_export_submissions_leaves_out_what_it_cannot_write(own, tmp_path):
    roster = write(tmp_path / "roster.csv", "id,name\n..,Bob\na/b,Ada\na_b,Cleo\n")
    own.run("people", "import", str(roster))
    for name, person in (("bob", ".."), ("ada", "a/b"), ("cleo", "a_b")):
        own.run("people", "match", name, person)
    with Gradebook(own.url) as found:
        add(found, graded(), "dora", moment(9))  # a verdict without a batch
    place = tmp_path / "new" / "written"
    words = ("export", "submissions", "one", "--output", str(place), "--gradebook", own.url)
    done = katas("gradebook", *words, cwd=own.root)
    assert (done.status, done.out.partition("\n")[0]) == (2, f"2 of 5 submissions written to {place}"), done.said
    assert [text.split(":")[1].strip() for text in done.out.splitlines()[1:]] == ["..", "a_b", "dora"]
    assert sorted(path.name for path in place.iterdir()) == ["Zoé", "a_b"]
    assert [path.name for path in place.parent.iterdir()] == ["written"]


def test_regrade_grades_what_a_new_hidden_test_affects(own, batch, tmp_path):
    root = own.root = shutil.copytree(own.root, tmp_path / "course")
    assert own.run("regrade") == "0 of 4 graded again, 0 changed\n"
    stricter = '\n@task("half")\ndef test_nothing_is_right(kata):\n    assert kata.half(2.0) == 2.0\n'
    write(root / "graders" / "hidden" / "one" / "test_hidden.py", HIDDEN + stricter)
    said = own.run("regrade", "one", "--by", "Ivy")
    assert "ada, one: passed, 3 → failed, 2\n" in said
    files = f"written: {batch.out}/results.csv\n"
    assert said.endswith(f"4 of 4 graded again, 3 changed\n{files}")
    with Gradebook(own.url) as found:
        (place,) = results_in(found, person="ada")
        last = audit_of(found, "ada")[-1]
    assert place.points == 2
    assert (last.who, last.what, last.before, last.after) == ("Ivy", "graded", "passed, 3 of 3", "failed, 2 of 3")


KILLED = """
import os, signal, sys
from katas_course.gradebook import storing

store, stored = storing.add_regraded, []

def killed_at_the_second(*given):
    if stored:
        os.kill(os.getpid(), signal.SIGKILL)
    stored.append(given)
    return store(*given)

storing.add_regraded = killed_at_the_second
from graders.cli.app import run_command_line

run_command_line()
"""


def test_regrade_that_was_killed_lists_all_changes_in_the_end(own, tmp_path):
    root = own.root = shutil.copytree(own.root, tmp_path / "course")
    stricter = '\n@task("half")\ndef test_nothing_is_right(kata):\n    assert kata.half(2.0) == 2.0\n'
    write(root / "graders" / "hidden" / "one" / "test_hidden.py", HIDDEN + stricter)
    words = ("--root", str(root), "gradebook", "regrade", "--workers", "1", "--gradebook", own.url)
    done = subprocess.run([sys.executable, "-c", KILLED, *words], cwd=ROOT, env=environment(), check=False)
    assert done.returncode == -signal.SIGKILL
    said = own.run("regrade")
    changed = sorted(line.partition(",")[0] for line in said.splitlines() if "→" in line)
    assert changed == ["ada", "bob", "cleo"]
    assert "3 of 4 graded again, 3 changed\n" in said
    assert own.run("regrade") == "0 of 4 graded again, 0 changed\n"


def test_regrade_keeps_the_names_of_ignored_files(course, tmp_path):
    for name in ("relu.py", "notes.txt"):
        write(tmp_path / "in" / "ada" / name, "x = 1\n")
    words = ("--out", str(tmp_path / "out"), "--kata", "one")
    output_of(course, "grade-batch", str(tmp_path / "in"), *words)
    file = tmp_path / "out/verdicts/ada/one.json"
    before = from_json(file.read_bytes())
    assert "which has relu.py" in before.message
    output_of(course, "gradebook", "regrade", "--all", "--gradebook", str(tmp_path / "out/gradebook.sqlite"))
    after = from_json(file.read_bytes())
    assert after.graded_at + str(after.seed) != before.graded_at + str(before.seed)
    assert (after.message, after.ignored_files) == (before.message, before.ignored_files)


def test_regrade_says_which_batch_folders_it_cannot_write(here, apart):
    (apart.out / "gradebook.json").unlink()
    with apart.open():  # a new batch in the same folder
        pass
    said = here.run("regrade", "--all", "--person", "ada")
    own = f"{apart.out}/gradebook.sqlite"
    assert f"{apart.out}: its results are in {own}, which was not changed." in said
    assert said.endswith(f"Make the same change there: --gradebook {own}\n")


def test_forget_removes_a_person_from_gradebook_and_batch(own, batch, tmp_path):
    shutil.copy(own.url, f"{own.url}.taken-over")  # as an earlier version left it
    said = own.run("forget", "--yes", "bob")
    assert f"{batch.out}: 1 verdicts and 1 submissions removed" in said
    everything = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in everything if b"bob" in path.read_bytes() or "bob" in path.parts]
    assert len(list(batch.store.digests())) == 3


@pytest.mark.deep
@pytest.mark.parametrize("words", [("forget", "bob"), ("expire", "--before", "2100-01-01")])
def test_removal_is_shown_and_confirmed_first(own, batch, words):
    files = sorted(path for path in batch.out.rglob("*") if path.is_file() and "sqlite" not in path.name)
    said = own.run(*words, "--dry-run")
    count = 1 if "bob" in words else 4
    assert f"to be removed: {count} submissions in {batch.out}\n" in said
    assert "Add --yes to remove it" in own.refused(*words)
    assert sorted(path for path in batch.out.rglob("*") if path.is_file() and "sqlite" not in path.name) == files
    assert "bob" in own.run("show")
    own.run(*words, "--yes")
    with Gradebook(own.url) as found:
        assert not found.read(Directory).is_known("bob")


@pytest.mark.deep
def test_forget_reports_a_moved_batch_and_accepts_its_new_place(here, apart, tmp_path):
    moved = Batch(apart.out.rename(tmp_path / "elsewhere"))
    said = here.refused("forget", "--yes", "bob")
    assert f"katas: {apart.out}: not found" in said
    assert "If it was moved, run: katas gradebook forget bob --batch DIR" in said
    said = here.run("forget", "--yes", "bob", "--batch", str(moved.out))
    assert said == f"{moved.out}: 1 verdicts and 1 submissions removed\n"
    assert not [path for path in moved.out.rglob("*") if path.is_file() and b"bob" in path.read_bytes()]
    assert "no such person" in here.refused("forget", "--yes", "bob", "--batch", str(moved.out))
    here.run("forget", "--yes", "ada", "--batch", str(moved.out))
    moved.out.rename(apart.out)
    moved.out.mkdir()
    said = here.refused("expire", "--yes", "--before", "2027-01-01")
    assert f"{moved.out}: not found" in said
    said = here.refused("forget", "--yes", "bob", "--batch", str(tmp_path))
    assert f"{tmp_path}: not a batch" in said


def test_a_change_of_a_mark_names_the_pages_that_it_outdates(own, batch):
    override = ("override", "ada", "one", "--points", "1", "--reason", "an oral exam")
    assert "feedback" not in own.run(*override)
    output_of(own.root, "feedback", str(batch.out))
    remedy = f"write them again: katas feedback {batch.out}"
    told = f"pages of feedback may be outdated; {remedy} --kata one"
    assert own.run(*override).splitlines()[1] == told
    assert f"{remedy} --kata one" in own.run("rule", "one", "--late-percent", "5")
    assert own.run("course", "--late-day-bank", "2").splitlines()[-1].endswith(remedy)
    assert "feedback" not in own.run("rule", "one")


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("export", "csv", "two"), "there is no kata `two`"),
        (("stats", "two"), "there is no kata `two`"),
        (("regrade", "--person", "nobody"), "nobody: no such person"),
    ],
)
def test_misspelt_name_is_reported(here, words, fault):
    with Gradebook(here.url) as found:
        add(found, graded(), "ada", moment(9))
    assert fault in here.refused(*words)


FORGED = "ok\n2026-01-01T00:00:00+00:00  dean  rule  one  forged\x1b[2J\x1b]0;owned\x07\u202e"


def test_gradebook_output_has_no_control_characters(course, tmp_path):
    url = str(tmp_path / "book.sqlite")
    wrong = TestResult(name=f"t{FORGED}", task="twice", visibility="hidden", status="failed", diagnosis=f"D{FORGED}")
    fast = msgspec.structs.replace(wrong, status="passed", diagnosis="", speed=speed(0.5, 0.4, 0.6))
    odd = msgspec.structs.replace(AWAITING.tasks[1], name=f"e{FORGED}", title=f"E{FORGED}")
    verdict = msgspec.structs.replace(
        AWAITING, tasks=(*AWAITING.tasks, odd), tests=(wrong, fast), title=f"T{FORGED}", submission_sha256=FORGED
    )
    marks = [ManualScore("essay", 2.0, f"Grace{FORGED}", moment(11), FORGED)]
    for number, person in enumerate(("ada", f"bob{FORGED}")):
        with Gradebook(url, who=f"Ivy{FORGED}") as found:
            marked = with_scores(msgspec.structs.replace(verdict, graded_at=moment(9 + number)), marks)
            add(found, marked, person, moment(9))
    with Gradebook(url) as found:
        assert any("\n" in row.who for row in audit_of(found))
        audited = len(audit_of(found))
    lines = {
        ("gradebook", "audit"): audited,
        ("gradebook", "show"): 4,
        ("gradebook", "show", "ada"): 2,
        ("gradebook", "stats"): 8,
    }
    for words, count in lines.items():
        said = output_of(course, *words, "--gradebook", url)
        assert (words, said.count("\n")) == (words, count), said
        assert not [each for each in "\x1b\x07\u202e" if each in said]


@pytest.mark.parametrize("where", ["book.sqlite", "out/gradebook.sqlite"])
def test_third_attempt_of_a_day_is_not_graded_if_two_are_allowed(course, tmp_path, where):
    os.utime(write(tmp_path / "in" / "ada" / "twice.py", SOLUTION), (1_778_000_000,) * 2)
    (tmp_path / "out").mkdir()
    url = str(tmp_path / where)
    with Gradebook(url) as found:
        for number in range(2):
            add(found, graded(4, sha=str(number)), "ada", f"2026-05-05T0{number}:00:00+00:00")
    words = ["grade-batch", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--kata", "one"]
    words += ["--gradebook", url] if where == "book.sqlite" else []
    said = output_of(course, *words)
    assert "1 submission from 1 person: 0 graded" in said
    assert "not graded: ada, one: attempt 3 on 2026-05-05, but only 2 a day are graded (days start at 0:00 UTC)" in said
    os.utime(tmp_path / "in" / "ada" / "twice.py", (1_778_086_400,) * 2)
    assert "1 passed" in output_of(course, *words)
    with Gradebook(url) as found:
        (place,) = results_in(found)
    assert [each.attempt.verdict.status for each in place.standings] == ["failed", "failed", "passed"]
    assert place.rule.attempts_per_day == 2


def test_stored_submission_is_not_a_new_attempt(course, tmp_path):
    kata = msgspec.structs.replace(catalogue.load(course, "one"), attempts_per_day=1)
    taken = intake.submission(kata, {"twice.py": b"pass"})
    other = msgspec.structs.replace(taken, sha256="f" * 64)
    with Gradebook(str(tmp_path / "book.sqlite")) as found:

        def refusal(person: str, at: str, files: Submission) -> str:
            return found.read(
                settings.may_be_graded, KataSubmission(SubmissionEntry(person, tmp_path, at), kata, files)
            )

        assert refusal("ada", moment(9), taken) == ""
        add(found, msgspec.structs.replace(graded(), submission_sha256=taken.sha256), "ada", moment(9))
        assert refusal("ada", moment(9), taken) == ""
        assert refusal("ada", moment(9, 23), other).startswith("attempt 2 on")
        assert refusal("ada", moment(10, 0), other) == ""
        assert refusal("bob", moment(9), other) == ""


def test_better_submission_awaiting_review_is_marked(here):
    marked = msgspec.structs.replace(AWAITING, status="failed", score=12.0, max_score=15.0, review_points=0.0)
    newer = msgspec.structs.replace(AWAITING, submission_sha256="ef" * 32)
    with Gradebook(here.url) as found:
        add(found, marked, "ada", moment(9))
        add(found, newer, "ada", moment(10))
    assert "12*" in here.run("show")
    here.run("rule", "one", "--due", moment(9), "--late-percent", "100")
    assert "12*" not in here.run("show")


def test_outstanding_points_are_shown(here):
    with Gradebook(here.url) as found:
        add(found, AWAITING, "ada", moment(9))
    said = here.run("show")
    assert "10*" in said
    assert "* awaits review by a person: `katas serve --instructor`" in said
    rows = rows_of(here.run("export", "csv"))
    assert [(row["twice"], row["essay"]) for row in rows] == [("10.0", "")]
    rows = rows_of(here.run("export", "csv", "--per", "person"))
    assert [(row["total"], row["outstanding"]) for row in rows] == [("10.0", "5.0")]
