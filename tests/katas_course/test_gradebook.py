"""The gradebook: verdicts, manual scores, the audit trail, and the removal of people."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from graders.errors import KataError
from graders.manual_scores import ManualScore, scores_of, with_scores
from graders.verdict import LONGEST_COMMENT, TestResult
from katas_course.gradebook import Gradebook, removal, results, settings
from katas_course.gradebook.people import Directory
from katas_course.gradebook.tables import Table
from tests.katas_course.books import AWAITING, DUE, add, audit_of, changes, graded, moment, results_in


@pytest.fixture
def filled(book: Gradebook) -> Gradebook:
    for person, score, day, sha in (("ada", 10, 9, "a"), ("bob", 4, 9, "b"), ("bob", 8, 12, "c"), ("Zoé", 6, 10, "d")):
        add(book, graded(score, sha=sha, at=moment(day, 11)), person, moment(day))
    return book


def is_in_file(url: str, text: bytes) -> bool:
    return "://" not in url and text in Path(url).read_bytes()


def test_unicode_forms_of_a_name_are_one_person(filled):
    add(filled, graded(9, sha="e", at=moment(11)), "Zoe\u0301", moment(11))
    assert [each.person for each in results_in(filled)] == ["Zo\u00e9", "ada", "bob"]
    assert filled.read(Directory).known("Zoe\u0301") == "Zo\u00e9"
    removal.forget(filled, "Zoe\u0301")
    assert not [row for row in audit_of(filled) if row.person.startswith("Zo")]


def test_rule_changes_points_at_once_and_is_audited(filled):
    filled.write(settings.set_rule, "one", counts="last", due_at=DUE, late_percent=25.0, late_days=7)
    assert {each.person: each.points for each in results_in(filled)} == {"ada": 10.0, "bob": 4.0, "Zoé": 6.0}
    filled.write(settings.extend, "bob", "one", moment(13))
    assert {each.person: each.points for each in results_in(filled)} == {"ada": 10.0, "bob": 8.0, "Zoé": 6.0}
    told = [(row.who, row.what, row.person, row.kata, row.before, row.after) for row in audit_of(filled)][-2:]
    before = "best submission counts, due never, penalty for lateness: none"
    after = f"last submission counts, due {DUE}, penalty for lateness: 25 % a day, for 7 days"
    assert told == [("Ivy", "rule", "", "one", before, after), ("Ivy", "extension", "bob", "one", "", moment(13))]


def test_newest_verdict_is_current_and_change_is_audited(filled):
    add(filled, graded(3, sha="a", at=moment(20), suite_digest="new"), "ada", moment(9))
    (place,) = results_in(filled, person="ada")
    assert (place.points, len(place.standings)) == (3.0, 1)
    last = audit_of(filled, "ada")[-1]
    assert (last.what, last.before, last.after) == ("graded", "passed, 10 of 10", "failed, 3 of 10")


def test_manual_scores_survive_a_regrading_and_can_change(book):
    add(book, AWAITING, "ada", moment(9))
    for points, hour, said in ((3.0, 13, ""), (4.0, 14, "Better.")):
        marked = with_scores(AWAITING, [ManualScore("essay", points, "Grace", moment(11, hour), said)])
        add(book, marked, "ada", moment(9))
    add(
        book,
        msgspec.structs.replace(AWAITING, graded_at=moment(15), seed="11" * 16),
        "ada",
        moment(9),
    )
    (place,) = results_in(book)
    assert place.verdict is not None
    assert (place.points, place.verdict.status, place.verdict.tasks[1].reviewer) == (14.0, "passed", "Grace")
    assert changes(book, "marked", "ada") == [
        ("", "essay: 3 by Grace"),
        ("essay: 3 by Grace", "essay: 4 by Grace: Better."),
    ]
    assert place.verdict.tasks[1].comment == "Better."


def test_stored_finds_the_verdicts_since_a_version(book):
    for number, version in enumerate(("0.9.0", "0.10.0", "0.10.1", "1.0.0")):
        verdict = graded(sha=str(number), harness_version=version, at=moment(number + 1))
        add(book, verdict, f"p{number}", moment(1))
    assert [each.person for each in book.read(results.stored, "0.10.0")] == ["p1", "p2", "p3"]
    assert [each.person for each in book.read(results.stored, "0.10.1")] == ["p2", "p3"]
    with pytest.raises(KataError, match=r"soon: expected a version such as 0\.1\.0"):
        book.read(results.stored, "soon")


def test_forget_removes_a_person_from_all_tables_and_audit(filled, url):
    filled.write(settings.extend, "bob", "one", moment(13))
    assert is_in_file(url, b"bob") or "://" in url
    removal.forget(filled, "bob")
    assert {each.person for each in results_in(filled)} == {"ada", "Zoé"}
    rows = [(row.what, row.person) for row in audit_of(filled)]
    assert ("forgotten", removal.FORGOTTEN) in rows
    assert "bob" not in {person for _, person in rows}
    with pytest.raises(KataError, match="bob: no such person"):
        removal.forget(filled, "bob")
    with filled._engine.connect() as connection:
        for table in Table.metadata.sorted_tables:
            assert not [row for row in connection.execute(sa.select(table)) if "bob" in str(row)]
            if table.name in ("submissions", "verdicts"):
                assert len(connection.execute(sa.select(table)).all()) == 2
    assert not is_in_file(url, b"bob")


def fill_with_old_and_new(found: Gradebook) -> None:
    """Barbara has an old submission with a comment, bob an old and a new one, Zoé a new one."""
    said = ManualScore("essay", 3.0, "Grace", moment(30), "Barbara asks in vain.")
    add(found, with_scores(AWAITING, [said]), "Barbara", moment(1))
    for day, score in ((2, 3), (20, 7)):
        add(found, graded(score, sha=str(score), at=moment(day)), "bob", moment(day))
    add(found, graded(5, sha="5", at=moment(21)), "Zoé", moment(21))
    found.write(settings.extend, "Barbara", "one", moment(5))
    found.write(settings.extend, "bob", "one", moment(6))


def test_expire_leaves_nothing_in_the_audit_trail_and_the_file(book, url):
    fill_with_old_and_new(book)
    assert is_in_file(url, b"Barbara asks in vain") or "://" in url
    assert removal.forget_before(book, moment(10)) == 2
    told = [(row.what, row.person, row.after) for row in audit_of(book)]
    assert told == [
        ("graded", "bob", "failed, 7 of 10"),
        ("graded", "Zoé", "failed, 5 of 10"),
        ("extension", "bob", moment(6)),
        ("expired", "", f"handed in before {moment(10)}"),
    ]
    assert not book.read(Directory).is_known("Barbara")
    with book._engine.connect() as connection:
        for table in Table.metadata.sorted_tables:
            assert "Barbara" not in str(connection.execute(sa.select(table)).all())
    assert not is_in_file(url, b"Barbara")


def test_expire_keeps_people_with_a_future_deadline(book):
    add(book, graded(3, at=moment(2)), "bob", moment(2))
    book.write(settings.extend, "bob", "one", moment(12))
    removal.forget_before(book, moment(10))
    assert book.read(Directory).is_known("bob")
    assert [row.what for row in audit_of(book, "bob")] == ["extension"]
    removal.forget_before(book, moment(13))
    assert not book.read(Directory).is_known("bob")
    assert "bob" not in {row.person for row in audit_of(book)}


def test_crafted_comment_is_cut_and_cleaned(book):
    for hour, reviewer, said in ((11, "Gr\0ace", "x" * 3_000_000), (12, "Grace", "a\0b\x1b[2Jc")):
        crafted = ManualScore("essay", hour - 8.0, reviewer, moment(11, hour), said)
        add(book, with_scores(AWAITING, [crafted]), "ada", moment(9))
    marks = [after for _, after in changes(book, "marked")]
    assert [told[:20] for told in marks] == ["essay: 3 by Grace: x", "essay: 4 by Grace: a"]
    assert len(marks[0]) <= LONGEST_COMMENT + 20
    (place,) = results_in(book)
    assert scores_of(place.verdict) == [ManualScore("essay", 4.0, "Grace", moment(11, 12), "abc")]


def test_gradebook_loads_results_without_outputs(tmp_path):
    printed = TestResult(name="t", task="a", visibility="hidden", status="failed", message="m", output="x" * 1000)
    with Gradebook(str(tmp_path / "book.sqlite")) as found:
        add(found, msgspec.structs.replace(graded(), tests=(printed,)), "ada", moment(9))
        (place,) = results_in(found)
    assert [(test.message, test.output) for test in place.verdict.tests] == [("m", "")]
