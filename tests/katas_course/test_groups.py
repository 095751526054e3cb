"""Katas that are done in groups: a submission counts for everyone in the group of its author."""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from graders.manual_scores import ManualScore, with_scores
from katas_course import roster_files
from katas_course.batch import Batch
from katas_course.gradebook import Gradebook, decisions, removal, results, settings
from katas_course.gradebook.pages import first_pages, note_pages
from katas_course.gradebook.pseudonyms import Pseudonyms
from katas_course.gradebook.roster_changes import import_roster
from katas_course.gradebook.tables import SubmissionRow
from katas_course.marking import store
from katas_course.marking_queue import to_score
from tests import workshop
from tests.katas_course.books import DUE, add, audit_of, graded, moment, output_of, rows_of, table, task
from tests.katas_course.marking import REVIEWED
from tests.shell import katas
from tests.workshop import ADDED, SOLUTION, write

ROSTER = "id,name,group\nada,Ada L,red\nbob,Bob H,red\ncleo,Cleo P,red\ndora,Dora,blue\neve,Eve,\n"


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Gradebook]:
    """Yield a gradebook with a kata that is done in groups, in which only ada (group red) and eve have submitted."""
    with Gradebook(str(tmp_path / "book.sqlite"), who="Ivy") as found:
        found.write(import_roster, roster_files.read(write(tmp_path / "roster.csv", ROSTER)))
        found.write(settings.set_rule, "one", in_groups=True, due_at=DUE, late_percent=10.0)
        add(found, graded(8.0, sha="a"), "ada", moment(12))  # two days late
        add(found, graded(5.0, sha="e"), "eve", moment(9))
        yield found


def points(book: Gradebook, kata: str = "one") -> dict[str, float]:
    return {
        report.person: report.katas[kata].points
        for report in book.read(results.reports)
        if report.katas[kata].submitted
    }


def steps(book: Gradebook, person: str) -> str:
    (report,) = book.read(results.reports, "one", person)
    return report.katas["one"].mark.text


def test_submission_counts_for_the_whole_group_and_for_no_one_else(book: Gradebook) -> None:
    assert points(book) == {"ada": 6.4, "bob": 6.4, "cleo": 6.4, "eve": 5.0}
    assert steps(book, "ada") == "8 of 10; 2 days late: −20 %"
    assert steps(book, "bob") == "8 of 10; submitted for the group by ada; 2 days late: −20 %"
    assert steps(book, "dora") == "no submission"
    book.write(settings.set_rule, "one", in_groups=False)
    assert points(book) == {"ada": 6.4, "eve": 5.0}


def test_katas_are_done_alone_unless_the_rule_says_otherwise(book: Gradebook) -> None:
    add(book, graded(10.0, kata="two", sha="b"), "bob", moment(9))
    assert points(book, "two") == {"bob": 10.0}


def test_each_member_has_their_own_deadline(book: Gradebook) -> None:
    book.write(settings.extend, "bob", "one", moment(20))
    assert points(book) == {"ada": 6.4, "bob": 8.0, "cleo": 6.4, "eve": 5.0}
    assert steps(book, "bob") == "8 of 10; submitted for the group by ada"


@pytest.mark.parametrize(("counts", "expected"), [("best", 8.1), ("last", 6.4)])
def test_rule_chooses_from_all_submissions_of_a_group(book: Gradebook, counts: str, expected: float) -> None:
    """bob was late by one day with 9 points, and ada by two days with 8."""
    book.write(settings.set_rule, "one", counts=counts)
    add(book, graded(9.0, sha="b"), "bob", moment(11))
    assert points(book) == {"ada": expected, "bob": expected, "cleo": expected, "eve": 5.0}
    own, other = ("bob", "ada") if counts == "best" else ("ada", "bob")
    late = "9 of 10; {}1 day late: −10 %" if counts == "best" else "8 of 10; {}2 days late: −20 %"
    assert steps(book, own) == late.format("chosen from 2 submissions of the group; ")
    theirs = f"submitted for the group by {own}; chosen from 2 submissions of the group; "
    assert steps(book, other) == steps(book, "cleo") == late.format(theirs)


