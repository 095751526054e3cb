"""`katas review`: points and comments of reviewers in verdicts."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import msgspec
import pytest

from graders import catalogue
from graders.atomic import folder_lock
from graders.errors import KataError
from graders.manual_scores import ManualScore, awarded, scores_of, with_scores, without_scores
from graders.verdict import TaskResult, Verdict, from_json, to_json
from katas_course import written_files
from katas_course.batch import Batch
from katas_course.gradebook.storing import Row
from tests import shell, workshop
from tests.katas_course import marking
from tests.katas_course.books import audit_of, current, history, on_full_disk, results_in, table
from tests.shell import KATAS, Finished, environment, katas
from tests.workshop import SOLUTION, write

NOON = "2026-05-10T12:00:00+00:00"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return marking.write_essay_kata(tmp_path_factory.mktemp("review"), marking.with_essay(workshop.TOML))


@pytest.fixture(scope="module")
def graded(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Grade Ada's submission into a file. Tests must not write to it."""
    path = tmp_path_factory.mktemp("graded") / "ada.json"
    ada = root / "solutions" / "alpha"
    done = katas("grade", "alpha", "--submission", str(ada), "--format", "json", "--output", str(path), cwd=root)
    assert done.status == 0, done.said
    return path


@pytest.fixture
def record(graded: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(graded, tmp_path))


def review(root: Path, record: Path, *words: str) -> Finished:
    return katas("review", str(record), *words, cwd=root)


@pytest.fixture
def batch(record: Path, tmp_path: Path) -> Batch:
    """Write a batch that has the verdict as Ada's."""
    found = Batch(tmp_path / "out")
    with found.open() as held:
        held.append([Row(person="ada", submitted_at=NOON, verdict=from_json(record.read_bytes()))])
    write(found.verdict_file("ada", "alpha"), record.read_text(encoding="utf-8"))
    return found


def task_in(record: Path) -> dict[str, Any]:
    found: dict[str, Any] = next(task for task in json.loads(record.read_text())["tasks"] if task["name"] == "why")
    return found


def test_points_are_given_with_name_and_date(root: Path, record: Path) -> None:
    done = shell.katas_cold("review", str(record), "--by", "Grace", "--award", "why=4", cwd=root)
    assert (done.status, done.out, done.left) == (0, "alpha: passed, 7 of 7 points\n", []), done.said
    after = json.loads(record.read_text())
    assert (after["status"], after["score"], after["max_score"], after["review_points"]) == ("passed", 7, 7, 0)
    marked = task_in(record)
    assert (marked["status"], marked["score"], marked["reviewer"]) == ("passed", 4, "Grace")
    assert marked["reviewed_at"].endswith("+00:00")


def test_a_comment_is_read_by_the_author_and_not_by_the_public(root: Path, record: Path) -> None:
    said = "Which one of\nthe two?\x1b[2J | `x` <b>"
    done = review(root, record, "--by", "Grace", "--award", "why=2", "--comment", f"why={said}")
    assert (done.status, task_in(record)["comment"]) == (1, said), done.said
    shown = {
        audience: katas("feedback", str(record), "--audience", audience, "--format", form, cwd=root).out
        for audience, form in (("learner", "text"), ("public", "html"))
    }
    assert "reviewed by Grace" in shown["learner"]
    assert "\n  From Grace, on Why:\n  │ Which one of\n  │ the two? | `x` <b>\n" in shown["learner"]
    assert "\x1b" not in shown["learner"]
    assert "Grace" not in shown["public"]
    assert "Which one" not in shown["public"]
    page = katas("feedback", str(record), "--format", "html", cwd=root).out
    assert (
        '<p>From Grace, on Why:</p>\n<pre tabindex="0" class="said">Which one of\nthe two? | `x` &lt;b&gt;</pre>'
        in page
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--comment", "why=Good."), "why: it has no points yet. Award some too, for example with --award why=POINTS"),
        (("--comment", "Good."), "--comment Good.: expected TASK=TEXT."),
        (("--comment", "=Good."), "expected TASK=TEXT."),
        (("--comment", "twice=Good."), "alpha: task 'twice' cannot be marked by hand. Tasks to mark: why"),
        (("--award", "why=4", "--comment", f"why={'x' * 2001}"), "its comment has 2001 characters; the limit is 2000"),
        (("--award", "why=5"), "why: 5 points is out of range; award 0 to 4"),
        (("--award", "why=nan"), "why: nan points is out of range; award 0 to 4"),
        (("--award", "why=-1"), "-1 points is out of range; award 0 to 4"),
        ((), "ada.json: give points, for example with --award TASK=POINTS"),
        (("--award", "why"), "--award why: expected TASK=POINTS"),
        (("--award", "why=two"), "--award why=two: expected TASK=POINTS"),
        (("--award", "twice=1"), "alpha: task 'twice' cannot be marked by hand. Tasks to mark: why"),
        (("--award", "other=1"), "alpha: task 'other' cannot be marked by hand"),
        (("--award", "why=1", "--award", "why=2"), "--award why=…: given twice. Give it once."),
        (
            ("--award", "why=1", "--comment", "why=1", "--comment", "why=2"),
            "--comment why=…: given twice. Give it once.",
        ),
        (("--award", "why=4", "--by", "Gr\udce9ce"), "--by: it is not valid UTF-8"),
        (("--award", "why=4", "--comment", "why=caf\udce9"), "why: its comment is not valid UTF-8"),
        (("--award", "why=\udce9"), "expected TASK=POINTS"),
        (("--award", "wh\udce9=4"), "cannot be marked by hand"),
    ],
)
def test_invalid_points_and_comments_are_reported_and_change_nothing(
    root: Path, record: Path, words: tuple[str, ...], said: str
) -> None:
    before = record.read_bytes()
    done = review(root, record, "--by", "Grace", *words)
    assert (done.status, said in done.err, "Traceback" in done.err) == (2, True, False), done.said
    assert record.read_bytes() == before


