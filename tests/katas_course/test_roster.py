"""The roster: files of every usual kind, matching names, people who leave, and what a bad file says."""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from graders.errors import KataError
from katas_course import roster_files
from katas_course.commands import regrade
from katas_course.downloads import SubmissionEntry
from katas_course.gradebook import Gradebook, decisions, people, removal, results, settings
from katas_course.gradebook.people import Directory
from katas_course.gradebook.roster_changes import import_roster
from katas_course.gradebook.tables import Table
from katas_course.platforms.platform import RosterEntry
from katas_course.roster import BY_HAND, Roster, RosterPerson, spellings
from katas_course.roster_files import RosterFile
from katas_course.submissions import KataSubmission
from tests.katas_course.books import DUE, add, audit_of, changes, graded, moment, results_in

PLAIN = "id,name,e-mail,section,group\ns1,Ada Lovelace,ada@uni.example,A,G1\ns2,Zoé Müller,zoe@uni.example,B,G2\n"
CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Exercise 1 (4711),Current Score\n"
    "    Points Possible,,,,,10.00,(read only)\n"
    '"Lovelace, Ada",77,s1,ada@uni.example,Tutorial A,,\n'
    '"Müller, Zoé",78,s2,zoe@uni.example,Tutorial B,8.00,80.0\n'
    '"Student, Test",99,,abc123,Tutorial B,,\n'
)
PARTICIPANTS = (
    '"First name","Last name","ID number","Email address",Roles,Groups\n'
    "Ada,Lovelace,s1,ada@uni.example,Student,G1\n"
    "Zoé,Müller,s2,zoe@uni.example,Student,G2\n"
    "Grace,Hopper,t1,grace@uni.example,Teacher,\n"
)
WORKSHEET = (
    'Identifier,"Full name","Email address",Status,Grade,"Maximum Grade","Grade can be changed",'
    '"Last modified (grade)","Feedback comments"\n'
    '"Participant 501","Ada Lovelace",ada@uni.example,"Submitted for grading",,10.00,Yes,-,\n'
    '"Participant 502","Zoé Müller",zoe@uni.example,"No submission",,10.00,Yes,-,\n'
)
GRADESCOPE = (
    "First Name,Last Name,SID,Email,Role,Sections\n"
    "Ada,Lovelace,s1,ada@uni.example,Student,A\n"
    "Zoé,Müller,s2,zoe@uni.example,Student,B\n"
    "Grace,Hopper,,grace@uni.example,Instructor,\n"
)