def test_same_submission_in_the_rows_of_two_members_is_one(book: Gradebook) -> None:
    add(book, graded(8.0, sha="a"), "bob", moment(12))
    assert steps(book, "bob") == steps(book, "ada") == "8 of 10; 2 days late: −20 %"
    assert points(book)["cleo"] == 6.4


def test_limit_on_attempts_is_for_the_group(book: Gradebook) -> None:
    with book.transaction() as transaction:
        transaction.kata("one").attempts_per_day = 1
    add(book, graded(9.0, sha="b"), "bob", moment(12, 11))
    assert points(book) == {"ada": 6.4, "bob": 6.4, "cleo": 6.4, "eve": 5.0}


def test_decisions_are_personal(book: Gradebook) -> None:
    book.write(decisions.exclude, "ada", "one", "plagiarism")
    book.write(decisions.override, "bob", "one", 9.5, "did most of it")
    assert points(book) == {"ada": 0.0, "bob": 9.5, "cleo": 6.4, "eve": 5.0}


def test_someone_who_has_left_gets_nothing_of_the_group(book: Gradebook, tmp_path: Path) -> None:
    without = ROSTER.replace("cleo,Cleo P,red\n", "")
    changes = book.write(import_roster, roster_files.read(write(tmp_path / "roster.csv", without)))
    assert points(book) == {"ada": 6.4, "bob": 6.4, "eve": 5.0}
    assert changes.moved == ["cleo, one: 6.4 → nothing"]


def test_marks_that_a_change_of_groups_moves_are_said(book: Gradebook, tmp_path: Path) -> None:
    other = ROSTER.replace("bob,Bob H,red", "bob,Bob H,blue")
    changes = book.write(import_roster, roster_files.read(write(tmp_path / "roster.csv", other)))
    assert changes.moved == ["bob, one: 6.4 → nothing"]


def test_group_is_marked_once_and_without_any_of_its_names(book: Gradebook) -> None:
    tasks = (task("why", 0.0, 10.0, "awaiting_review"),)
    waiting = graded(0.0, sha="c", status="awaiting_review", tasks=tasks, max_score=0.0, review_points=10.0)
    for person, day in (("ada", 13), ("bob", 13)):
        add(book, waiting, person, moment(day))
    with book.transaction(alone=True) as transaction:
        found = [each[:2] for each in to_score(transaction, None) if each[3].status == "awaiting_review"]
        ((number, name),) = found
        row = transaction.session.get(SubmissionRow, number)
        before = row.current_verdict()
        score = ManualScore("why", 10.0, "Grace", moment(14), "")
        changed = store(transaction, row, before, with_scores(before, [score]))
        assert (name, {each.person.name for each in changed}) == ("ada", {"ada", "bob"})
        hidden = Pseudonyms(transaction).hidden("Ada and BOB H wrote it, with Cleo and Dora.", "ada")
    assert not re.search("ada|bob|cleo", hidden, re.IGNORECASE)
    assert "Dora" in hidden
    assert points(book) == {"ada": 7.0, "bob": 7.0, "cleo": 7.0, "eve": 5.0}


@pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
def test_setting_is_stored_and_audited(url: str) -> None:
    with Gradebook(url) as book:
        book.write(settings.set_rule, "one", in_groups=True)
        assert book.read(settings.rules)["one"].in_groups
        (line,) = (line for line in audit_of(book) if line.what == "rule")
    assert (line.before.endswith("none"), line.after.endswith("done in groups")) == (True, True)


# In the files and outputs


