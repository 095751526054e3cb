"""Rubric items that reviewers use again and again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa

from graders import catalogue
from graders.catalogue import Kata
from graders.course.batch import Batch
from graders.course.gradebook import Gradebook
from graders.course.gradebook.review_tables import MarkItemRow
from graders.course.gradebook.rubrics import Item, score_of
from graders.course.review_queue import ReviewQueue, Wanted
from graders.errors import KataError
from graders.manual_scores import marks_of
from tests.course.books import current
from tests.course.test_review_queue import Course, begun, course, prompts  # noqa: F401 (begun and course are fixtures)
from tests.warm import katas
from tests.workshop import write

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


def queue_of(course: Course, by: str = "Grace", where: str = "", **wanted: object) -> ReviewQueue:  # noqa: F811
    def kata(slug: str) -> Kata:
        return catalogue.load(course.root, slug)

    return ReviewQueue(where or str(course.batch.out), by, Wanted(tasks=("why",), **wanted), kata)  # type: ignore[arg-type]


def filled(course: Course) -> None:  # noqa: F811
    """Let Ada and Bob lose a point for the sign, with a remark for Bob. Cleo gets her points by hand."""
    with queue_of(course) as queue:
        shown = queue.next()
        assert shown is not None
        item = queue.add_item(shown, "sign", -1.0, "The sign is wrong.")
        queue.give_items(shown, [item.id])
        shown = queue.next()
        assert shown is not None
        shown = queue.give_items(shown, [item.id])
        queue.give(shown, (3.0, "The sign is wrong.\nElse fine."), items=None)
        shown = queue.next()
        assert shown is not None
        queue.give(shown, (3.0, "The sign is wrong."))
        queue.write_tables()


FILLED = {
    ("why", "ada"): (3.0, "Grace", "The sign is wrong."),
    ("why", "bob"): (3.0, "Grace", "The sign is wrong.\nElse fine."),
    ("why", "cleo"): (3.0, "Grace", "The sign is wrong."),
}
CHANGED = FILLED | {
    ("why", "ada"): (2.0, "Alan", "Mind the sign."),
    ("why", "bob"): (2.0, "Alan", "Mind the sign.\nElse fine."),
}


def change(course: Course, where: str = "") -> int:  # noqa: F811
    """Let Alan change the item. Return how many marks have changed."""
    with queue_of(course, "Alan", where, again=True) as queue:
        shown = queue.next()
        assert shown is not None
        (item,) = queue.items(shown)
        changed = queue.change_item(shown, item.id, "sign", -2.0, "Mind the sign.")
        queue.write_tables()
        return changed


def test_changed_item_changes_the_marks_that_use_it(course: Course) -> None:  # noqa: F811
    filled(course)
    assert course.marks() == FILLED
    assert course.files_agree()
    assert change(course) == 2
    assert course.marks() == CHANGED
    assert course.files_agree()
    with course.batch.reading() as held:
        lines = [(line.what, line.person) for line in held.book.audit() if line.who == "Alan"]
    assert sorted(lines) == [("marked", "ada"), ("marked", "bob"), ("rubric", "")]


def test_mark_changed_by_hand_no_longer_follows_its_items(course: Course) -> None:  # noqa: F811
    filled(course)
    record = str(course.batch.verdict_file("ada", "alpha"))
    assert katas("review", record, "--by", "Emmy", "--award", "why=4", cwd=course.root).status == 0
    assert change(course) == 1
    assert course.marks()["why", "ada"] == (4.0, "Emmy", "")


def test_item_use_is_withdrawn_with_its_mark(course: Course) -> None:  # noqa: F811
    filled(course)
    record = str(course.batch.verdict_file("ada", "alpha"))
    katas("review", record, "--by", "Emmy", "--withdraw", "why", cwd=course.root)
    assert len(uses(course.batch)) == 1
    assert katas("gradebook", "forget", "bob", "--yes", "--gradebook", store(course), cwd=course.root).status == 0
    assert uses(course.batch) == []


def uses(batch: Batch) -> list[int]:
    with batch.reading() as held, held.book.transaction() as transaction:
        return list(transaction.session.scalars(sa.select(MarkItemRow.submission_id)))


def store(course: Course) -> str:  # noqa: F811
    return str(course.batch.out / "gradebook.sqlite")


@pytest.mark.deep
def test_items_join_another_gradebook_with_their_batch(course: Course, tmp_path: Path) -> None:  # noqa: F811
    filled(course)
    book = str(tmp_path / "course.sqlite")
    for _ in range(2):
        done = katas("gradebook", "import", str(course.batch.out), "--gradebook", book, cwd=course.root)
        assert done.status == 0, done.said
    assert not Path(store(course)).exists()
    assert change(course, book) == 2
    assert course.marks() == CHANGED
    assert course.files_agree()


@pytest.mark.deep
def test_same_files_at_another_time_keep_their_items(course: Course) -> None:  # noqa: F811
    filled(course)
    first = course.folder / "ada" / "why.md"
    for text in ("Something else.\n", first.read_text(encoding="utf-8")):
        write(first, text)
        assert course.grade().status == 0
    assert course.marks() == FILLED
    assert len(uses(course.batch)) == 3
    assert change(course) == 2
    assert course.marks() == CHANGED


def test_marks_that_use_an_item_agree_with_it_after_a_refusal(course: Course) -> None:  # noqa: F811
    with queue_of(course) as queue:
        shown = queue.next()
        assert shown is not None
        for label, points, comment in (("", 1.0, ""), ("a", float("nan"), ""), ("a", 5.0, ""), ("a", 1.0, "x" * 2001)):
            with pytest.raises(KataError):
                queue.add_item(shown, label, points, comment)
        with pytest.raises(KataError, match="no such rubric item"):
            queue.give_items(shown, [2])
        assert (queue.items(shown), marks_of(current(course.batch.out)[0].verdict)) == ([], [])


@pytest.mark.parametrize("url", [pytest.param("postgresql", marks=pytest.mark.deep)], indirect=True)
def test_items_in_postgresql(url: str, course: Course) -> None:  # noqa: F811
    done = katas("gradebook", "import", str(course.batch.out), "--gradebook", url, cwd=course.root)
    assert done.status == 0, done.said
    filled(course)
    assert change(course) == 2
    assert course.marks() == CHANGED
    with Gradebook(url) as book:
        assert book.forget("ada")


@pytest.mark.deep
def test_reviewer_adds_chooses_and_changes_items(course: Course) -> None:  # noqa: F811
    with course.queue("--task", "why") as grace:
        grace.wait(prompts(1))
        grace.type("new\nsign\n-1\nThe sign is wrong.\n")
        text = grace.wait(prompts(2))
        assert "#1  -1  sign: The sign is wrong." in text
        grace.type("new\nidea\n+2\n\n")
        grace.wait("#2  +2  idea")
        grace.type("#1 #2\n\n")
        grace.wait(prompts(4))
        grace.type("#9\n")
        grace.wait("#9: no such rubric item")
        grace.wait(prompts(5))
        grace.type("#1\nElse fine.\n\n")
        grace.wait(prompts(6))
        grace.type("change 1\n\n-2\n\n")
        grace.wait("2 marks use it. Change them too? (y/N)")
        grace.type("n\n")
        grace.wait("Nothing has changed.")
        grace.wait(prompts(7))
        grace.type("change 1\n\n-2\n\n")
        grace.wait(lambda text: text.count("Change them too?") == 2)
        grace.type("y\n")
        grace.wait("2 marks have changed.")
        grace.wait(prompts(8))
        grace.type("#1\n\n")
        assert grace.end().status == 0
    assert course.marks() == {
        ("why", "ada"): (0.0, "Grace", "The sign is wrong."),
        ("why", "bob"): (2.0, "Grace", "The sign is wrong.\nElse fine."),
        ("why", "cleo"): (2.0, "Grace", "The sign is wrong."),
    }
    assert course.files_agree()