def write(tmp_path: Path, text: str | bytes, name: str = "roster.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def entries_of(file: RosterFile) -> list[tuple[str | None, ...]]:
    return [(each.id, each.name, each.email, each.section, each.team) for each in file.entries]


TWO = [("s1", "Ada Lovelace", "ada@uni.example", "A", "G1"), ("s2", "Zoé Müller", "zoe@uni.example", "B", "G2")]


@pytest.mark.parametrize(
    "data",
    [
        PLAIN.encode(),
        PLAIN.encode("utf-8-sig"),
        PLAIN.encode("utf-16"),
        PLAIN.encode("utf-16-le"),
        PLAIN.encode("cp1252"),
        PLAIN.replace(",", ";").encode(),
        PLAIN.replace(",", "\t").encode("utf-16"),
        PLAIN.replace("\n", "\r\n").encode(),
        ("sep=;\r\n" + PLAIN.replace(",", ";")).encode(),
        PLAIN.replace("id,name,e-mail,section,group", "Student ID,Full Name,E-Mail Address,Class,Team").encode(),
        PLAIN.replace("id,name,e-mail,section,group", "Matrikelnummer,Name,Mail,Tutorial,Gruppe").encode(),
        PLAIN.replace("id,name,e-mail,section,group", "ID-Nummer,Vollername,E-Mail-Adresse,Class,Gruppen").encode(),
        (PLAIN + "\n  , , , ,\n").encode(),
    ],
)
def test_every_usual_encoding_and_separator_is_read(tmp_path, data):
    assert entries_of(roster_files.read(write(tmp_path, data))) == TWO


@pytest.mark.parametrize(
    ("text", "system", "ids", "skipped"),
    [
        (CANVAS, "canvas", (("canvas", "77"), ("login", "ada@uni.example")), ("Student, Test",)),
        (PARTICIPANTS, "moodle", (), ("Grace Hopper",)),
        (GRADESCOPE, "gradescope", (), ("Grace Hopper",)),
    ],
)
def test_files_of_learning_platforms_are_read_as_they_are(tmp_path, text, system, ids, skipped):
    file = roster_files.read(write(tmp_path, text))
    assert (file.system, [each.id for each in file.entries], file.skipped) == (system, ["s1", "s2"], skipped)
    assert (file.entries[0].email, file.entries[0].ids) == ("ada@uni.example", ids)


CLASSROOM = "identifier,github_username,github_id,name\ns1,ada-l,901,Ada Lovelace\ns2,Zoe99,902,Zo\u00e9 M\u00fcller\n"


@pytest.mark.parametrize("text", [CLASSROOM, "id,GitHub,name\ns1,ada-l,Ada Lovelace\ns2,Zoe99,Zo\u00e9 M\u00fcller\n"])
def test_github_logins_belong_to_people(tmp_path, text):
    file = roster_files.read(write(tmp_path, text))
    assert [(each.id, each.ids) for each in file.entries] == [
        ("s1", (("github", "ada-l"),)),
        ("s2", (("github", "Zoe99"),)),
    ]
    roster = Roster(RosterPerson(each.id, each.name or "", ids=each.ids) for each in file.entries)
    assert (roster.match("ADA-L").id, roster.match("zoe99").how) == ("s1", "GitHub login")


def test_ids_that_a_spreadsheet_has_changed_are_repaired(tmp_path):
    lines = ['"=""00123""",Ada', "'00124,Bob", "1234567.0,Cleo", "s4,Dora", '"101,0",Eve']
    file = roster_files.read(write(tmp_path, "\n".join(["id,name", *lines])))
    assert [each.id for each in file.entries] == ["00123", "00124", "1234567", "s4", "101"]
    assert file.repaired == {'="00123"': "00123", "'00124": "00124", "1234567.0": "1234567", "101,0": "101"}


def test_logins_are_found_in_what_people_write(tmp_path):
    cells = ["@ada-l", "https://github.com/Zoe99", "github.com/bob/", ""]
    file = roster_files.read(write(tmp_path, "id,github\n" + "".join(f"s{n},{cell}\n" for n, cell in enumerate(cells))))
    assert [dict(each.ids).get("github") for each in file.entries] == ["ada-l", "Zoe99", "bob", None]
    roster_files.check_logins(file)
    with pytest.raises(KataError, match=r"line 2: Ada Lovelace is not a GitHub login\. Write the login alone"):
        roster_files.check_logins(roster_files.read(write(tmp_path, "id,github\ns1,Ada Lovelace\n")))


@pytest.mark.parametrize(("name", "encoding"), [("王小明", "gbk"), ("Мария", "cp1251"), ("Łukasz", "cp1250")])
def test_a_guessed_encoding_is_said_with_a_sample(tmp_path, name, encoding):
    path = write(tmp_path, f"id,name\ns1,{name}\n".encode(encoding))
    guessed = roster_files.read(path)
    assert guessed.sample
    assert guessed.entries[0].name != name
    chosen = roster_files.read(path, encoding)
    assert (chosen.entries[0].name, chosen.sample) == (name, "")
    for wrong in ("utf-8", "klingon"):
        with pytest.raises(KataError, match=f"--encoding {wrong}: .* Save the file as CSV in UTF-8"):
            roster_files.read(path, wrong)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it is empty. The first line names the columns"),
        ("id,name\n", "there are no people in it. Add a line"),
        ("id,name\ns1,Ada\ns2,Bob\ns1,Cleo\n", "line 4: the id s1 is already in line 2. Remove one of the lines."),
        ("id,github\ns1,gh-a\ns2,gh-a\n", "line 3: the login gh-a is already in line 2. Remove one of the lines."),
        ("id,name\nZo\u00e9,Ada\nZoe\u0301,Bob\n", "line 3: the id Zo\u00e9 is already in line 2."),
        ("id,name\ns1,Ada\n,Bob\n", "line 3: the id is missing. Add it, or remove the line."),
        ("id,name\ns1,Ada,x,y\n", "line 2: values found: 4; columns in the first line: 2. Put quotation marks"),
        (
            "id,name,section\ns1\n",
            "line 2: values found: 1; columns in the first line: 3. Add the missing values or separators",
        ),
        ('id,name\ns1,"Ada\ns2,Bob\n', "line 2: unexpected end of data. Check the quotation marks in this line."),
        (b"id,name\ns1,Ada\ns2,\x81\n", "line 3: it cannot be read as text. Save the file as CSV in UTF-8."),
        (b"id,name\ns1,A\0da\n", "line 2: it cannot be read as text"),
        ("surname\nAda\n", "line 1: no column has the people's ids. The first line names the columns: id,name"),
        ("id,e-mail,Mail\ns1,a,b\n", "line 1: the columns e-mail and Mail both give the email. Remove one of them."),
        (b"PK\x03\x04....", "this is a spreadsheet. Save it as CSV"),
        ("id,name\n1.23457E+11,Ada\n1.23457E+11,Bob\n", "line 2: a spreadsheet has shortened an id to 1.23457E+11."),
        ('id,name\n"=""1.23457E+11""",Ada\n', 'a spreadsheet has shortened an id to ="1.23457E+11".'),
        (f"id\n{'x' * 300}\n", "line 2: the id is longer than 200 bytes. Shorten it."),
    ],
)
def test_bad_roster_is_one_message_and_nothing_is_imported(tmp_path, text, said):
    path = write(tmp_path, text)
    with pytest.raises(KataError) as raised:
        roster_files.read(path)
    assert str(raised.value).startswith(f"{path}")
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_people_without_an_id_are_known_by_their_address(tmp_path):
    file = roster_files.read(write(tmp_path, "Name,Email,Role\nAda,ada@uni.example,Student\nBob,b@uni.example,TA\n"))
    assert (file.system, file.skipped) == ("gradescope", ("Bob",))
    assert entries_of(file) == [("ada@uni.example", "Ada", "ada@uni.example", None, None)]