@pytest.mark.parametrize(("points", "status"), [("2.3", "partial"), ("0", "failed")])
def test_fewer_points_are_less_than_a_pass(root: Path, record: Path, points: str, status: str) -> None:
    done = review(root, record, "--by", "Grace", "--award", f"why={points}")
    assert (done.status, task_in(record)["status"]) == (1, status)


def test_points_given_in_a_batch_are_in_its_table_at_once(root: Path, batch: Batch) -> None:
    done = review(root, batch.verdict_file("ada", "alpha"), "--by", "Grace", "--award", "why=4")
    written = batch.out / "results.csv"
    assert done.status == 0, done.said
    assert f"written: {written}\n" in done.out
    assert f"ada,alpha,passed,7.0,7.0,{NOON}," in written.read_text(encoding="utf-8")
    with batch.reading() as held:
        (line,) = [line for line in audit_of(held.book, "ada") if line.what == "marked"]
    assert (line.who, line.after, line.at[:4]) == ("Grace", "why: 4 by Grace", "2026"), line


def test_points_survive_the_loss_of_the_verdict_files(root: Path, batch: Batch) -> None:
    record = batch.verdict_file("ada", "alpha")
    assert review(root, record, "--by", "Grace", "--award", "why=2", "--comment", "why=Short.").status == 1
    before = from_json(record.read_bytes())
    shutil.rmtree(batch.out / "verdicts")
    with batch.open() as held:
        written_files.write(batch, held)
    assert from_json(record.read_bytes()) == before
    assert f"ada,alpha,failed,5.0,7.0,{NOON}," in table(batch.out)


def test_a_table_that_cannot_be_written_costs_no_points(root: Path, batch: Batch) -> None:
    (batch.out / "results.csv").mkdir()
    done = review(root, batch.verdict_file("ada", "alpha"), "--by", "Grace", "--award", "why=4")
    assert (done.status, "results.csv: this is a folder" in done.err, "The points are stored" in done.err) == (
        0,
        True,
        True,
    )
    assert task_in(batch.verdict_file("ada", "alpha"))["score"] == 4
    assert "ada,alpha,passed,7.0,7.0," in table(batch.out)


def test_verdict_file_changed_by_hand_changes_nothing(root: Path, batch: Batch) -> None:
    record = batch.verdict_file("ada", "alpha")
    forged = with_scores(from_json(record.read_bytes()), [ManualScore("why", 4.0, "Mallory", NOON)])
    write(record, to_json(forged).decode())
    assert "Mallory" not in table(batch.out) + str(current(batch.out))
    done = review(root, record, "--by", "Grace", "--award", "why=1")
    assert (done.status, task_in(record)["reviewer"], task_in(record)["score"]) == (1, "Grace", 1)
    write(record, to_json(forged).decode())
    with batch.open() as held:
        written_files.write(batch, held)
    assert (task_in(record)["reviewer"], task_in(record)["score"]) == ("Grace", 1)


