"""`katas gradebook people`, `rule`, `course`, `override`, `show`, `export` and `stats`, as an instructor uses them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from graders import catalogue
from graders.errors import KataError
from katas_course import submissions
from katas_course.gradebook import Gradebook, storing
from katas_course.gradebook.people import Directory
from tests import shell
from tests.katas_course.books import DUE, add, audit_of, graded, moment, rows_of, task
from tests.katas_course.test_roster import CANVAS, GRADESCOPE, PLAIN, WORKSHEET
from tests.shell import katas_here
from tests.workshop import SOLUTION, write

Run = Callable[..., str]


@pytest.fixture
def url(tmp_path: Path, root: Path) -> str:
    """Return a gradebook with a submission from ada and one from bob. The kata `one` has 3 points."""
    with Gradebook(str(tmp_path / "book.sqlite"), who="Ivy") as book:
        book.write(storing.update_katas, [catalogue.load(root, "one")])
        for person, score, day in (("ada", 3.0, 9), ("bob", 1.0, 12)):
            tasks = (task("twice", min(score, 2.0), 2.0), task("half", max(score - 2, 0.0), 1.0))
            status = "passed" if score == 3 else "failed"
            verdict = graded(score, max_score=3.0, tasks=tasks, status=status, sha=person[0])
            add(book, verdict, person, moment(day))
    return str(tmp_path / "book.sqlite")


@pytest.fixture
def run(root: Path, url: str) -> Run:
    """Return a function that runs `katas gradebook` and returns its output."""

    def run_(*words: str, status: int = 0) -> str:
        done = katas_here("--root", str(root), "gradebook", *words, "--gradebook", url)
        assert done.status == status, done.said
        assert "Traceback" not in done.err
        return done.out or done.err

    return run_


def put(tmp_path: Path, text: str, name: str = "list.csv") -> str:
    (tmp_path / name).write_bytes(text.encode())
    return str(tmp_path / name)


# People.


def test_people_import_names_new_and_unknown_people(run, tmp_path):
    file = put(tmp_path, CANVAS)
    assert run("people", "import", file) == (
        f"{file} (read as Canvas's): 2 people; 2 new\n"
        "left out, because they are not students: Student, Test\n"
        "submitted, but not in the roster: bob\n"
        "To match a name to a person on the roster: katas gradebook people match NAME ID\n"
    )
    assert run("people", "import", file).startswith(f"{file} (read as Canvas's): 2 people; nothing has changed\n")
    other = put(tmp_path, "id,name\ns1,Ada\n")
    first, warning, left, *_ = run("people", "import", other).splitlines()
    assert (first, left) == (f"{other}: 1 person; 1 changed, 1 left", "marked as left: s2")
    assert warning.startswith("WARNING: 1 of 2 people are now marked as left, because this file lacks them.")


def test_people_import_warns_if_many_people_left(run, tmp_path):
    everyone = ["id,name,group", *(f"s{number:02},Person {number}," for number in range(30))]
    complete = put(tmp_path, "\n".join(everyone), "all.csv")
    run("people", "import", complete)
    before = run("people", "list")
    few = put(tmp_path, "\n".join(everyone[:-3]), "few.csv")
    assert "WARNING" not in run("people", "import", few), "a tenth is not many"
    section = put(tmp_path, "\n".join(everyone[:11]), "section.csv")
    said = run("people", "import", section).splitlines()
    assert said[1].startswith("WARNING: 17 of 27 people are now marked as left")
    assert said[1].endswith("import the complete file again: that brings them back as they were.")
    assert said[2] == f"marked as left: {', '.join(f's{number}' for number in range(10, 20))} and 7 more"
    run("people", "import", complete)
    assert run("people", "list") == before
    nothing = f"no submission: {', '.join(f's{number:02}' for number in range(10))} and 20 more"
    assert nothing in run("show").splitlines()
    assert run("rule", "one", "--groups").splitlines()[1].startswith("no one on the roster has a group")
    grouped = put(tmp_path, "\n".join([*everyone[:-1], "s29,Person 29,red"]), "grouped.csv")
    run("people", "import", grouped)
    alone = run("rule", "one", "--groups").splitlines()[1]
    assert alone == f"in no group, so alone: {', '.join(f's{number:02}' for number in range(10))} and 19 more"


def test_bad_roster_changes_nothing(run, tmp_path):
    run("people", "import", put(tmp_path, PLAIN))
    before = run("people", "list")
    file = put(tmp_path, "id,name\ns3,Cleo\ns3,Dora\n")
    said = run("people", "import", file, status=2)
    assert said == f"katas: {file}, line 3: the id s3 is already in line 2. Remove one of the lines.\n"
    assert run("people", "list") == before


def test_people_list_says_how_names_were_matched(run, tmp_path):
    run("people", "import", put(tmp_path, PLAIN))
    assert run("people", "list").splitlines() == [
        "bob  not in the roster",
        "s1  Ada Lovelace  ada@uni.example  A  G1  submits as ada (e-mail)",
        "s2  Zoé Müller  zoe@uni.example  B  G2",
    ]
    assert run("people", "match", "bob", "zoe") == "bob: submissions of s2\n"
    assert "submits as bob (matched by hand)" in run("people", "list")
    assert run("people", "match", "bob", "--undo") == "bob: no longer matched by hand\n"
    assert "bob: it was not matched by hand" in run("people", "match", "bob", "--undo", status=2)
    assert "either the person" in run("people", "match", "bob", status=2)
    run("people", "import", put(tmp_path, "id,github\ns1,gh-ada\n"))
    ada = "s1  Ada Lovelace  ada@uni.example  A  G1  github gh-ada  submits as ada (e-mail)"
    assert ada in run("people", "list").splitlines()


def test_person_is_forgotten_by_any_name(run, url, tmp_path):
    run("people", "import", put(tmp_path, PLAIN))
    assert "removed from" in run("forget", "Ada Lovelace", "--yes")
    with Gradebook(url) as book:
        assert [each.id for each in book.read(Directory).listings()] == ["bob", "s2"]
        assert not [row for row in audit_of(book) if row.person in ("ada", "s1")]
    assert "Ada Lovelace: no such person" in run("forget", "Ada Lovelace", "--yes", status=2)


# Rules.


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--due", "31.5.2026"), "--due 31.5.2026: the time of day is missing. Write it like this: 2026-05-31T23:59"),
        (("--due", "2026-05-31"), "--due 2026-05-31: the time of day is missing. Write it like this: 2026-05-31T23:59"),
        (("--due", "5/31/2026"), "--due 5/31/2026: expected a time such as 2026-05-31T23:59+02:00."),
        (("--due", "soon"), "--due soon: expected a time such as"),
        (("--grace", "15"), "--grace 15: expected a number with a unit, such as 15m"),
        (("--grace", "30d"), "--grace 30d: the limit is 7d."),
        (("--missing", "maybe"), "--missing maybe: expected zero or empty."),
        (("--person", "ada", "--weight", "2"), "--person works only with --due"),
    ],
)
def test_wrong_rule_is_refused_with_one_that_works(run, words, said):
    assert said in run("rule", "one", *words, status=2)


def test_suggested_deadline_is_accepted(run):
    said = run("rule", "one", "--due", "31.5.2026", status=2)
    due = said.partition("like this: ")[2].rstrip(".\n")
    assert run("rule", "one", "--due", due).startswith("one: best submission counts, due 2026-05-31T21:59:00+00:00")


def test_deadlines_and_extensions_are_listed_and_withdrawn(run, tmp_path):
    run("people", "import", put(tmp_path, PLAIN))
    run("rule", "one", "--due", DUE, "--late-percent", "10", "--grace", "15m", "--category", "homework")
    assert run("rule", "one", "--person", "zoe", "--due", moment(20)) == f"one, zoe: due {moment(20)}\n"
    changed = run("rule", "one", "--person", "s2", "--due", moment(21))
    assert changed == f"one, s2: due {moment(21)} (before: {moment(20)})\n"
    rule = f"one: best submission counts, due {DUE}, penalty for lateness: 10 % a day, 15 minutes of grace"
    listed = f"{rule}, category homework\n  s2: due {moment(21)}\n"
    assert (run("rule"), run("rule", "one")) == (listed, listed)
    withdrawn = run("rule", "one", "--person", "s2", "--due", "never")
    assert withdrawn == f"one, s2: {moment(21)} is withdrawn; due {DUE}, as for everyone\n"
    assert "due never" in run("rule", "one", "--due", "never")
    assert "cleo: no such person" in run("rule", "one", "--person", "cleo", "--due", moment(20), status=2)
    trail = run("audit")
    assert all(word in trail for word in ("withdrawn", "15 minutes of grace", moment(21)))


def test_extension_is_later_than_the_deadline(run):
    early = run("rule", "one", "--person", "ada", "--due", moment(5))
    assert early == f"one, ada: due {moment(5)}; this has no effect until one has a general deadline\n"
    run("rule", "one", "--due", moment(8), "--late-percent", "50")
    assert "1.5" in run("show")
    said = run("rule", "one", "--person", "ada", "--due", moment(8), status=2)
    assert f"everyone's deadline is {moment(8)}, which is not earlier. Choose a later time" in said
    run("rule", "one", "--person", "ada", "--due", moment(9, 11))
    assert "3 of 3" in run("show", "ada")


def test_wide_table_has_a_line_for_each_kata_and_the_total(run, url):
    with Gradebook(url) as book:
        for number in range(12):
            add(book, graded(5, kata=f"exercise{number}"), "ada", moment(9))
    lines = run("show").splitlines()
    assert lines[0].split() == ["ada", "exercise0", "5", "of", "10", "failed"]
    assert lines[13].split()[:6] == ["ada", "total", "63", "of", "123", "(51.22"]
    assert lines[15].split()[:6] == ["bob", "total", "1", "of", "123", "(0.813"]


def test_showing_a_rule_changes_nothing(run):
    before = run("audit"), run("show")
    assert run("rule", "two").startswith("two: best submission counts, due never")
    assert (run("audit"), run("show")) == before


def test_course_has_a_bank_a_pass_mark_and_categories(run):
    assert run("course") == "no late-day bank; no pass mark\n"
    run("rule", "one", "--category", "homework")
    run("rule", "two", "--due", DUE)
    said = run("course", "--late-day-bank", "5", "--pass-percent", "50", "--category", "exam", "--weight", "40")
    assert said == (
        "late days: 5 a person; pass mark 50 %; category exam: weight 40\n"
        "without a category, so not in the total: two\n"
        "no kata is in category exam: katas gradebook rule KATA --category exam\n"
    )
    assert "--weight: specify the category" in run("course", "--weight", "3", status=2)
    assert "specify what to change" in run("course", "--category", "exam", status=2)
    assert "course  no late-day bank; no pass mark" in run("audit")


# Decisions.


def test_override_appears_in_every_output(run):
    said = run("override", "bob", "one", "--points", "2.5", "--reason", "an oral exam", "--by", "Ivy")
    assert said == "bob, one: 2.5 of 3 (1 of 3; override to 2.5 by Ivy: an oral exam)\n"
    assert "2.5!" in run("show")
    assert "1 of 3; override to 2.5 by Ivy: an oral exam" in run("show", "bob")
    rows = rows_of(run("export", "csv", "one"))
    assert [(row["person"], row["points"], row["final_points"]) for row in rows] == [
        ("ada", "3.0", "3.0"),
        ("bob", "1.0", "2.5"),
    ]
    assert rows[1]["steps"] == "1 of 3; override to 2.5 by Ivy: an oral exam"
    (_, bob) = rows_of(run("export", "csv", "--per", "person"))
    assert (bob["one"], bob["total"], bob["maximum"]) == ("2.5", "2.5", "3.0")
    assert bob["notes"] == "one: 1 of 3; override to 2.5 by Ivy: an oral exam"
    assert "Ivy  override  bob  one  2.5: an oral exam" in run("audit", "bob")
    assert run("withdraw", "bob", "one").splitlines() == ["withdrawn: 2.5: an oral exam", "bob, one: 1 of 3 (1 of 3)"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("override", "bob", "one", "--points", "4", "--reason", "x"), "--points 4: one has only 3. Choose 0 to 3."),
        (
            ("override", "bob", "one", "--task", "half", "--points", "2", "--reason", "x"),
            "--points 2: half has only 1. Choose 0 to 1.",
        ),
        (
            ("override", "bob", "one", "--task", "third", "--points", "1", "--reason", "x"),
            "one: there is no task third. Choose one of: twice, half.",
        ),
        (("override", "bob", "one", "--points", "1", "--reason", " "), "--reason: it is empty."),
        (("override", "bob", "one", "--points", "nan", "--reason", "x"), "Invalid value for '--points'"),
        (("exclude", "cleo", "one", "--reason", "x"), "cleo: no such person"),
        (("exclude", "bob", "three", "--reason", "x"), "there is no kata `three`"),
        (("withdraw", "bob", "one"), "bob, one: there is no override or exclusion."),
        (("request", "close", "3", "--answer", "x"), "3: no such request."),
        (("exclude", "ada", "one", "--reason", "x", "--by", "\udcff"), "'\\udcff': this is not valid UTF-8. Write it"),
    ],
)
def test_impossible_decision_is_refused(run, words, said):
    before = run("audit")
    assert said in run(*words, status=2)
    assert run("audit") == before


def test_override_without_any_submission_can_be_withdrawn(run):
    assert "2 of 3 (no submission; override to 2" in run("override", "ada", "two", "--points", "2", "--reason", "oral")
    assert run("withdraw", "ada", "two").splitlines() == ["withdrawn: 2: oral", "ada, two: no submission"]


def test_exclusion_appears_in_every_output(run, tmp_path):
    run("exclude", "ada", "one", "--reason", "plagiarism case 7", "--by", "Ivy")
    assert "excluded by Ivy: plagiarism case 7" in run("show", "ada")
    said = run("stats")
    assert "one (one): 0 of the 1 people who submitted passed" in said
    assert "  1 person whom an instructor excluded is left out of all numbers\n" in said
    assert "of the 1 people graded pass" in said
    run("stats", "--html", str(tmp_path / "page.html"))
    page = " ".join((tmp_path / "page.html").read_text(encoding="utf-8").split())
    assert "0 of 1 passed; 1 person whom an instructor excluded is left out of all numbers." in page
    assert " 1 person. Includes" in page


def test_requests_to_regrade_are_kept(run):
    assert run("request", "list") == "no open requests\n"
    assert run("request", "add", "bob", "one", "--reason", "task 1 is right") == "request 1 added\n"
    assert "bob  one" in run("request", "list")
    assert "request 1, one: task 1 is right (open)" in run("show", "bob")
    run("request", "close", "1", "--answer", "it is not", "--by", "Ivy")
    assert run("request", "list") == "no open requests\n"
    assert re.search("closed by Ivy .*: it is not$", run("request", "list", "--all"), re.MULTILINE)
    assert "Ivy closed this request" in run("request", "close", "1", "--answer", "again", status=2)


# Show and export.


def test_people_without_a_submission_are_listed(run, tmp_path):
    run("people", "import", put(tmp_path, PLAIN))
    run("course", "--pass-percent", "50")
    assert run("show").splitlines() == [
        "person     one   total     of",
        "bob          1       1      3  not passed",
        "s1           3       3      3  passed",
        "s2           –       0      3  not passed",
        "no submission: s2",
        "not in the roster: bob",
    ]
    assert "1 of 3 people have not submitted anything" in run("stats")
    assert "1 of 3 people reach 50 % of the total, mean 44 %" in run("stats")
    words = ("export", "csv", "--per", "person")
    cells = [(row["person"], row["name"], row["one"], row["passed"]) for row in rows_of(run(*words))]
    assert cells == [("bob", "", "1.0", "0"), ("s1", "Ada Lovelace", "3.0", "1"), ("s2", "Zoé Müller", "0.0", "0")]
    run("rule", "one", "--missing", "empty")
    rows = rows_of(run(*words))
    assert [(row["one"], row["maximum"]) for row in rows] == [("1.0", "3.0"), ("3.0", "3.0"), ("", "0")]
    (last,) = [row for row in rows_of(run("export", "csv")) if row["person"] == "s2"]
    assert (last["status"], last["final_points"], last["steps"]) == ("missing", "", "no submission")


def test_show_person_explains_late_days(run, tmp_path):
    run("people", "import", put(tmp_path, PLAIN.replace("s2,Zoé", "bob,Zoé")))
    run("rule", "one", "--due", DUE, "--late-percent", "10")
    run("course", "--late-day-bank", "1")
    said = run("show", "bob")
    assert "1 of 3; 2 days late, 1 from the late-day bank: −10 %" in said
    assert "late days used without a penalty: 1 of 1" in said


def test_canvas_file_is_filled_in(run, tmp_path):
    text = CANVAS.replace("Exercise 1 (4711)", "One (4711)")
    run("people", "import", put(tmp_path, text))
    file = put(tmp_path, text, "download.csv")
    said = run("export", "canvas", "one", "--into", file, status=2)
    assert said.splitlines() == [
        f"written: {file} (2 people, column One (4711))",
        "in the gradebook, but not in the file: bob",
        "the platform has 10 points for it, but the kata has 3: change it there",
    ]
    data = Path(file).read_bytes()
    assert data.startswith("\ufeffStudent,ID,SIS User ID".encode())
    before, after = (list(csv.reader(io.StringIO(each))) for each in (text, data.decode("utf-8-sig")))
    assert [row[5] for row in after] == ["One (4711)", "10.00", "3", "0", ""]
    for old, new in zip(before, after, strict=True):
        assert (old[:5], old[6:]) == (new[:5], new[6:])


def test_moodle_worksheet_is_filled_in_without_a_roster(run, tmp_path):
    text = WORKSHEET.replace("Zoé Müller", "=cmd()").replace("\n", "\r\n")
    file = put(tmp_path, text, "worksheet.csv")
    said = run("export", "moodle", "one", "--into", file, "--output", str(tmp_path / "new.csv"), status=2)
    assert "in the file, but not in the gradebook: =cmd()" in said
    rows = rows_of((tmp_path / "new.csv").read_bytes().decode())
    assert [(row["Identifier"], row["Full name"], row["Grade"]) for row in rows] == [
        ("Participant 501", "Ada Lovelace", "3"),
        ("Participant 502", "=cmd()", ""),
    ]
    assert Path(file).read_bytes() == text.encode()


def test_gradescope_scores_are_filled_in(run, tmp_path):
    text = (
        GRADESCOPE.replace("Role,Sections", "Total Score,Max Points").replace("Student,", ",").replace(",A\n", ",3\n")
    )
    text = "\n".join(text.splitlines()[:3]) + "\n"
    file = put(tmp_path, text, "scores.csv")
    run("export", "gradescope", "one", "--into", file, status=2)
    assert "Ada,Lovelace,s1,ada@uni.example,3,3" in Path(file).read_text(encoding="utf-8-sig")


def test_names_of_downloads_are_matched(run, tmp_path, url):
    with Gradebook(url) as book:
        for sha, name in enumerate(("m\u00fcllerzo\u00e9_78", "Ada Lovelace_501")):
            add(book, graded(2, sha=str(sha)), name, moment(3))
    run("people", "import", put(tmp_path, CANVAS))
    run("people", "import", put(tmp_path, WORKSHEET))
    listed = run("people", "list")
    assert "Ada Lovelace_501  not in the roster" in listed  # Moodle adds such a number only where names are not unique
    run("people", "match", "Ada Lovelace_501", "s1")
    assert "submits as Ada Lovelace_501 (matched by hand), ada (e-mail)" in run("people", "list")
    assert "submits as m\u00fcllerzo\u00e9_78 (Canvas id)" in listed


@pytest.mark.parametrize(
    ("system", "text", "said"),
    [
        ("canvas", WORKSHEET, "this is not a file from Canvas. Download one there, or omit --into."),
        ("canvas", CANVAS, 'there is no column for one. Name one with --column: "Exercise 1 (4711)".'),
        (
            "canvas",
            CANVAS.replace("Exercise 1 (4711),Current Score", "One (1),One again (2)").replace(",(read only)", ","),
            'several columns fit one. Name one with --column: "One (1)", "One again (2)".',
        ),
        ("moodle", "", "it is empty"),
    ],
)
def test_file_that_cannot_be_filled_is_left_unchanged(run, tmp_path, system, text, said):
    file = put(tmp_path, text)
    assert said in run("export", system, "one", "--into", file, status=2)
    assert Path(file).read_bytes() == text.encode()


ESSAY = (task("twice", 2.0, 2.0), task("essay", 0.0, 1.0, "awaiting_review"))


@pytest.mark.parametrize(
    ("person", "verdict", "said", "unchanged"),
    [
        (
            "Ada Lovelace",
            graded(1, sha="d"),
            "line 3 fits several people, so it was left out: Ada Lovelace, ada",
            '"Lovelace, Ada",77,s1,ada@uni.example,Tutorial A,,\n',
        ),
        (
            "zoe",
            graded(2.0, max_score=2.0, review_points=1.0, tasks=ESSAY, status="awaiting_review", sha="e"),
            "left out, because their points await review: zoe",
            ",8.00,80.0",
        ),
    ],
)
def test_doubtful_line_and_points_that_await_review_are_left_out(run, tmp_path, url, person, verdict, said, unchanged):
    with Gradebook(url) as book:
        add(book, verdict, person, moment(3))
    file = put(tmp_path, CANVAS)
    assert said in run("export", "canvas", "one", "--into", file, "--column", "Exercise 1 (4711)", status=2)
    assert unchanged in Path(file).read_text(encoding="utf-8-sig")


def test_people_who_left_are_in_an_export_if_they_submitted(run, tmp_path):
    run("people", "import", put(tmp_path, CANVAS))
    run("people", "import", put(tmp_path, "id,name\ns3,Cleo\n", "now.csv"))
    file = put(tmp_path, CANVAS)
    said = run("export", "canvas", "one", "--into", file, "--column", "Exercise 1 (4711)", status=2)
    assert "left the course without a submission, so their lines are unchanged: s2\n" in said
    assert "not in the gradebook" not in said
    assert "in the gradebook, but not in the file: bob, s3\n" in said
    filled = Path(file).read_text(encoding="utf-8-sig")
    assert ",s1,ada@uni.example,Tutorial A,3," in filled
    assert ",s2,zoe@uni.example,Tutorial B,8.00," in filled
    people = [row.split(",")[0] for row in run("export", "csv", "one", "--per", "person").splitlines()]
    assert people == ["person", "bob", "s1", "s3"]
    assert [row.split(",")[1] for row in run("export", "moodle", "one", status=2).splitlines()] == [
        "Email address",
        "ada@uni.example",
        "",
    ]


@pytest.mark.parametrize(
    "words",
    [
        ("override", "bob", "one", "--points", "2", "--reason", "x"),
        ("exclude", "bob", "one", "--reason", "x"),
        ("withdraw", "bob", "one"),
        ("request", "close", "1", "--answer", "x"),
    ],
)
def test_nobody_decides_as_root(run, monkeypatch, words):
    run("override", "bob", "one", "--points", "1.5", "--reason", "an oral exam")
    run("request", "add", "bob", "one", "--reason", "line 3 is right")
    before = run("audit")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "")
    monkeypatch.setenv("LOGNAME", "root")
    said = run(*words, status=2)
    assert said.startswith("katas: --by: students see who decided this, and it would be root. Sign with your name:")
    assert run("audit") == before
    run(*words, "--by", "Grace Hopper")
    assert "Grace Hopper" in run("audit")


@pytest.mark.parametrize(
    "words",
    [("stats",), ("export", "csv"), ("export", "csv", "--per", "person"), ("rule", "--counts", "last")],
)
def test_a_kata_is_taken_as_an_option_too(run, words):
    as_argument = run(*words, "one")
    assert run(*words, "--kata", "one") == as_argument
    assert run(*words, "--kata=one") == as_argument
    assert "there is no kata" in run(*words, "--kata", "three", status=2)


def test_column_with_a_typing_error_is_named(run, tmp_path):
    said = run("people", "import", put(tmp_path, "id,gruop,shoe size\ns1,G1,38\n")).splitlines()
    assert said[1:3] == [
        "WARNING: the column gruop was not read. Did you mean group?",
        "WARNING: the column shoe size was not read.",
    ]


def test_without_a_file_the_export_has_what_an_import_needs(run, tmp_path):
    assert "There is no roster" in run("export", "canvas", "one", status=2)
    run("people", "import", put(tmp_path, CANVAS.replace("Müller, Zoé", "=cmd()")))
    assert run("export", "canvas", "one", status=2).splitlines() == [
        "Student,ID,SIS User ID,SIS Login ID,Section,Twice",
        "    Points Possible,,,,,3",
        '"Lovelace, Ada",77,s1,ada@uni.example,Tutorial A,3',
        "'=cmd(),78,s2,zoe@uni.example,Tutorial B,0",
    ]
    said = run("export", "moodle", "one", status=2)
    assert said.splitlines()[:2] == ["ID number,Email address,Twice", "s1,ada@uni.example,3"]
    assert run("export", "gradescope", "one", status=2).splitlines()[1] == '"Lovelace, Ada",s1,ada@uni.example,3,3'
    run("people", "import", put(tmp_path, "id,e-mail\n=1+1,a@b\n"))
    assert "a spreadsheet would treat this id as a formula" in run("export", "moodle", "one", status=2)


def test_new_gradebook_is_announced_with_the_others_in_its_folder(root, tmp_path):
    for person in ("ada", "bob"):
        write(tmp_path / "in" / person / "twice.py", SOLUTION)
    words = ("--root", str(root), "grade-batch", str(tmp_path / "in"), "--kata", "one", "--gradebook")
    first = shell.katas(*words, str(tmp_path / "course.sqlite"), "--out", str(tmp_path / "one"))
    assert (first.status, first.err.count("new gradebook: ")) == (0, 1), first.said
    assert "already" not in first.err
    typo = shell.katas(*words, str(tmp_path / "corse.sqlite"), "--out", str(tmp_path / "two"))
    said = f"new gradebook: {tmp_path}/corse.sqlite. There already is course.sqlite; is it that one?"
    assert (typo.status, said in typo.err) == (0, True), typo.said
    again = shell.katas(*words, str(tmp_path / "corse.sqlite"), "--out", str(tmp_path / "two"))
    assert (again.status, "new gradebook" in again.err) == (0, False), again.said
    other = shell.katas(*words, str(tmp_path / "cours.sqlite"), "--out", str(tmp_path / "two"))
    assert (other.status, "cours.sqlite: the results in" in other.err) == (2, True), other.said
    assert not (tmp_path / "cours.sqlite").exists()


@pytest.mark.parametrize(
    ("due", "said"),
    [
        (
            "2026-10-25T02:30",
            "this time occurs twice, because the clocks change. Add the offset: 2026-10-25T02:30+02:00",
        ),
        (
            "2026-03-29T02:30",
            "this time does not exist, because the clocks change. Add the offset: 2026-03-29T02:30+02:00",
        ),
    ],
)
def test_a_deadline_that_the_clock_shows_twice_or_never_is_refused(run, tmp_path, due, said):
    run("course", "--zone", "Europe/Berlin")
    said = f"{due}: in Europe/Berlin, {said} or {due}+01:00"
    assert f"--due {said}" in run("rule", "one", "--due", due, status=2)
    run("rule", "one", "--due", f"{due}+01:00")
    with pytest.raises(KataError, match=re.escape(said.partition(": ")[2])):
        submissions.read_times(write(tmp_path / "times.csv", f"ada,{due}\n"), zone="Europe/Berlin")