def test_missing_roster_is_reported(tmp_path):
    with pytest.raises(KataError, match=r"none\.csv: No such file or directory\. Specify a CSV file\."):
        roster_files.read(tmp_path / "none.csv")


@given(st.binary(max_size=200))
def test_any_bytes_give_a_roster_or_one_message(tmp_path_factory, data):
    path = write(tmp_path_factory.getbasetemp(), data, "fuzzed.csv")
    with contextlib.suppress(KataError):
        roster_files.read(path)


# Matching.

ADA = RosterPerson("s1", "Lovelace, Ada", "ada@uni.example", ids=(("canvas", "4177"), ("canvas", "9")))
ZOE = RosterPerson("s2", "Zoé von Müller", "zoe.m@uni.example", ids=(("github", "zoe"),))


@pytest.mark.parametrize(
    ("submitted", "found"),
    [
        ("s1", ("s1", "roster id")),
        ("S1", ("s1", "roster id")),
        ("4177", ("s1", "Canvas id")),
        ("lovelaceada_4177", ("s1", "Canvas id")),
        ("ada", ("s1", "e-mail")),
        ("ADA@uni.example", ("s1", "e-mail")),
        ("zoe.m", ("s2", "e-mail")),
        ("Ada Lovelace", ("s1", "full name")),
        ("lovelaceada", ("s1", "full name")),
        ("Zoe\u0301 von Mu\u0308ller", ("s2", "full name")),
        ("M\u00fcllerZo\u00e9von", ("s2", "full name")),
        ("bob", (None, "not in the roster")),
        ("", (None, "not in the roster")),
        ("ada_2", (None, "not in the roster")),
        ("ada_9", (None, "not in the roster")),
        ("lovelaceada_9", ("s1", "Canvas id")),
        ("Ada Lovelace_9", ("s1", "Canvas id")),
        ("Participant_9", (None, "not in the roster")),  # Moodle's number, which isn't Canvas's
        ("Ada 4177", (None, "not in the roster")),
        ("Kim Zoe", (None, "not in the roster")),
        ("Participant_501", (None, "not in the roster")),
    ],
)
def test_name_of_a_submission_is_matched(submitted, found):
    assert Roster([ADA, ZOE]).match(submitted) == found


