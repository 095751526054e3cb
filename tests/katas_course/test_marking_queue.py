"""The queue of everything in a course that a person has to score, and the rubric items that scores come from."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa

from graders.errors import KataError
from katas_course.batch import Batch
from katas_course.gradebook import Gradebook, leases, removal
from katas_course.gradebook.rubrics import Item, score_of
from katas_course.gradebook.tables import EntryRow, LeaseRow, ScoreItemRow
from katas_course.marking_queue import MarkedMeanwhile, MarkingQueue, OpenPiece
from tests.katas_course.books import add, audit_of, graded, moment
from tests.katas_course.marking import PEOPLE, Course, write_reviewed_kata
from tests.workshop import ROOT, write

ALL = [(task, person) for task in ("why", "how") for person in PEOPLE]


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Grade a course in which everything awaits review. Tests must not write to it."""
    place = tmp_path_factory.mktemp("queue")
    root = write_reviewed_kata(place, why='"why.md"')
    for person in PEOPLE:
        write(place / "in" / person / "why.md", f"{person.title()} says why: by {person}.\n")
        write(place / "in" / person / "out" / "how.txt", f"How {person} did it.\n")
    done = Course(root, place / "in", Batch(place / "out")).grade()
    assert (done.status, "3 awaiting_review" in done.out) == (0, True), done.said
    return place


def opened(queue: MarkingQueue) -> OpenPiece:
    shown = queue.next()
    assert shown is not None
    return shown


def offered(queue: MarkingQueue) -> list[tuple[str, str]]:
    """Open everything that is left. Return the tasks and people."""
    return [(shown.piece.task, shown.piece.name) for shown in iter(queue.next, None)]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"person": "bob"}, [("why", "bob"), ("how", "bob")]),
        ({"task": "how", "person": "cleo"}, [("how", "cleo")]),
        ({"kata": "alpha", "task": "why"}, ALL[:3]),
        ({"kata": "beta"}, []),
    ],
)
def test_queue_can_be_filtered(course: Course, wanted: dict[str, str], expected: list[tuple[str, str]]) -> None:
    with course.queue(**wanted) as queue:
        assert offered(queue) == expected


def test_marked_pieces_are_shown_again_on_request(course: Course) -> None:
    with course.queue(task="why") as queue:
        queue.give(opened(queue), (2.0, "Hm."))
    with course.queue(task="why") as queue:
        assert offered(queue) == ALL[1:3]
    with course.queue(task="why", again=True) as queue:
        shown = opened(queue)
        assert shown.score is not None
        assert (shown.piece.name, shown.score.comment) == ("ada", "Hm.")
        queue.give(shown, (4.0, None))
    assert course.marks() == {("why", "ada"): (4.0, "Grace", "Hm.")}


# Leases


OPENS_ONE = """
import sys, os, signal
from pathlib import Path
from graders import catalogue
from katas_course.marking_queue import MarkingQueue, Wanted

root, course, by = sys.argv[1:]
queue = MarkingQueue(course, by, Wanted(task="why"), lambda slug: catalogue.load(Path(root), slug)).__enter__()
queue.next()
os.kill(os.getpid(), signal.SIGKILL)
"""


def leased(course: Course) -> list[str]:
    with Gradebook(course.book) as book, book.transaction() as transaction:
        return list(transaction.session.scalars(sa.select(LeaseRow.task)))


def test_lease_of_a_killed_session_is_its_reviewers_or_runs_out(course: Course) -> None:
    words = [sys.executable, "-c", OPENS_ONE, str(course.root), str(course.batch.out), "Grace"]
    assert subprocess.run(words, cwd=ROOT, check=False).returncode < 0
    assert leased(course) == ["why"]
    with course.queue("Grace", task="why") as grace:
        assert offered(grace) == ALL[:3]
    assert leased(course) == []
    assert subprocess.run(words, cwd=ROOT, check=False).returncode < 0
    with course.queue("Alan", task="why") as alan:
        assert offered(alan) == ALL[1:3]
        assert alan.ending().title == "3 pieces are left"
        assert re.search(r"Others have 1 open, until \d\d:\d\d UTC: Grace\.$", alan.ending().note)
    with Gradebook(course.book) as book, book.transaction() as transaction:
        transaction.session.execute(sa.update(LeaseRow).values(until="2000-01-01T00:00:00+00:00"))
    with course.queue("Alan", task="why") as alan:
        assert offered(alan) == ALL[:3]


@pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
def test_lease_belongs_to_one_holder_until_it_runs_out(url: str) -> None:
    with Gradebook(url) as one, Gradebook(url) as other:
        add(one, graded(), "ada", moment(9))

        def take(book: Gradebook, by: str, minutes: int = 0) -> bool:
            return book.write(leases.take, 1, "why", holders[by], f"2026-05-10T12:{minutes:02}:00+00:00")

        holders = {by: leases.new_holder(by) for by in ("Grace", "Alan")}
        assert [take(one, "Grace"), take(other, "Alan"), take(one, "Grace", 14)] == [True, False, True]
        assert [take(other, "Alan", 28), take(other, "Alan", 30), take(one, "Grace", 31)] == [False, True, False]
        one.write(leases.release, holders["Grace"])
        assert not take(one, "Grace", 31)
        other.write(leases.release, holders["Alan"])
        assert take(one, "Grace", 31)
        removal.forget(one, "ada")


def test_two_reviewers_are_offered_different_pieces(course: Course) -> None:
    with course.queue() as grace, course.queue("Alan") as alan:
        shown = []
        for queue, points in ((grace, 3.0), (alan, 1.0)) * 3:
            piece = opened(queue)
            shown.append(((piece.piece.task, piece.piece.name), (points, queue.book.who, "")))
            queue.give(piece, (points, None))
        grace.write_tables()
        alan.write_tables()
    assert sorted(piece for piece, _ in shown) == sorted(ALL)
    assert course.marks() == dict(shown)
    assert course.files_agree()


def test_score_given_meanwhile_is_not_overwritten(course: Course) -> None:
    with course.queue(task="why") as queue:
        shown = opened(queue)
        record = str(course.batch.verdict_file("ada", "alpha"))
        assert course.run("review", record, "--by", "Alan", "--award", "why=1", "--comment", "why=No.").status == 1
        with pytest.raises(MarkedMeanwhile) as raised:
            queue.give(shown, (4.0, None))
        assert queue.meanwhile(shown, raised.value.score) == "Alan has given 1 point meanwhile: No."
    assert course.marks() == {("why", "ada"): (1.0, "Alan", "No.")}


def test_submission_graded_meanwhile_is_offered_anew(course: Course) -> None:
    with course.queue(task="why") as queue:
        shown = opened(queue)
        write(course.folder / "ada" / "why.md", "Because of something else.\n")
        assert course.grade().status == 0
        with pytest.raises(KataError, match="graded again in the meantime"):
            queue.give(shown, (4.0, None))
        assert offered(queue) == [("why", "bob"), ("why", "cleo"), ("why", "ada")]
    assert course.marks() == {}


def test_score_of_an_older_grading_is_not_stored(course: Course) -> None:
    hidden = course.root / "graders/hidden/alpha/test_hidden.py"
    with course.queue(task="why") as queue:
        shown = opened(queue)
        write(hidden, f"{hidden.read_text(encoding='utf-8')}# changed\n")
        assert course.grade("--changed").status == 0
        with pytest.raises(KataError, match="graded again in the meantime"):
            queue.give(shown, (4.0, None))
    assert course.marks() == {}


def test_verdict_file_that_cannot_be_written_costs_no_points(course: Course) -> None:
    file = course.batch.verdict_file("ada", "alpha")
    with course.queue(task="why", person="ada") as queue:
        shown = opened(queue)
        os.unlink(file)
        file.mkdir()
        queue.give(shown, (4.0, None))
        with pytest.raises(KataError, match=r"alpha\.json"):
            queue.write_tables()
    assert course.marks() == {("why", "ada"): (4.0, "Grace", "")}
    file.rmdir()
    assert course.grade().status == 0
    assert course.files_agree()