def test_all_outputs_show_the_mark_of_a_group(tmp_path: Path) -> None:
    root = workshop.write_repository(tmp_path / "root", ["one"])
    for person, text, at in (("ada", ADDED, 1_778_500_000), ("bob", SOLUTION, 1_778_600_000)):
        os.utime(write(tmp_path / "in" / person / "twice.py", text), (at, at))
    book, out, roster = str(tmp_path / "book.sqlite"), tmp_path / "out", write(tmp_path / "roster.csv", ROSTER)
    url = ("--gradebook", book)
    output_of(root, "gradebook", "people", "import", str(roster), *url)
    assert "in no group, so alone: eve\n" in output_of(root, "gradebook", "rule", "one", "--groups", *url)
    output_of(root, "grade-batch", str(tmp_path / "in"), "--out", str(out), "--kata", "one", *url)
    rows = {row["person"]: row for row in rows_of((out / "results.csv").read_text("utf-8"))}
    assert {person: (row["score"], row["counts"], row["final_points"]) for person, row in rows.items()} == {
        "ada": ("1.0", "0", "3.0"),
        "bob": ("3.0", "1", "3.0"),
    }
    assert rows["ada"]["steps"] == "3 of 3; submitted for the group by bob; chosen from 2 submissions of the group"
    assert rows["bob"]["steps"] == "3 of 3; chosen from 2 submissions of the group"
    per_person = rows_of(output_of(root, "gradebook", "export", "csv", "--per", "person", *url))
    totals = {row["person"]: row["one"] for row in per_person}
    assert totals == dict.fromkeys(("ada", "bob", "cleo"), "3.0") | dict.fromkeys(("dora", "eve"), "0.0")
    shown = output_of(root, "gradebook", "show", "cleo", *url)
    assert "submitted for the group by bob; passed, 3 of 3" in shown
    canvas = output_of(root, "gradebook", "export", "canvas", "one", "--output", str(tmp_path / "canvas.csv"), *url)
    assert "5 people" in canvas
    head, _, *lines = (tmp_path / "canvas.csv").read_text("utf-8").splitlines()
    people = [line.split(",") for line in lines]
    assert {each[head.split(",").index("SIS User ID")] for each in people if each[-1] == "3"} == {"ada", "bob", "cleo"}
    output_of(root, "feedback", str(out))
    pages = {path.parent.name: html.unescape(path.read_text("utf-8")) for path in out.glob("feedback/*/one.html")}
    assert sorted(pages) == ["ada", "bob", "cleo"]
    for person, counts in (("ada", " by bob"), ("bob", "this submission"), ("cleo", "this submission, by bob")):
        cells = dict(re.findall(r'<th scope="row">([^<]*)</th><td>(?:<strong>)?([^<]*)</', pages[person]))
        assert cells["Final mark"] == "3 of 3 points"
        assert cells["Counts"].endswith(counts), person
    decided = output_of(root, "gradebook", "override", "cleo", "one", "--points", "1", "--reason", "absent", *url)
    assert "pages of feedback may be outdated" in decided
    output_of(root, "feedback", str(out))
    page = html.unescape((out / "feedback" / "cleo" / "one.html").read_text("utf-8"))
    assert "3 points on the first page" in page
    assert (out / "results.csv").read_text("utf-8") == table(out)
    output_of(root, "gradebook", "forget", "cleo", "--yes", *url)
    assert not (out / "feedback" / "cleo").exists()


def test_expiry_keeps_what_is_known_about_a_member_without_submissions(book: Gradebook, tmp_path: Path) -> None:
    """bob has a page on the submission of ada, and nothing else."""
    with Batch(tmp_path / "out").open(gradebook=str(tmp_path / "book.sqlite")) as held:
        with held.book.transaction(alone=True) as transaction:
            note_pages(transaction, held.batch(transaction), {("bob", "one"): 6.4}, 1)
        removal.forget_before(book, moment(1))
        with held.book.transaction() as transaction:
            assert first_pages(transaction, held.batch(transaction)).keys() == {("bob", "one")}
    assert book.read(removal.batches_of, "bob") == [str(tmp_path / "out")]