def test_points_are_written_when_standard_output_is_full(root: Path, record: Path) -> None:
    with open("/dev/full", "w") as full:
        words = ("review", str(record), "--by", "Grace", "--award", "why=4")
        done = shell.katas_cold(*words, cwd=root, stdout=full.fileno())
    assert (done.status, task_in(record)["score"]) == (0, 4)
    said = "katas: standard output: No space left on device. The points were written anyway: alpha: passed"
    assert done.err.startswith(said)


def test_full_disk_is_reported_and_leaves_the_verdict(root: Path, graded: Path, tmp_path: Path) -> None:
    full, record = tmp_path / "full", tmp_path / "full" / "ada.json"
    full.mkdir()
    script = (
        f"cp {graded} {record}; cp {graded} {tmp_path}/before;"
        f"cat /dev/zero > {full}/zeros; {KATAS} review {record} --by Grace --award why=4;"
        f"echo status $?; cmp {record} {tmp_path}/before && ls -A {full}"
    )
    done = on_full_disk(script, full, size=131_072, root=root)
    assert f"katas: {record}: No space left on device. The points were not written" in done.stderr, done.stderr
    assert done.stdout.endswith("status 2\nada.json\nzeros\n"), done.stdout


def test_a_task_whose_tests_failed_awaits_no_points(root: Path, tmp_path: Path) -> None:
    ada = tmp_path / "ada"
    write(ada / "twice.py", SOLUTION)
    path = tmp_path / "ada.json"
    katas("grade", "alpha", "--submission", str(ada), "--format", "json", "--output", str(path), cwd=root)
    done = review(root, path, "--by", "Grace", "--award", "why=4")
    assert done.status == 2
    assert "why: no points can be awarded: the verdict is ungradable" in done.err
    given = from_json(path.read_bytes())
    failed = TaskResult(name="why", title="Why", status="failed", score=0, max_score=4)
    with pytest.raises(KataError, match="why: no points can be awarded: its automatic tests failed"):
        awarded(
            catalogue.load(root, "alpha"),
            msgspec.structs.replace(given, status="failed", tasks=(failed,)),
            "why",
            4,
            reviewer="Grace",
            at=NOON,
        )


def test_course_is_referred_to_the_page(root: Path, batch: Batch) -> None:
    for course in (batch.out, batch.out / "gradebook.sqlite", batch.out / "none.sqlite"):
        done = review(root, course, "--by", "Grace")
        assert (done.status, f"katas serve --instructor {course} --by" in done.err) == (2, True), done.said
    assert not (batch.out / "none.sqlite").exists()


# Scores survive later changes of their verdict.

FOUR = ("why", "how", "when", "who")
MARKED_BY_FOUR = workshop.TOML.replace('files = ["twice.py"]', 'files = ["twice.py", "why.md"]') + "".join(
    f'[tasks.{name}]\ntitle = "{name.title()}"\npoints = 4\nreview = true\nrubric = "Does it say {name}?"\n'
    for name in FOUR
)


