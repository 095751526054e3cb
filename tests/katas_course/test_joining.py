"""Batches that join a gradebook, or are copied into one."""

from __future__ import annotations

import itertools
import os

import msgspec
import pytest

from graders.errors import KataError
from graders.manual_scores import ManualScore, marks_of, with_marks
from katas_course.batch import Batch
from katas_course.gradebook import Gradebook, batches, database, results, settings
from katas_course.gradebook.importing import Row
from tests.katas_course.books import AWAITING, MARKED, audit_of, changes, empty, graded, moment, results_in, store
from tests.workshop import write


def test_error_in_a_batch_does_not_count(tmp_path):
    row = Row(person="ada", submitted_at=moment(9), verdict=graded(10, at=moment(9, 11)))
    error = graded(0, at=moment(9, 12), status="error", message="The judge died.")
    with Batch(tmp_path).open() as held:
        held.append([row, msgspec.structs.replace(row, verdict=error)])
        held.append([msgspec.structs.replace(row, person="bob", verdict=error)])
        assert [(place.person, place.points) for place in results_in(held.book)] == [("ada", 10.0)]
        assert [each.verdict.status for each in held.read(batches.summaries).values()] == ["error", "error"]
        assert [each.person for each in held.book.read(results.stored, "0")] == ["ada"]


@pytest.mark.deep
def test_folder_of_a_batch_never_holds_the_password_of_its_gradebook(tmp_path, postgres):
    held_in = Batch(tmp_path / "out")
    for url in (postgres.replace("postgres@", "postgres:s3cret@"), f"{postgres}&password=s3cret"):
        with held_in.open(gradebook=url) as held:
            held.append([Row(person="ada", submitted_at=moment(9), verdict=graded())])
        with held_in.reading() as held:
            assert [row.person for row in held.rows()] == ["ada"]
    assert not [path for path in held_in.out.rglob("*") if path.is_file() and b"s3cret" in path.read_bytes()]
    empty(postgres)


def test_imported_batch_belongs_to_the_gradebook_from_then_on(tmp_path):
    held_in, row = Batch(tmp_path / "out"), Row(person="ada", submitted_at=moment(9), verdict=AWAITING)
    with held_in.open() as held:
        held.append([row])
        seed = held.seed
    with Gradebook(str(tmp_path / "book.sqlite")) as found:
        assert held_in.import_into(found).verdicts == 1
    assert sorted(path.name for path in held_in.out.glob("g*")) == ["gradebook.json", "gradebook.sqlite.taken-over"]
    with held_in.open() as held:
        assert (held.book.name, held.seed, held.is_own) == (str(tmp_path / "book.sqlite"), seed, False)
        held.append([msgspec.structs.replace(row, verdict=MARKED)])
    with Gradebook(str(tmp_path / "book.sqlite")) as found, Gradebook(str(tmp_path / "other.sqlite")) as other:
        assert [place.points for place in results_in(found)] == [13.0]
        assert held_in.import_into(other) == (1, 1)
        assert results_in(other) == results_in(found)
    with held_in.reading() as held:  # the second gradebook has only a copy
        assert held.book.name == str(tmp_path / "book.sqlite")


def test_batch_with_rules_of_its_own_keeps_its_gradebook(tmp_path):
    held_in = Batch(tmp_path / "out")
    store(held_in, graded())
    with held_in.open() as held:
        held.book.write(settings.set_rule, "one", counts="last")
    with Gradebook(str(tmp_path / "book.sqlite")) as found:
        assert held_in.import_into(found).verdicts == 1
    with held_in.reading() as held:
        assert held.is_own


@pytest.mark.parametrize("where", ["url", "gradebook.json"])
def test_missing_gradebook_of_a_batch_is_named(tmp_path, where):
    held_in = Batch(tmp_path / "out")
    with held_in.open(gradebook=str(tmp_path / "book.sqlite")):
        pass
    os.rename(tmp_path / "book.sqlite", tmp_path / "moved.sqlite")
    if where == "url":
        missing = r"its results are in .*book\.sqlite, which is missing\. Restore"
        with pytest.raises(KataError, match=missing), held_in.open(gradebook=str(tmp_path / "moved.sqlite")):
            pass
    else:
        write(held_in.out / "gradebook.json", "{")
        with pytest.raises(KataError, match=r"gradebook\.json: .*Restore it from a copy"), held_in.reading():
            pass


def test_two_reviews_of_one_second_are_imported_once(book, tmp_path):
    held_in = Batch(tmp_path / "out")
    first, last = (
        ManualScore("essay", points, "Grace", moment(11), said) for points, said in ((3.0, "No."), (5.0, "Yes."))
    )
    store(held_in, *(with_marks(AWAITING, marks) for marks in ((), (first,), (last,))))
    for new in ((1, 2), (0, 0), (0, 0)):
        assert held_in.import_into(book) == new
        assert changes(book, "marked") == [
            ("", "essay: 3 by Grace: No."),
            ("essay: 3 by Grace: No.", "essay: 5 by Grace: Yes."),
        ]
        (place,) = results_in(book)
        assert place.verdict is not None
        assert marks_of(place.verdict) == [last]


def test_batch_reviewed_later_is_imported_again(book, tmp_path):
    held_in = Batch(tmp_path / "out")
    first, last = (ManualScore("essay", points, "Grace", moment(11)) for points in (3.0, 5.0))
    for marks in ((first,), (last,)):
        store(held_in, with_marks(AWAITING, marks))
        for _ in range(2):
            held_in.import_into(book)
    assert [after for _, after in changes(book, "marked")] == ["essay: 3 by Grace", "essay: 5 by Grace"]


def test_corrected_submission_time_is_imported(tmp_path, monkeypatch):
    seconds = itertools.count()  # every line of the audit trail gets a second of its own
    monkeypatch.setattr(database, "now", lambda: f"2026-01-01T00:00:{next(seconds):02}+00:00")
    held_in = Batch(tmp_path / "out")
    url, row = str(tmp_path / "copy.sqlite"), Row(person="ada", submitted_at=moment(9), verdict=graded())
    with held_in.open(gradebook=str(tmp_path / "book.sqlite")) as held:
        held.append([row])
    with Gradebook(url) as found:
        assert held_in.import_into(found).verdicts == 1
    with held_in.open() as held:
        assert len(held.write(batches.correct_times, {("ada", "one"): moment(7)})) == 1
    for notes in (1, 1):
        with Gradebook(url) as found:
            assert held_in.import_into(found).verdicts == 0
            assert [each.attempt.submitted_at for place in results_in(found) for each in place.standings] == [moment(7)]
            assert [each.what for each in audit_of(found)].count("handed in") == notes


def test_submission_that_is_moved_to_an_earlier_one_joins_it(tmp_path):
    first, again = (
        Row(person="ada", submitted_at=moment(day), verdict=msgspec.structs.replace(MARKED, graded_at=moment(day, 11)))
        for day in (3, 9)
    )
    with Batch(tmp_path).open() as held:
        held.append([first])
        held.append([again])
        assert len(held.write(batches.correct_times, {("ada", "one"): moment(3)})) == 1
        (place,) = results_in(held.book)
        assert [each.attempt.submitted_at for each in place.standings] == [moment(3)]
        assert [row.submitted_at for row in held.rows()] == [moment(3)]
        assert place.points == 13.0