def test_member_known_by_another_name_elsewhere_has_one_first_page(book: Gradebook, tmp_path: Path) -> None:
    """Cleo has a name of the learning platform on another kata, but on this one, only the group has submitted."""
    add(book, graded(kata="two", sha="c"), "Cleo P", moment(9))
    with Batch(tmp_path / "out").open(gradebook=str(tmp_path / "book.sqlite")) as held:
        for points_then, line in ((6.4, 1), (5.0, 2)):
            with held.book.transaction(alone=True) as transaction:
                note_pages(transaction, held.batch(transaction), {("cleo", "one"): points_then}, line)
                found = first_pages(transaction, held.batch(transaction))
            assert {key: page.points for key, page in found.items()} == {("cleo", "one"): 6.4}


@pytest.mark.deep
def test_page_of_a_member_known_by_another_name_elsewhere_lists_changes(tmp_path: Path) -> None:
    root = workshop.write_repository(tmp_path / "root", ["one"])
    write(tmp_path / "in" / "bob" / "twice.py", SOLUTION)
    url, out = ("--gradebook", str(tmp_path / "book.sqlite")), tmp_path / "out"
    output_of(root, "gradebook", "people", "import", str(write(tmp_path / "roster.csv", ROSTER)), *url)
    with Gradebook(url[1]) as found:
        add(found, graded(kata="two", sha="c"), "Cleo P", moment(9))
    output_of(root, "gradebook", "rule", "one", "--groups", *url)
    output_of(root, "grade-batch", str(tmp_path / "in"), "--out", str(out), "--kata", "one", *url)
    output_of(root, "feedback", str(out))
    output_of(root, "gradebook", "override", "cleo", "one", "--points", "1", "--reason", "absent", *url)
    output_of(root, "feedback", str(out))
    page = html.unescape((out / "feedback" / "cleo" / "one.html").read_text("utf-8"))
    assert "3 points on the first page" in page
    assert "override: 1: absent" in page
    for name in ("Cleo P", "cleo"):  # any of the person's names
        assert "written: 0 files for 0 people" in output_of(root, "feedback", str(out), name)
    assert "no verdicts for dora" in katas("--root", str(root), "feedback", str(out), "dora").err
    output_of(root, "gradebook", "forget", "cleo", "--yes", *url)
    assert not (out / "feedback" / "cleo").exists()


def test_page_does_not_wait_for_a_review_that_cannot_change_the_mark(tmp_path: Path) -> None:
    """The submission of bob counts for ada, and would also count if hers got full marks."""
    root, out = workshop.write_repository(tmp_path / "root", []), tmp_path / "out"
    workshop.write_kata(root, "one", toml=REVIEWED)
    for person, text in (("ada", ADDED), ("bob", SOLUTION)):
        write(tmp_path / "in" / person / "twice.py", text)
    url = ("--gradebook", str(tmp_path / "book.sqlite"))
    output_of(root, "gradebook", "people", "import", str(write(tmp_path / "roster.csv", ROSTER)), *url)
    output_of(root, "gradebook", "rule", "one", "--groups", *url)
    output_of(root, "grade-batch", str(tmp_path / "in"), "--out", str(out), "--kata", "one", *url)

    def page() -> str:
        text = (out / "feedback" / "ada" / "one.html").read_text("utf-8")
        return html.unescape(re.sub(r"<[^>]+>", "", text.partition("</style>")[2]))

    assert "awaiting review: 3 of them" in output_of(root, "feedback", str(out))
    assert "1 of 7 points; a review can still add up to 4 points" in page()
    assert "a review can still add up to 4 points, which the points below do not include" in page()
    assert "they await manual review: 4 points" in page()
    award = ("--by", "Grace", "--award", "why=4")
    output_of(root, "review", str(out / "verdicts" / "bob" / "one.json"), *award)
    assert "awaiting review" not in output_of(root, "feedback", str(out))
    assert "1 of 3 points; not reviewed, because that could not change the final mark" in page()
    assert "Failed, 1 of 3 points" in page()
    assert "not reviewed" in page().partition("Result")[2]
    assert "await manual review" not in page()