def test_roster_id_wins_over_everything_else():
    persons = [
        RosterPerson("ada", "Bob Bobson"),
        RosterPerson("s1", "Ada", "ada@uni.example", ids=(("canvas", "ada"),)),
    ]
    assert Roster(persons).match("ada") == ("ada", "roster id")


def test_full_name_of_two_people_matches_neither():
    persons = [RosterPerson("s1", "Ada Lovelace"), RosterPerson("s2", "ada lovelace")]
    assert Roster(persons).match("Ada Lovelace") == (None, "fits several people: s1, s2")


def test_the_name_of_someone_who_left_goes_to_nobody_else_by_itself():
    persons = [RosterPerson("s1", "Ada Lovelace", left_at=DUE), RosterPerson("s2", "Ada Lovelace")]
    assert Roster(persons).match("Ada Lovelace") == (None, "fits several people: s1, s2")
    by_hand = RosterPerson("s2", "Ada Lovelace", ids=((BY_HAND, "Ada Lovelace"),))
    assert Roster([persons[0], by_hand]).match("Ada Lovelace") == ("s2", "matched by hand")


def test_a_name_that_two_people_have_is_matched_by_hand():
    """`grade-batch` takes no other submissions under such a name."""
    matched = RosterPerson("s1", "Ada Lovelace", ids=((BY_HAND, "Ada Lovelace"), (BY_HAND, "Ada Lovelace_501")))
    roster = Roster([matched, RosterPerson("s2", "Lovelace, Ada")])
    assert roster.match("Ada Lovelace") == ("s1", "matched by hand")
    assert roster.match("Ada Lovelace_501") == ("s1", "matched by hand")


@given(st.text(max_size=30))
def test_any_name_can_be_matched(name):
    assert Roster([ADA, ZOE]).match(name).how
    assert all(each.strip() for each in spellings(name))


# The gradebook.


def entries(*ids: str, **changes: str) -> RosterFile:
    found = [RosterEntry(n, each, each.title(), f"{each}@uni.example", "A", "") for n, each in enumerate(ids, start=2)]
    return RosterFile("roster.csv", changes.get("system", ""), tuple(found))


@pytest.fixture
def enrolled(book, tmp_path) -> Gradebook:
    """Return a gradebook with the plain roster."""
    book.write(import_roster, roster_files.read(write(tmp_path, PLAIN)))
    return book


def test_import_again_updates_and_marks_who_left(book, tmp_path):
    first = book.write(import_roster, roster_files.read(write(tmp_path, PLAIN)))
    assert (first.added, first.changed, first.left) == (["s1", "s2"], [], [])
    same = book.write(import_roster, roster_files.read(write(tmp_path, PLAIN)))
    assert (same.added, same.changed, same.left, same.returned) == ([], [], [], [])
    trail = len(audit_of(book))
    other = book.write(import_roster, roster_files.read(write(tmp_path, "id,section\ns2,C\ns3,A\n")))
    assert (other.added, other.changed, other.left) == (["s3"], ["s2"], ["s1"])
    on_roster = {each.id: each.roster for each in book.read(Directory).listings()}
    assert (on_roster["s2"].section, on_roster["s2"].name) == ("C", "Zoé Müller")
    assert on_roster["s1"].left_at is not None
    assert len(audit_of(book)) == trail + 3
    back = book.write(import_roster, roster_files.read(write(tmp_path, PLAIN)))
    assert (back.returned, back.left) == (["s1"], ["s3"])