def test_anonymous_queue_shows_no_names(course: Course) -> None:
    shown = []
    for _ in range(2):
        with course.queue(anonymous=True) as queue:
            pieces = list(iter(queue.next, None))
            texts = [
                queue.visible(file.data.decode(), each.piece)
                for each in pieces
                for file in queue.files(each).files
                if file.name.endswith((".md", ".txt"))
            ]
        shown.append([(each.piece.task, each.piece.name) for each in pieces])
        texts = [re.sub(r"Person [A-Z0-9]+", "", text) for text in texts]  # a pseudonym may contain a short name
        assert not [text for text in texts if any(name in text.lower() for name in PEOPLE)]
    assert shown[0] == shown[1]
    names = [name for task, name in shown[0] if task == "why"]
    assert (len(set(names)), names) == (3, sorted(names))


# The queue of a gradebook


def test_queue_of_a_gradebook_writes_the_files_of_its_batches(course: Course) -> None:
    with course.queue(course=course.book, task="why") as queue:
        for _ in PEOPLE:
            queue.give(opened(queue), (4.0, "Well done."))
        queue.write_tables()
    assert course.marks() == {("why", person): (4.0, "Grace", "Well done.") for person in PEOPLE}
    assert course.files_agree()


def test_gradebook_offers_only_submissions_that_can_count(course: Course) -> None:
    write(course.folder / "ada" / "why.md", "Because of something else.\n")
    assert course.grade().status == 0
    with course.queue(course=course.book, task="why", person="ada") as queue:
        assert offered(queue) == [("why", "ada")]
    with Gradebook(course.book) as book, book.transaction() as transaction:
        assert transaction.session.scalar(sa.select(sa.func.count()).select_from(EntryRow)) == 3


@pytest.mark.parametrize("decision", ["exclude", "override"])
def test_people_with_decided_points_are_left_out(course: Course, decision: str) -> None:
    points = ("--points", "8") if decision == "override" else ()
    words = ("gradebook", decision, "bob", "alpha", *points, "--reason", "case 7", "--gradebook", course.book)
    assert course.run(*words).status == 0
    for where in ("", course.book):
        with course.queue(course=where, task="why") as queue:
            assert queue.progress() == "0 of 2 marked, 2 left"


# Rubric items


SIGN = Item(1, "sign", -1.0, "The sign is wrong.")
UNITS, IDEA = Item(2, "units", -2.0, ""), Item(3, "idea", 3.0, "Yes!")


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ([SIGN], (3.0, "The sign is wrong.")),
        ([SIGN, UNITS], (1.0, "The sign is wrong.")),
        ([UNITS, UNITS, UNITS], (0.0, "")),
        ([IDEA], (3.0, "Yes!")),
        ([IDEA, SIGN], (2.0, "Yes!\nThe sign is wrong.")),
        ([IDEA, IDEA], (4.0, "Yes!\nYes!")),
    ],
)
def test_items_count_from_zero_or_from_full_points(chosen: Sequence[Item], expected: tuple[float, str]) -> None:
    assert score_of(chosen, 4.0) == expected


@pytest.fixture
def marked(course: Course) -> Course:
    return let_mark(course)


def let_mark(course: Course) -> Course:
    """Let Ada and Bob lose a point for the sign, with a remark for Bob. Cleo gets her points by hand."""
    with course.queue(task="why") as queue:
        ada = opened(queue)
        item = queue.add_item(ada, "sign", -1.0, "The sign is wrong.")
        queue.give(ada, queue.score_of(ada, [item.id]), [item.id])
        bob = opened(queue)
        bob = queue.give(bob, queue.score_of(bob, [item.id]), [item.id])
        queue.give(bob, (3.0, "The sign is wrong.\nElse fine."), [item.id])
        queue.give(opened(queue), (3.0, "The sign is wrong."))
        queue.write_tables()
    return course


MARKED = {
    ("why", "ada"): (3.0, "Grace", "The sign is wrong."),
    ("why", "bob"): (3.0, "Grace", "The sign is wrong.\nElse fine."),
    ("why", "cleo"): (3.0, "Grace", "The sign is wrong."),
}
CHANGED = MARKED | {
    ("why", "ada"): (2.0, "Alan", "Mind the sign."),
    ("why", "bob"): (2.0, "Alan", "Mind the sign.\nElse fine."),
}


def change(course: Course, where: str = "") -> str:
    """Let Alan change the item. Return the output."""
    words = ("--change", "1", "--points", "-2", "--comment", "Mind the sign.", "--by", "Alan")
    done = course.run("gradebook", "rubric", "alpha", "why", *words, "--gradebook", where or course.book)
    assert done.status == 0, done.said
    return done.out