class Course(marking.Course):
    """A course with one submission."""

    @property
    def record(self) -> Path:
        return self.batch.verdict_file("ada", "beta")

    @property
    def test(self) -> Path:
        return self.root / "katas" / "beta" / "test_beta.py"

    def hand_in_anew(self) -> None:
        write(self.folder / "ada" / "why.md", "Because of something else.\n")

    def review(self, *words: str) -> Finished:
        return review(self.root, self.record, "--by", "Grace", *words)

    def points(self) -> dict[str, tuple[float, str, str]]:
        return {mark.task: (mark.points, mark.reviewer, mark.comment) for mark in scores_of(self.standing())}

    def standing(self) -> Verdict:
        return from_json(self.record.read_bytes())

    def written_down(self) -> Verdict:
        """Return Ada's verdict in the store."""
        (row,) = current(self.batch.out)
        return row.verdict

    def line(self) -> str:
        """Return Ada's row of the table."""
        return (self.batch.out / "results.csv").read_text(encoding="utf-8").splitlines()[1]


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a course whose only submission awaits review. Tests must not write to it."""
    place = tmp_path_factory.mktemp("course")
    root = workshop.write_repository(place / "root", [])
    workshop.write_kata(root, "beta", toml=MARKED_BY_FOUR)
    write(root / "katas" / "beta" / "why.md", "")
    write(root / "solutions" / "beta" / "why.md", "Because two is one and one.\n")
    shutil.copytree(root / "solutions" / "beta", place / "in" / "ada")
    done = Course(root, place / "in", Batch(place / "out")).grade()
    assert (done.status, "1 awaiting_review" in done.out) == (0, True), done.said
    return place


@pytest.fixture
def course(begun: Path, tmp_path: Path) -> Course:
    return Course(*marking.copy_course(begun, tmp_path))


BROKEN = '\n@task("why")\ndef test_that_breaks(kata):\n    nothing_of_that_name\n'
KEPT = {"why": (2.0, "Grace", "Keep this.")}


@pytest.mark.deep
@pytest.mark.parametrize("locked", [False, True])
def test_points_and_comment_survive_an_error(course: Course, locked: bool) -> None:
    with course.batch.open() if locked else nullcontext():
        done = course.review("--award", "why=2", "--comment", "why=Keep this.")
    assert (done.status, course.points()) == (1, KEPT), done.said
    whole = course.test.read_text(encoding="utf-8")
    write(course.test, whole + BROKEN)
    done = course.grade("--changed")
    assert (done.status, course.standing().status) == (2, "error"), done.said
    write(course.test, whole)
    done = course.grade("--changed")
    assert (done.status, course.points()) == (0, KEPT), done.said
    assert course.line().startswith("ada,beta,failed,5.0,7.0,")


@pytest.mark.deep
def test_points_come_back_with_their_submission(course: Course) -> None:
    course.review("--award", "why=2", "--comment", "why=Keep this.")
    first = (course.folder / "ada" / "why.md").read_text(encoding="utf-8")
    course.hand_in_anew()
    assert (course.grade().status, course.points()) == (0, {})
    write(course.folder / "ada" / "why.md", first)
    assert (course.grade().status, course.points()) == (0, KEPT)


def test_points_stay_with_the_submission_that_they_are_for(course: Course) -> None:
    with course.batch.open():
        course.review("--award", "why=2", "--comment", "why=Keep this.")
    course.hand_in_anew()
    course.grade()
    with course.batch.reading() as held:
        (place,) = results_in(held.book)
    assert [[mark.points for mark in scores_of(each.attempt.verdict)] for each in place.standings] == [[2.0], []]
    assert (course.points(), course.written_down()) == ({}, course.standing())


@pytest.mark.parametrize("in_batch", [True, False])
def test_points_can_be_withdrawn(root: Path, batch: Batch, record: Path, in_batch: bool) -> None:
    place = batch.verdict_file("ada", "alpha") if in_batch else record
    before = place.read_bytes()
    review(root, place, "--by", "Grace", "--award", "why=4")
    done = review(root, place, "--by", "Alan", "--withdraw", "why")
    assert (done.status, json.loads(place.read_bytes())) == (0, json.loads(before)), done.said
    again = review(root, place, "--by", "Alan", "--withdraw", "why")
    assert (again.status, "why: it has no manual score to withdraw" in again.err) == (2, True)
    if in_batch:
        assert f"ada,alpha,awaiting_review,3.0,3.0,{NOON}," in (batch.out / "results.csv").read_text(encoding="utf-8")
        with batch.reading() as held:
            line = audit_of(held.book, "ada")[-1]
        assert (line.who, line.what, line.before) == ("Alan", "withdrawn", "why: 4 by Grace")


def test_error_replaces_a_verdict_and_keeps_points(root: Path, batch: Batch) -> None:
    record = batch.verdict_file("ada", "alpha")
    review(root, record, "--by", "Grace", "--award", "why=2", "--comment", "why=Keep this.")
    marked = from_json(record.read_bytes())
    failed = Verdict(kata="alpha", status="error", message="the judge died", submission_sha256=marked.submission_sha256)
    with batch.open() as held:
        (found,) = held.append([Row(person="ada", submitted_at=NOON, verdict=failed)])
        assert (found.verdict.status, found.verdict.graded_at != "") == ("error", True)
        assert [row.verdict for row in held.rows()] == [found.verdict]
        again = msgspec.structs.replace(without_scores(marked), graded_at=found.verdict.graded_at)
        (found,) = held.append([Row(person="ada", submitted_at=NOON, verdict=again)])
    assert scores_of(found.verdict) == scores_of(marked)


# Several reviewers.


@pytest.mark.deep
def test_many_scores_at_the_same_time_are_all_stored(course: Course) -> None:
    given = [
        subprocess.Popen(
            [KATAS, "review", str(course.record), "--by", f"Grace {name}", "--award", f"{name}=4"],
            cwd=course.root,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for name in FOUR
    ]
    assert {each.wait(shell.PATIENCE_S) for each in given} <= {0, 1}
    assert course.points() == {name: (4.0, f"Grace {name}", "") for name in FOUR}
    assert course.grade().status == 0
    assert course.written_down() == course.standing()
    assert course.line().startswith("ada,beta,passed,19.0,19.0,")


def test_review_waits_for_another_writer(course: Course) -> None:
    words = [KATAS, "review", str(course.record), "--by", "Grace", "--award", "why=4"]
    with folder_lock(course.batch.out / "verdicts"):
        held = subprocess.Popen(words, cwd=course.root, env=environment(), stdout=subprocess.DEVNULL)
        while not waits_for_a_lock(held.pid):
            assert held.poll() is None, "it did not wait"
            time.sleep(0.01)
        assert course.written_down() == course.standing()
    assert held.wait(shell.PATIENCE_S) == 0
    assert course.points() == {"why": (4.0, "Grace", "")}


def waits_for_a_lock(pid: int) -> bool:
    lines = Path("/proc/locks").read_text(encoding="utf-8").splitlines()
    return any("->" in line and str(pid) in line.split() for line in lines)


def test_points_changed_during_a_batch_are_in_the_table_at_once(course: Course) -> None:
    course.review(*(word for name in FOUR for word in ("--award", f"{name}=1")))
    assert course.line().startswith("ada,beta,failed,7.0,19.0,")
    with course.batch.open():
        done = course.review("--award", "why=4", "--comment", "why=Four.")
    assert done.err == "", done.said
    assert course.line().startswith("ada,beta,failed,10.0,19.0,")
    assert course.grade().status == 0
    assert course.line().startswith("ada,beta,failed,10.0,19.0,")
    assert course.written_down() == course.standing()
    assert course.points()["why"] == (4.0, "Grace", "Four.")
    rows = history(course.batch.out)
    course.grade()
    assert history(course.batch.out) == rows


# Invalid texts, and the reviewer of a score.


def test_nul_is_refused_in_comments_and_names(root: Path, record: Path) -> None:
    kata, verdict = catalogue.load(root, "alpha"), from_json(record.read_bytes())
    for words in ({"reviewer": "Gr\0ce"}, {"reviewer": "Grace", "comment": "So\0so."}):
        with pytest.raises(KataError, match="NUL"):
            awarded(kata, verdict, "why", 4.0, at=NOON, **words)


def test_score_belongs_to_its_last_reviewer(root: Path, record: Path) -> None:
    steps = [
        ("Grace", ("--award", "why=3", "--comment", "why=Short."), (3, "Grace", "Short.")),
        ("Alan", ("--award", "why=1"), (1, "Alan", "Short.")),
        ("Alan", ("--comment", "why=Shorter = less."), (1, "Alan", "Shorter = less.")),
        (" Alan", ("--award", "why=2"), (2, "Alan", "Shorter = less.")),
        ("Grace", ("--comment", "why=Not so short."), (2, "Grace", "Not so short.")),
        ("Alan", ("--comment", "why="), (2, "Alan", None)),
    ]
    for by, words, expected in steps:
        done = review(root, record, "--by", by, *words)
        found = task_in(record)
        assert (found["score"], found["reviewer"], found["comment"]) == expected, done.said


def test_a_text_as_it_was_handed_out_awaits_no_review(tmp_path: Path) -> None:
    root = marking.write_essay_kata(tmp_path / "root", marking.with_essay(workshop.TOML))
    git = ("git", "-C", str(root), "-c", "user.name=Ivy", "-c", "user.email=ivy@x.de")
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "Katas")):
        subprocess.run([*git, *words], check=True)
    write(tmp_path / "in" / "twice.py", SOLUTION)
    shutil.copy(root / "katas/alpha/why.md", tmp_path / "in")
    grade = ("grade", "alpha", "--submission", str(tmp_path / "in"), "--format", "json")
    verdict = from_json(katas("--root", str(root), *grade).out.encode())
    assert {task.name: task.status for task in verdict.tasks}["why"] == "failed"
    assert (verdict.status, verdict.score, verdict.review_points) == ("failed", 3.0, 0.0)
    assert verdict.tests[-1].message == "why.md is unchanged since it was handed out: nothing to grade yet"
    write(tmp_path / "in" / "why.md", "Because two is one and one, as I found out.\n")
    assert from_json(katas("--root", str(root), *grade).out.encode()).status == "awaiting_review"