def test_files_of_three_platforms_are_about_the_same_people(book, tmp_path):
    for text in (CANVAS, PARTICIPANTS, WORKSHEET, GRADESCOPE):
        changes = book.write(import_roster, roster_files.read(write(tmp_path, text)))
        assert (changes.left, changes.added) == ([], ["s1", "s2"] if text == CANVAS else [])
    ada = book.read(Directory).listings()[0].roster
    assert ada.ids == (("canvas", "77"), ("login", "ada@uni.example"))
    assert (ada.name, ada.section, ada.team) == ("Ada Lovelace", "A", "G1")


def test_id_of_a_platform_moves_to_its_new_owner(book, tmp_path):
    book.write(import_roster, roster_files.read(write(tmp_path, CANVAS)))
    swapped = CANVAS.replace("77", "7x").replace("78", "77").replace("7x", "78")
    changes = book.write(import_roster, roster_files.read(write(tmp_path, swapped)))
    assert changes.changed == ["s1", "s2"]
    assert [dict(each.roster.ids)["canvas"] for each in book.read(Directory).listings()] == ["78", "77"]
    assert book.read(Directory).known("77") == "s2"
    alone = swapped.replace('"Lovelace, Ada",78,s1,ada@uni.example,Tutorial A,,\n', "").replace("77", "78")
    changes = book.write(import_roster, roster_files.read(write(tmp_path, alone)))
    assert (changes.left, changes.changed) == (["s1"], ["s2"])
    assert book.read(Directory).listings()[1].roster.ids == (("canvas", "78"), ("login", "zoe@uni.example"))
    assert book.read(Directory).listings()[0].roster.ids == (("login", "ada@uni.example"),)


def test_submissions_of_one_person_under_two_names_are_one_person(book, tmp_path):
    add(book, graded(4, sha="a"), "ada", moment(1))
    book.write(import_roster, roster_files.read(write(tmp_path, CANVAS)))
    add(book, graded(9, sha="b", at=moment(2)), "lovelaceada", moment(2))
    add(book, graded(3, sha="c"), "bob", moment(2))
    assert [(each.person, each.points, len(each.standings)) for each in results_in(book)] == [
        ("bob", 3.0, 1),
        ("s1", 9.0, 2),
    ]
    assert [place.person for place in results_in(book, person="ada")] == ["s1"]
    listed = {each.id: (each.names, each.why) for each in book.read(Directory).listings()}
    assert listed["s1"] == ((("ada", "e-mail"), ("lovelaceada", "full name")), "")
    assert listed["bob"][1] == "not in the roster"
    reports = {each.person: each.total for each in book.read(results.reports)}
    assert {person: (total.points, total.maximum) for person, total in reports.items()} == {
        "bob": (3.0, 10.0),
        "s1": (9.0, 10.0),
        "s2": (0.0, 10.0),
    }


def test_change_of_the_roster_by_another_program_is_seen(opened, tmp_path):
    one, other = opened(), opened()
    add(one, graded(4), "zoe", moment(1))
    assert one.read(Directory).known("zoe") == "zoe"
    other.write(import_roster, roster_files.read(write(tmp_path, PLAIN)))
    assert one.read(Directory).known("zoe") == "s2"
    other.write(people.match_by_hand, "zoe", "s1")
    assert one.read(Directory).known("zoe") == "s1"
    other.write(people.match_by_hand, "zoe", None)
    assert one.read(Directory).known("zoe") == "s2"
    removal.forget(other, "s2")
    assert [each.id for each in one.read(Directory).listings()] == ["s1"]


def test_daily_limit_counts_all_names_of_a_person(enrolled, tmp_path):
    add(enrolled, graded(4), "ada", moment(1))
    kata, taken = SimpleNamespace(slug="one", attempts_per_day=1), SimpleNamespace(sha256="z")
    entry = SubmissionEntry("Ada Lovelace", tmp_path, moment(1, 12))
    assert enrolled.read(settings.may_be_graded, KataSubmission(entry, kata, taken)).startswith(
        "attempt 2 on 2026-05-01"
    )
    other = SubmissionEntry("Zo\u00e9", tmp_path, moment(1, 12))
    assert enrolled.read(settings.may_be_graded, KataSubmission(other, kata, taken)) == ""


