"""No mark reaches another person: neither one of the same name nor one whose id is in a file's name."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from katas_course import submissions
from katas_course.roster import Roster, RosterPerson
from tests.katas_course.books import rows_of
from tests.warm import katas
from tests.workshop import ADDED, SOLUTION, Finished, write

ROSTER = """First name,Last name,ID number,Email address
Jo,Kim,s38,jo1@uni.example
Jo,Kim,s39,jo2@uni.example
Ada,Lovelace,s1,ada@uni.example
"""
WORKSHEET = """Identifier,Full name,Email address,Status,Grade,Maximum Grade,Last modified (submission)
Participant 76,Jo Kim,jo1@uni.example,No submission,,3.00,-
Participant 77,Jo Kim,jo2@uni.example,Submitted,,3.00,"31 May 2026, 11:59 PM"
Participant 78,Ada Lovelace,ada@uni.example,Submitted,,3.00,"31 May 2026, 11:59 PM"
"""
Run = Callable[..., Finished]


@pytest.fixture
def course(root: Path, tmp_path: Path) -> Run:
    """Import a roster with two people of the same name, and return a function that runs a command on its gradebook."""

    def run(*words: str, status: int = 0) -> Finished:
        done = katas("--root", str(root), *words, "--gradebook", str(tmp_path / "book.sqlite"))
        assert done.status == status, done.said
        return done

    run("gradebook", "people", "import", str(write(tmp_path / "roster.csv", ROSTER)))
    return run


def week(course: Run, tmp_path: Path, number: int, files: dict[str, str], *words: str, status: int = 0) -> Finished:
    place = tmp_path / f"in{number}"
    for name, text in files.items():
        write(place / f"{name}_assignsubmission_file" / "twice.py", text)
    out = ("--out", str(tmp_path / f"out{number}"), "--kata", "one", "--from", "moodle")
    return course("grade-batch", str(place), *out, *words, status=status)


def points(course: Run) -> dict[str, str]:
    rows = rows_of(course("gradebook", "export", "csv", "--per", "person").out)
    return {row["person"]: row["one"].removesuffix(".0") for row in rows}


def test_a_match_in_one_week_is_none_for_a_namesake_in_the_next(course: Run, tmp_path: Path) -> None:
    week(course, tmp_path, 1, {"Jo Kim_501": SOLUTION, "Ada Lovelace_502": SOLUTION})
    said = course("gradebook", "people", "match", "Jo Kim", "s38", status=2).err
    assert "Jo Kim: s38 and s39 have this name" in said
    course("gradebook", "people", "match", "Jo Kim_501", "s38")
    said = week(course, tmp_path, 2, {"Jo Kim_77": ADDED}).out
    assert "1 not in the roster: Jo Kim_77" in said
    assert points(course) == {"Jo Kim_77": "1", "s1": "3", "s38": "3", "s39": "0"}
    course("gradebook", "people", "match", "Jo Kim_77", "s39")
    assert points(course) == {"s1": "3", "s38": "3", "s39": "1"}


def test_the_worksheet_says_which_namesake_it_is(course: Run, tmp_path: Path) -> None:
    times = ("--times", str(write(tmp_path / "worksheet.csv", WORKSHEET)), "--zone", "UTC")
    files = {"Jo Kim_77": SOLUTION, "Ada Lovelace_78": ADDED}
    said = week(course, tmp_path, 1, files, *times).out
    assert "not in the roster" not in said
    assert points(course) == {"s1": "1", "s38": "0", "s39": "3"}
    assert week(course, tmp_path, 1, files, *times).out.count("graded earlier") == 1
    course("gradebook", "people", "match", "Jo Kim_77", "s38")
    said = week(course, tmp_path, 1, files, *times, status=2).err
    assert "Jo Kim_77 is matched to s38, but the file says s39" in said


def test_a_file_with_one_of_two_namesakes_gets_that_ones_points(course: Run, tmp_path: Path) -> None:
    week(course, tmp_path, 1, {"Jo Kim_76": SOLUTION, "Jo Kim_77": ADDED})
    for name, person in (("Jo Kim_76", "s38"), ("Jo Kim_77", "s39")):
        course("gradebook", "people", "match", name, person)
    section = "Student,ID,SIS User ID,SIS Login ID,Section,One (4711)\n" + "    Points Possible,,,,,3\n"
    file = write(tmp_path / "section.csv", section + '"Kim, Jo",8,s39,jo2@uni.example,B,\n')
    said = course("gradebook", "export", "canvas", "one", "--into", str(file), status=2).out
    assert "(1 people, column One (4711))" in said
    assert "in the gradebook, but not in the file: s1, s38" in said
    with file.open(encoding="utf-8-sig", newline="") as lines:
        assert [row["One (4711)"] for row in csv.DictReader(lines)] == ["3", "1"]
    unknown = write(tmp_path / "unknown.csv", section + '"Kim, Jo",8,x39,x@uni.example,B,\n')
    said = course("gradebook", "export", "canvas", "one", "--into", str(unknown), status=2).out
    assert "line 3 fits several people, so it was left out: s38, s39" in said


def test_one_known_id_of_a_line_is_enough() -> None:
    roster = Roster(
        [RosterPerson("s38", "Jo Kim", "jo1@uni.example"), RosterPerson("s39", "Jo Kim", "jo2@uni.example")]
    )
    assert roster.owner(["x99", "jo2@uni.example"]) == "s39"
    assert roster.owner(["s38", "jo2@uni.example"]) is None
    assert roster.owner(["", "Jo Kim"]) is None


CANVAS = Roster([RosterPerson("s1", "Roe, Mallory", ids=(("canvas", "666"),)), RosterPerson("s2", "Lovelace, Ada")])
VICTIM = RosterPerson("s3", "Relu, Eve", ids=(("canvas", "12340000000000567"),))


@pytest.mark.parametrize(
    ("name", "person", "file"),
    [
        ("roemallory_666_9001_12340000000000567_99999999999999999_twice.py", "roemallory_666", "twice.py"),
        ("roemallory_666_9001_20261125_twice.py", "roemallory_666", "20261125_twice.py"),
        ("roemallory_666_9001_7_twice.py", "roemallory_666", "7_twice.py"),
    ],
)
def test_a_files_name_makes_nobody_else_its_author(tmp_path: Path, name: str, person: str, file: str) -> None:
    write(tmp_path / "in" / name, SOLUTION)
    roster = Roster([*CANVAS.people.values(), VICTIM])
    known = submissions.read(tmp_path / "in", "canvas", roster.has)
    assert known.people == [person]
    assert roster.match(person).id == "s1"
    if file.startswith("7_"):  # no file has so small a number, so this name can be read in one way only
        assert submissions.read(tmp_path / "in", "canvas").people == [person]
    else:
        write(tmp_path / "in" / "lovelaceada_5_9002_twice.py", SOLUTION)
        unknown = submissions.read(tmp_path / "in", "canvas")
        assert unknown.people == ["lovelaceada_5"]
        assert f"{name}: it could be from roemallory_666 or " in unknown.left_out[0]