def uses(course: Course) -> list[int]:
    with course.batch.reading() as held, held.book.transaction() as transaction:
        return list(transaction.session.scalars(sa.select(ScoreItemRow.submission_id)))


def test_changed_item_changes_the_marks_that_use_it(marked: Course) -> None:
    assert marked.marks() == MARKED
    assert marked.files_agree()
    listed = marked.run("gradebook", "rubric", "alpha", "why", "--gradebook", marked.book).out
    assert listed == "#1  -1  sign: The sign is wrong.  (2 scores)\n"
    said = change(marked)
    assert said.startswith(f"2 scores have changed\nwritten: {marked.batch.out}/results.csv\n")
    assert said.endswith("#1  -2  sign: Mind the sign.  (2 scores)\n")
    assert marked.marks() == CHANGED
    assert marked.files_agree()
    with Gradebook(marked.book) as book:
        lines = [(line.what, line.person) for line in audit_of(book) if line.who == "Alan"]
    assert sorted(lines) == [("marked", "ada"), ("marked", "bob"), ("rubric", "")]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("twice",), "alpha: no person grades a task twice. Choose one of: why, how."),
        (("why", "--change", "2", "--points", "1"), "--change 2: why has 1 rubric items."),
        (("why", "--change", "1"), "--change NUMBER needs --label, --points or --comment"),
        (("why", "--change", "1", "--points", "9"), "9 points is out of range; an item has -4 to 4"),
    ],
)
def test_impossible_change_of_an_item_is_refused(marked: Course, words: Sequence[str], said: str) -> None:
    done = marked.run("gradebook", "rubric", "alpha", *words, "--gradebook", marked.book)
    assert (done.status, said in done.err) == (2, True), done.said
    assert marked.marks() == MARKED


def test_mark_changed_by_hand_no_longer_follows_its_items(marked: Course) -> None:
    record = str(marked.batch.verdict_file("ada", "alpha"))
    assert marked.run("review", record, "--by", "Emmy", "--award", "why=4").status == 0
    assert change(marked).startswith("1 score has changed")
    assert marked.marks()["why", "ada"] == (4.0, "Emmy", MARKED["why", "ada"][2])


def test_item_use_is_withdrawn_with_its_mark(marked: Course) -> None:
    record = str(marked.batch.verdict_file("ada", "alpha"))
    marked.run("review", record, "--by", "Emmy", "--withdraw", "why")
    assert len(uses(marked)) == 1
    assert marked.run("gradebook", "forget", "bob", "--yes", "--gradebook", marked.book).status == 0
    assert uses(marked) == []


@pytest.mark.deep
def test_same_files_at_another_time_keep_their_items(marked: Course) -> None:
    first = marked.folder / "ada" / "why.md"
    began = first.stat().st_mtime
    for minute, text in enumerate(("Something else.\n", first.read_text(encoding="utf-8")), 1):
        write(first, text)
        os.utime(first, times=(began, began + 60 * minute))
        assert marked.grade().status == 0
    assert marked.marks() == MARKED
    assert len(uses(marked)) == 3
    assert change(marked).startswith("2 scores have changed")
    assert marked.marks() == CHANGED


def test_invalid_item_is_refused(course: Course) -> None:
    with course.queue(task="why") as queue:
        shown = opened(queue)
        for label, points, comment in (("", 1.0, ""), ("a", float("nan"), ""), ("a", 5.0, ""), ("a", 1.0, "x" * 2001)):
            with pytest.raises(KataError):
                queue.add_item(shown, label, points, comment)
        with pytest.raises(KataError, match="no such rubric item"):
            queue.score_of(shown, [2])
        assert queue.items(shown) == []


@pytest.mark.parametrize("url", [pytest.param("postgresql", marks=pytest.mark.deep)], indirect=True)
def test_items_in_postgresql(url: str, course: Course, tmp_path: Path) -> None:
    there = Course(course.root, course.folder, Batch(tmp_path / "there"))
    assert there.grade("--kata", "alpha", "--gradebook", url).status == 0
    marked = let_mark(there)
    assert change(marked, url).startswith("2 scores have changed")
    assert marked.marks() == CHANGED