def test_extension_is_granted_before_the_first_submission(enrolled):
    enrolled.write(settings.set_rule, "one", due_at=DUE, late_percent=50.0)
    enrolled.write(settings.extend, "zoe", "one", moment(14))
    assert enrolled.read(settings.extensions) == {("s2", "one"): moment(14)}
    add(enrolled, graded(8), "zoe", moment(13))
    (place,) = results_in(enrolled)
    assert (place.person, place.points) == ("s2", 8.0)
    assert enrolled.write(settings.extend, "s2", "one", "") == moment(14)
    assert results_in(enrolled)[0].points == 0.0
    assert changes(enrolled, "extension", "zoe") == [("", moment(14)), (moment(14), "withdrawn")]


def test_forget_removes_a_person_from_the_roster_too(book, tmp_path):
    book.write(import_roster, roster_files.read(write(tmp_path, CANVAS)))
    add(book, graded(4), "zoe", moment(1))
    add(book, graded(5, sha="b"), "puck", moment(1))
    book.write(people.match_by_hand, "puck", "s2")
    book.write(decisions.override, "s2", "one", 3, "an oral exam")
    book.write(decisions.add_request, "zoe", "one", "please")
    removal.forget(book, "zoe")
    with book._engine.connect() as connection:
        for table in Table.metadata.sorted_tables:
            for row in connection.execute(sa.select(table)):
                assert not {"s2", "zoe", "puck", "zoe@uni.example"} & {str(cell) for cell in row}, table
                assert "zoe" not in str(row)


def test_expire_keeps_the_roster_but_not_people_who_left_before(enrolled, tmp_path):
    enrolled.write(import_roster, roster_files.read(write(tmp_path, "id\ns1\n")))
    removal.forget_before(enrolled, "2030-01-01T00:00:00+00:00")
    assert [each.id for each in enrolled.read(Directory).listings()] == ["s1"]


def import_many(url: str, first: int) -> None:
    with Gradebook(url, who=f"p{first}") as found:
        for number in range(first, first + 5):
            found.write(decisions.override, "s1", f"k{number}", number, "at the same time")
            found.write(settings.set_rule, "one", late_days=number)


@pytest.mark.deep
@pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
def test_two_instructors_at_once_lose_nothing(url):
    with Gradebook(url) as found:
        found.write(import_roster, entries("s1"))
    context = multiprocessing.get_context("spawn")
    both = [context.Process(target=import_many, args=(url, first)) for first in (1, 11)]
    for each in both:
        each.start()
    for each in both:
        each.join(120)
    assert [each.exitcode for each in both] == [0, 0]
    with Gradebook(url) as found:
        trail = audit_of(found)
        (report,) = found.read(results.reports)
    assert len(report.katas) == 10
    assert len([row for row in trail if row.what == "override"]) == 10
    rules = [row for row in trail if row.what == "rule"]
    assert len(rules) == 10
    assert all(row.before == earlier.after for earlier, row in itertools.pairwise(rules))


# Decisions.


def test_override_survives_a_regrading_and_can_be_withdrawn(book):
    add(book, graded(4), "ada", moment(1))
    book.write(decisions.override, "ada", "one", 8, "an oral explanation")
    add(book, graded(2, at=moment(20), suite_digest="new"), "ada", moment(1))
    (place,) = results_in(book)
    assert (place.points, place.mark.text) == (8.0, "2 of 10; override to 8 by Ivy: an oral explanation")
    book.write(decisions.override, "ada", "one", 9, "a second look")
    assert book.write(decisions.withdraw, "ada", "one") == "9: a second look"
    assert results_in(book)[0].points == 2.0
    eight, nine = "8: an oral explanation", "9: a second look"
    assert changes(book, "override", "ada") == [("", eight), (eight, nine)]
    assert changes(book, "withdrawn", "ada") == [(nine, "")]
    with pytest.raises(KataError, match="ada, one: there is no override or exclusion"):
        book.write(decisions.withdraw, "ada", "one")


def test_override_of_a_task_can_make_a_pass(book):
    add(book, graded(4), "ada", moment(1))
    book.write(decisions.override, "ada", "one", 10, "the hidden test was wrong", task="twice")
    (place,) = results_in(book)
    assert (place.passed, place.points) == (True, 10.0)
    assert place.mark.text == "4 of 10; twice: 4 → 10 by Ivy: the hidden test was wrong"


def test_exclusion_ends_a_pass(book):
    add(book, graded(10), "ada", moment(1))
    book.write(decisions.exclude, "ada", "one", "plagiarism")
    (place,) = results_in(book)
    assert (place.passed, place.points, place.outstanding) == (False, 0.0, 0.0)


def test_bank_of_late_days_is_shared_by_all_katas(book):
    add(book, graded(10, kata="one"), "ada", moment(11))
    add(book, graded(10, kata="two"), "ada", moment(12))
    book.write(settings.set_rule, "one", due_at=DUE, late_percent=10.0)
    book.write(settings.set_rule, "two", due_at=moment(10, 13), late_percent=10.0)
    book.write(settings.set_course, late_day_bank=2)
    assert [(each.kata, each.points) for each in results_in(book)] == [("one", 10.0), ("two", 9.0)]
    assert [each.points for each in results_in(book, "two")] == [9.0]
    (report,) = book.read(results.reports, "two")
    assert list(report.katas) == ["two"]
    assert book.read(results.reports)[0].days_used == 2


def test_regrading_names_the_marks_that_it_changes_for_other_katas(book):
    """More points for one kata can need the late days that another kata had."""
    add(book, graded(0, kata="one"), "ada", moment(11))
    add(book, graded(10, kata="two"), "ada", moment(12))
    book.write(settings.set_rule, "one", due_at=DUE, late_percent=10.0)
    book.write(settings.set_rule, "two", due_at=moment(11), late_percent=10.0)
    book.write(settings.set_course, late_day_bank=1)
    before = regrade._final_marks(book)
    assert before == {("ada", "one"): (0.0, ()), ("ada", "two"): (10.0, ())}
    add(book, graded(10, kata="one", at=moment(20), suite_digest="new"), "ada", moment(11))
    told = regrade._changed_elsewhere(book, before, {"one"})
    assert told == ["ada, two: final mark 10 → 9, because of the bank of late days"]
    before = regrade._final_marks(book)
    assert regrade._changed_elsewhere(book, before, {"one"}) == []
    book.write(decisions.override, "ada", "two", 4.0, "made while the submissions were graded again")
    assert regrade._changed_elsewhere(book, before, {"one"}) == []


@pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
def test_both_databases_give_the_same_reports(book, tmp_path):
    book.write(import_roster, roster_files.read(write(tmp_path, CANVAS)))
    add(book, graded(4), "ada", moment(13))
    book.write(settings.set_rule, "one", due_at=DUE, late_percent=10.0, grace_s=900, category="homework")
    book.write(settings.set_course, late_day_bank=1, pass_percent=30)
    book.write(settings.set_category, "homework", weight=60.0, drop_lowest=1)
    book.write(decisions.exclude, "zoe", "one", "plagiarism")
    said = [(each.person, each.total, each.days_used, each.katas["one"].mark) for each in book.read(results.reports)]
    assert str(said) == EXPECTED


EXPECTED = (
    "[('s1', Total(points=32.0, maximum=100.0, percent=32.0, passed=True, dropped=()), 1, "
    "FinalMark(points=3.2, maximum=10.0, steps=('4 of 10', '3 days late, 1 from the late-day bank: −20 %'), "
    "excluded=False)), "
    "('s2', Total(points=0.0, maximum=100.0, percent=0.0, passed=False, dropped=()), 0, "
    "FinalMark(points=0.0, maximum=10.0, steps=('no submission', 'excluded by Ivy: plagiarism'), excluded=True))]"
)
