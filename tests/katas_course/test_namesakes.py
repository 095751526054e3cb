"""No mark reaches another person: neither one of the same name nor one whose id is in a file's name."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from katas_course import submissions
from katas_course.roster import Roster, RosterPerson
from tests.katas_course.books import rows_of
from tests.shell import Finished, katas
from tests.workshop import ADDED, SOLUTION, edit, write

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
def book(root: Path, tmp_path: Path) -> Run:
    """Return a function that runs a command on a gradebook."""

    def run(*words: str, status: int = 0) -> Finished:
        done = katas("--root", str(root), *words, "--gradebook", str(tmp_path / "book.sqlite"))
        assert done.status == status, done.said
        return done

    return run


@pytest.fixture
def course(book: Run, tmp_path: Path) -> Run:
    """Import a roster with two people of the same name into the gradebook."""
    imported(book, tmp_path)
    return book


def imported(book: Run, tmp_path: Path) -> str:
    return book("gradebook", "people", "import", str(write(tmp_path / "roster.csv", ROSTER))).out


def sheet(tmp_path: Path, number: int, email: str, name: str = "Jo Kim") -> tuple[str, ...]:
    header, _, line, _ = WORKSHEET.splitlines(keepends=True)
    line = line.replace("77", str(number)).replace("jo2@uni.example", email).replace("Jo Kim", name)
    return "--times", str(write(tmp_path / f"{number}.csv", header + line)), "--zone", "UTC"


DOUBT = "not graded, because it may be someone else's"


def test_namesakes_in_two_weeks_stay_two_people_without_a_roster(book: Run, tmp_path: Path) -> None:
    week(book, tmp_path, 1, {"Jo Kim_501": SOLUTION}, *sheet(tmp_path, 501, "jo1@uni.example"))
    second = {"Jo Kim_77": ADDED}, *sheet(tmp_path, 77, "jo2@uni.example")
    said = week(book, tmp_path, 2, *second, status=2).out
    assert f"{DOUBT}: Jo Kim, one: stored with e-mail jo1@uni.example, but here it has e-mail jo2@uni.example" in said
    said = week(book, tmp_path, 3, {"Jo Kim_78": ADDED}, status=2).out
    assert f"{DOUBT}: Jo Kim, one: stored with number 501 in one, but here it has number 78 in one" in said
    assert "import today's roster (`katas gradebook people import FILE`), or give this assignment's worksheet" in said
    assert points(book) == {"Jo Kim": "3"}
    assert "counts for no one" not in imported(book, tmp_path)
    assert week(book, tmp_path, 1, {"Jo Kim_501": SOLUTION}).out.count("graded earlier") == 1
    week(book, tmp_path, 2, *second)
    assert points(book) == {"s1": "0", "s38": "3", "s39": "1"}
    book("gradebook", "forget", "s38", "--yes")
    assert b"jo1@" not in (tmp_path / "book.sqlite").read_bytes()


def test_a_name_alone_is_said_in_another_kata(book: Run, tmp_path: Path) -> None:
    week(book, tmp_path, 1, {"Jo Kim_501": SOLUTION})
    said = week(book, tmp_path, 2, {"Jo Kim_77": ADDED}, kata="two").out
    assert "known by name alone, so two people of the same name would be one: Jo Kim" in said


def test_swapped_numbers_are_believed_neither_by_grading_nor_by_feedback(book: Run, tmp_path: Path) -> None:
    week(book, tmp_path, 1, {"Ada Lovelace_501": SOLUTION, "Bob Lee_502": ADDED})
    said = week(book, tmp_path, 2, {"Ada Lovelace_502": SOLUTION, "Cy Roe_501": ADDED}, status=2).out
    assert f"{DOUBT}: Ada Lovelace, one: stored with number 501 in one, but here it has number 502 in one" in said
    assert f"{DOUBT}: Cy Roe, one: here it has the number of Ada Lovelace" in said
    pack = ("--kata", "one", "--download", str(tmp_path / "in2"), "--upload", str(tmp_path / "up.zip"))
    said = katas("feedback", str(tmp_path / "out1"), *pack)
    assert (said.status, "not packed, because it may be someone else's: Ada Lovelace: stored" in said.out) == (2, True)
    with zipfile.ZipFile(tmp_path / "up.zip") as archive:
        assert archive.namelist() == []


def test_a_worksheet_with_other_names_at_the_numbers_is_refused(book: Run, tmp_path: Path) -> None:
    files = {"Ada Lovelace_501": SOLUTION, "Bob Lee_502": SOLUTION}
    said = week(book, tmp_path, 1, files, *sheet(tmp_path, 501, "eve@uni.example", "Eve Roe"), status=2).err
    assert "because number 501 is Eve Roe there, but Ada Lovelace in the download" in said
    assert not (tmp_path / "out1").exists()


def test_underscores_and_digits_in_a_name_are_read_or_said(book: Run, tmp_path: Path) -> None:
    twice = "Cy_502_assignsubmission_file_ Roe_504"
    said = week(book, tmp_path, 1, {"Ann_123 Lee_503": SOLUTION, "Bob Lee_502": ADDED, twice: ADDED}, status=2).out
    assert f"not read, so not graded: {twice}_assignsubmission_file: not a name that Moodle gives; rename it" in said
    assert points(book) == {"Ann_123 Lee": "3", "Bob Lee": "1"}


def test_the_roster_says_whose_a_stored_name_may_be(book: Run, tmp_path: Path) -> None:
    for _ in range(2):  # in the second run, the name stays
        week(book, tmp_path, 1, {"Jo Kim_501": SOLUTION})
        said = imported(book, tmp_path)
        assert (
            "counts for no one: Jo Kim fits several people: s38, s39. Decide: katas gradebook people match 'Jo Kim' ID"
            in said
        )
    book("gradebook", "people", "match", "Jo Kim", "s38")
    write(tmp_path / "folders/Jo Kim/twice.py", ADDED)
    folders = (str(tmp_path / "folders"), "--out", str(tmp_path / "out"), "--kata", "one")
    said = book(
        "grade-batch", *folders, "--times", str(write(tmp_path / "t.csv", "Jo Kim,2026-05-01T10:00Z\n")), status=2
    ).out
    assert f"{DOUBT}: Jo Kim, one: s38 and s39 have this name" in said
    assert "(`katas gradebook people import FILE`), or put the files into folders named after the people's ids." in said
    assert points(book) == {"s1": "0", "s38": "3", "s39": "0"}


def test_a_line_gets_points_only_if_its_ids_fit(book: Run, tmp_path: Path) -> None:
    def filled(email: str, *words: str, status: int) -> tuple[str, str]:
        text = WORKSHEET.splitlines()[0] + f"\nParticipant 601,Jo Kim,{email},Submitted,,3.00,-\n"
        file = write(tmp_path / "section.csv", text)
        said = book("gradebook", "export", "moodle", "one", "--into", str(file), *words, status=status).out
        with file.open(encoding="utf-8-sig", newline="") as lines:
            return next(csv.DictReader(lines))["Grade"], said

    write(tmp_path / "folders/Jo Kim/twice.py", ADDED)
    book("grade-batch", str(tmp_path / "folders"), "--out", str(tmp_path / "out"), "--kata", "one")
    grade, said = filled("x@uni.example", status=2)
    assert (grade, "only the name fits a line, so it was left out" in said) == ("", True)
    assert filled("x@uni.example", "--anyway", status=0)[0] == "1"
    roster = "\n".join(ROSTER.splitlines()[:2]) + "\n"
    book("gradebook", "people", "import", str(write(tmp_path / "roster.csv", roster)))
    grade, said = filled("x@uni.example", "--anyway", status=2)
    assert (grade, "this name, but with other ids, so its line is unchanged: s38" in said) == ("", True)
    assert filled("jo1@uni.example", status=0)[0] == "1"


SHEET = """Identifier,Full name,ID number,Email address,Status,Grade,Maximum Grade,Last modified (submission)
"""


def lines_of(tmp_path: Path, name: str, *people: str) -> Path:
    """Write a worksheet. A person is "number id name"; the one whose line ends with ! has submitted."""
    lines = [SHEET]
    for number, own, who in (each.rstrip("!").split(" ", 2) for each in people):
        lines.append(f"Participant {number},{who},{own},{own}@x.de,,,3.00,")
        lines.append('"31 May 2026, 11:59 PM"\n' if f"{number} {own} {who}!" in people else "-\n")
    return write(tmp_path / f"{name}.csv", "".join(lines))


def filled(book: Run, kata: str, file: Path, status: int = 0) -> tuple[dict[str, str], str]:
    """Return the points in a worksheet by number after the export, and what the command said."""
    said = book("gradebook", "export", "moodle", kata, "--into", str(file), status=status).out
    rows = csv.DictReader(file.read_text(encoding="utf-8-sig").splitlines())
    return {row["Identifier"].removeprefix("Participant "): row["Grade"] for row in rows}, said


def test_a_number_that_points_to_another_line_stops_an_export(book: Run, tmp_path: Path) -> None:
    one = lines_of(tmp_path, "one", "501 1001 Jo Kim!")
    two = lines_of(tmp_path, "two", "610 1001 Jo Kim", "612 1003 Jo Kim!")
    book("gradebook", "people", "import", str(one))
    week(book, tmp_path, 1, {"Jo Kim_501": SOLUTION})
    week(book, tmp_path, 2, {"Jo Kim_612": ADDED}, kata="two")
    marks, said = filled(book, "two", two, status=2)
    assert marks == {"610": "", "612": ""}
    assert "so it was left out: 1001" in said
    assert "katas gradebook people match NAME ID" in said


def test_two_weeks_from_before_the_roster_are_told_apart(book: Run, tmp_path: Path) -> None:
    one = lines_of(tmp_path, "one", "501 1001 Jo Kim!", "503 1003 Jo Kim")
    two = lines_of(tmp_path, "two", "610 1001 Jo Kim", "612 1003 Jo Kim!")
    week(book, tmp_path, 1, {"Jo Kim_501": SOLUTION})
    week(book, tmp_path, 2, {"Jo Kim_612": ADDED}, kata="two")
    book("gradebook", "override", "Jo Kim", "two", "--points", "2", "--reason", "oral")
    said = book("gradebook", "people", "import", str(one)).out
    assert "told apart: Jo Kim is now 'Jo Kim_501' and 'Jo Kim_612', because several people have this name." in said
    assert "submitted, but not in the roster: Jo Kim_501, Jo Kim_612" in said
    assert (
        "Jo Kim: 1001 and 1003 have this name" in book("gradebook", "people", "match", "Jo Kim", "1001", status=2).err
    )
    book("gradebook", "people", "match", "Jo Kim_612", "1003")
    said = week(book, tmp_path, 1, {"Jo Kim_501": SOLUTION}, "--times", str(one), "--zone", "UTC").out
    assert said.count("graded earlier") == 1
    assert filled(book, "one", one)[0] == {"501": "3", "503": "0"}
    assert filled(book, "two", two)[0] == {"610": "0", "612": "2"}
    audit = book("gradebook", "audit", "1003").out
    assert ("override" in audit, "told apart" in audit) == (True, True)


def test_what_came_with_an_id_is_not_told_apart(book: Run, tmp_path: Path) -> None:
    week(book, tmp_path, 1, {"Jo Kim_501": SOLUTION}, *sheet(tmp_path, 501, "jo1@uni.example"))
    week(book, tmp_path, 2, {"Jo Kim_612": ADDED}, kata="two")
    assert "told apart: Jo Kim is now 'Jo Kim_612'" in imported(book, tmp_path)
    assert "one: 3 of 3" in book("gradebook", "show", "s38").out
    assert "two: 1 of 3" in book("gradebook", "show", "Jo Kim_612").out


def test_a_used_address_moves_no_mark_and_its_new_owner_is_asked_for_an_id(book: Run, tmp_path: Path) -> None:
    def graded(folder: str, status: int = 0) -> str:
        write(tmp_path / folder / "ada@uni.example/twice.py", ADDED if folder == "new" else SOLUTION)
        out = ("--out", str(tmp_path / "out"), "--kata", "one")
        return book("grade-batch", str(tmp_path / folder), *out, status=status).out

    def enrolled(*people: str) -> str:
        file = write(tmp_path / "roster.csv", "id,name,email\n" + "\n".join(people) + "\n")
        return book("gradebook", "people", "import", str(file)).out

    enrolled("s1,Ada Lovelace,ada@uni.example")
    graded("old")
    said = enrolled("s2,Adam Roe,ada@uni.example")
    assert (
        "name of submissions: ada@uni.example is s1, as before, although this roster gives it to s2. To change" in said
    )
    assert (points(book)["s1"], points(book)["s2"]) == ("3", "0")
    assert f"{DOUBT}: ada@uni.example, one: earlier submissions under this name are those of s1" in graded("new", 2)


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("id,github\ns1,ada\n", "id,github\ns1,ada2\ns5,ada\n", "ada"),  # no names
        ("id,name,email\ns1,Jo Kim,jo@u.e\n", "id,name,email\ns1,Jo Kim,jk@u.e\ns5,Jo Kim,jo@u.e\n", "jo@u.e"),
        ("id,name,email\ns1,Jo Kim,jo@u.e\n", "id,name,email\ns1,Jo Quist,jo@u.e\ns5,Jo Kim,jk@u.e\n", "Jo Kim"),
        ("id,email\ns1,jo@u.e\n", "id,email\ns1,jo@u.e\ns5,jo@v.e\n", "jo"),
    ],
)
def test_earlier_work_stays_with_who_had_the_name(book: Run, tmp_path: Path, old: str, new: str, name: str) -> None:
    enrolled(book, tmp_path, old)
    write(tmp_path / "in" / name / "twice.py", SOLUTION)
    book("grade-batch", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--kata", "one", "--from", "folders")
    assert f"name of submissions: {name} is s1, as before, although" in enrolled(book, tmp_path, new)
    assert points(book) == {"s1": "3", "s5": "0"}


@pytest.mark.parametrize("new", ["s2,Jo Kim,jo@u.e\ns1,Zed Roe,zed@u.e\n", "s2,Jo Kim,jo@u.e\n"])
def test_work_goes_with_the_name_if_the_ids_are_others(book: Run, tmp_path: Path, new: str) -> None:
    enrolled(book, tmp_path, "id,name,email\ns1,Jo Kim,jo@u.e\ns2,Zed Roe,zed@u.e\n")
    write(tmp_path / "in/jo@u.e/twice.py", SOLUTION)
    book("grade-batch", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--kata", "one", "--from", "folders")
    assert "marks have moved: jo@u.e: submissions of s1 → s2" in enrolled(book, tmp_path, f"id,name,email\n{new}")
    assert points(book)["s2"] == "3"


def test_a_deadline_that_stays_with_an_earlier_id_is_said(book: Run, tmp_path: Path) -> None:
    enrolled(book, tmp_path, "id,name,email\ns1,Jo Kim,jo@u.e\n")
    write(tmp_path / "in/jo@u.e/twice.py", SOLUTION)
    book("grade-batch", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--kata", "one", "--from", "folders")
    book("gradebook", "rule", "one", "--person", "s1", "--due", "2099-01-01T10:00Z")
    said = enrolled(book, tmp_path, "id,name,email\n1001,Jo Kim,jo@u.e\n")
    assert "jo@u.e: submissions of s1 → 1001, without the decisions, deadlines and requests about s1" in said


def test_a_new_address_costs_no_one_a_mark(book: Run, tmp_path: Path) -> None:
    enrolled(book, tmp_path, "id,name,email\ns1,Jo Kim,jo@old.e\n")
    week(book, tmp_path, 1, {"Jo Kim_501": SOLUTION}, *sheet(tmp_path, 501, "jo@old.e"))
    assert "Jo Kim is s1, as before" in enrolled(book, tmp_path, "id,name,email\ns1,Jo Kim,jo@new.e\n")
    week(book, tmp_path, 2, {"Jo Kim_612": SOLUTION}, *sheet(tmp_path, 612, "jo@new.e"), kata="two")
    rows = rows_of(book("gradebook", "export", "csv", "--per", "person").out)
    assert [(row["person"], row["one"], row["two"]) for row in rows] == [("s1", "3.0", "3.0")]


@pytest.fixture
def passed_on(book: Run, tmp_path: Path) -> Run:
    """Store s1's work under an address and a full name that s5 has now. s1's roster entry has other ones."""
    enrolled(book, tmp_path, "id,name,email\ns1,Jo Kim,jo@u.e\n")
    export = tmp_path / "export"
    write(export / "submission_1/twice.py", SOLUTION)
    write(export / "submission_metadata.yml", "submission_1:\n  :submitters:\n  - :email: jo@u.e\n")
    book("grade-batch", str(export), "--out", str(tmp_path / "out"), "--kata", "one")
    week(book, tmp_path, 1, {"Jo Kim_501": SOLUTION}, *sheet(tmp_path, 501, "jo@u.e"))
    said = enrolled(book, tmp_path, "id,name,email\ns1,Jo Quist,jq@u.e\n") + enrolled(
        book, tmp_path, "id,name,email\ns1,Jo Quist,jq@u.e\ns5,Jo Kim,jo@u.e\n"
    )
    assert said.count("is s1, as before") == 2
    return book


@pytest.mark.parametrize("typed", ["jo@u.e", "Jo Kim"])
def test_a_typed_name_that_was_passed_on_is_refused(passed_on: Run, typed: str) -> None:
    said = passed_on("gradebook", "override", typed, "one", "--points", "1", "--reason", "x", status=2).err
    assert f"{typed} fits several people: s1, s5. Use an id." in said


def test_a_worksheet_means_the_person_who_has_the_address_now(passed_on: Run, tmp_path: Path) -> None:
    said = week(passed_on, tmp_path, 2, {"Jo Kim_612": ADDED}, *sheet(tmp_path, 612, "jo@u.e"), kata="two").out
    assert "not in the roster" not in said
    rows = rows_of(passed_on("gradebook", "export", "csv", "--per", "person").out)
    assert [(row["person"], row["one"], row["two"]) for row in rows] == [("s1", "3.0", "0.0"), ("s5", "0.0", "1.0")]


def test_a_newcomer_with_the_old_name_of_a_worksheet_is_someone_else(book: Run, tmp_path: Path) -> None:
    enrolled(book, tmp_path, "id,name,email\ns1,Jo Kim,jo@u.e\n")
    week(book, tmp_path, 1, {"Jo Kim_501": SOLUTION}, *sheet(tmp_path, 501, "jo@u.e"))
    enrolled(book, tmp_path, "id,name,email\ns1,Jo Quist,jo@u.e\n")
    enrolled(book, tmp_path, "id,name,email\ns1,Jo Quist,jo@u.e\ns5,Jo Kim,jo5@u.e\n")
    said = week(book, tmp_path, 2, {"Jo Kim_612": ADDED}, kata="two").out
    assert "1 not in the roster: Jo Kim_612" in said
    assert "Jo Kim fits several people: s1, s5. Use an id." in book("gradebook", "show", "Jo Kim", status=2).err


def test_a_download_that_was_graded_is_known_again(passed_on: Run, tmp_path: Path) -> None:
    said = week(passed_on, tmp_path, 1, {"Jo Kim_501": SOLUTION}, *sheet(tmp_path, 501, "jo@u.e")).out
    assert said.count("graded earlier") == 1


def test_a_time_belongs_to_the_person_who_has_the_address_now(passed_on: Run, tmp_path: Path) -> None:
    for person in ("s1", "s5"):
        write(tmp_path / "in" / person / "twice.py", SOLUTION)
    times = write(tmp_path / "times.csv", "person,time\njo@u.e,2026-01-01T10:00Z\n")
    words = ("--out", str(tmp_path / "new"), "--kata", "two", "--times", str(times))
    said = passed_on("grade-batch", str(tmp_path / "in"), *words).out
    assert "not in --times, so the modification time of their files counts: s1" in said
    assert "s5,two,passed,3.0,3.0,2026-01-01T10:00:00" in (tmp_path / "new/results.csv").read_text()


def test_a_line_with_an_address_is_that_of_its_new_owner(passed_on: Run, tmp_path: Path) -> None:
    write(tmp_path / "in/s5/twice.py", ADDED)
    passed_on("grade-batch", str(tmp_path / "in"), "--out", str(tmp_path / "new"), "--kata", "one")
    head = WORKSHEET.splitlines()[0]
    text = f"{head}\nParticipant 1,Jo Quist,jq@u.e,Submitted,,3.00,-\nParticipant 2,Jo Kim,jo@u.e,Submitted,,3.00,-\n"
    assert filled(passed_on, "one", write(tmp_path / "file.csv", text))[0] == {"1": "3", "2": "1"}


def test_everyone_in_a_group_is_asked_for_an_id(book: Run, tmp_path: Path) -> None:
    def graded(number: int, kata: str, *people: str, status: int = 0) -> str:
        folder = tmp_path / f"export{number}"
        write(folder / "submission_1/twice.py", SOLUTION)
        those = "".join(f"  - :email: {each}\n" for each in people)
        write(folder / "submission_metadata.yml", f"submission_1:\n  :submitters:\n{those}")
        out = ("--out", str(tmp_path / f"out{number}"), "--kata", kata)
        return book("grade-batch", str(folder), *out, status=status).out

    enrolled(book, tmp_path, "id,name,email\ns1,Zoe Quist,zoe@u.e\ns2,Bob Lee,bob@u.e\n")
    graded(1, "one", "zoe@u.e")
    enrolled(book, tmp_path, "id,name,email\ns1,Zoe Quist,zq@u.e\ns2,Bob Lee,bob@u.e\ns5,Zack Park,zoe@u.e\n")
    said = graded(2, "two", "bob@u.e", "zoe@u.e", status=2)
    assert f"{DOUBT}: zoe@u.e, two: earlier submissions under this name are those of s1, and s5 has it now" in said
    assert "two" not in shown(book, "s1")


@pytest.mark.parametrize(
    ("line", "moved"),
    [
        ('"Roe, Adam",8,s2,ada@uni.example,B,', ""),  # a new person has the address
        ('"Roe, Adam",8,s1,adam@uni.example,B,', "s1: Lovelace, Ada → Roe, Adam"),
        ('"Roe, Ada",7,s1,ada@uni.example,B,', "s1: Lovelace, Ada → Roe, Ada"),
        ('"Lovelace, Ada",7,s1,alr@uni.example,B,', ""),
    ],
)
def test_an_id_or_address_that_someone_else_has_now_is_seen_in_canvas(
    book: Run, tmp_path: Path, line: str, moved: str
) -> None:
    head = "Student,ID,SIS User ID,SIS Login ID,Section,One (4711)\n    Points Possible,,,,,3\n"
    old = write(tmp_path / "old.csv", head + '"Lovelace, Ada",7,s1,ada@uni.example,B,\n')
    book("gradebook", "people", "import", str(old))
    write(tmp_path / "in/s1/twice.py", SOLUTION)
    book("grade-batch", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--kata", "one")
    said = book("gradebook", "people", "import", str(write(tmp_path / "new.csv", f"{head}{line}\n"))).out
    assert (f"WARNING: an id with marks or decisions has another name: {moved}" in said) == bool(moved)
    assert points(book)["s1"] == "3"
    assert ("s2" in points(book)) == ("s2" in line)


def test_the_same_name_with_another_id_is_the_same_person_and_said(book: Run, tmp_path: Path) -> None:
    for number, said in (("s1", ""), ("s2", "marks have moved: ada@uni.example: submissions of s1 → s2")):
        file = write(tmp_path / "roster.csv", f"id,name,email\n{number},Ada Lovelace,ada@uni.example\n")
        assert said in book("gradebook", "people", "import", str(file)).out
        write(tmp_path / "in/ada@uni.example/twice.py", SOLUTION)
        book("grade-batch", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--kata", "one")
    assert points(book)["s2"] == "3"


def test_one_id_does_not_outweigh_all_else(book: Run, tmp_path: Path) -> None:
    """Two ids were corrected in Moodle, so each is now the other person's."""
    old = lines_of(tmp_path, "old", "504 00077 Pat Lee!", "505 77 Kim Ode")
    week(book, tmp_path, 1, {"Pat Lee_504": SOLUTION}, "--times", str(old), "--zone", "UTC")
    new = lines_of(tmp_path, "new", "504 77 Pat Lee!", "505 00077 Kim Ode")
    assert filled(book, "one", new, status=2)[0] == {"504": "", "505": ""}


def test_who_submitted_according_to_the_file_gets_no_zero(book: Run, tmp_path: Path) -> None:
    file = lines_of(tmp_path, "one", "501 1001 Jo Kim!", "502 1002 Bea Kurz!", "503 1003 Cleo Ohm")
    book("gradebook", "people", "import", str(file))
    week(book, tmp_path, 1, {"Jo Kim_501": SOLUTION})
    marks, said = filled(book, "one", file, status=2)
    assert marks == {"501": "3", "502": "", "503": "0"}
    assert "the file says that they submitted, but the gradebook has no submission of theirs" in said
    assert said.rstrip().endswith("--anyway): 1002")


def test_a_group_with_a_numbered_name_gets_its_points_and_a_draft_is_no_submission(book: Run, tmp_path: Path) -> None:
    people = "First name,Last name,ID number,Group\nJo,Kim,1001,A\nJo,Kim,1003,B\nBea,Kurz,1002,A\n"
    book("gradebook", "people", "import", str(write(tmp_path / "roster.csv", people)))
    book("gradebook", "rule", "one", "--groups")
    file = lines_of(tmp_path, "one", "501 1001 Jo Kim!", "502 1002 Bea Kurz!", "503 1003 Jo Kim!")
    edit(file, "1003@x.de,,", "1003@x.de,Draft (not submitted),")
    week(book, tmp_path, 1, {"Jo Kim_501": SOLUTION}, "--times", str(file), "--zone", "UTC")
    assert filled(book, "one", file)[0] == {"501": "3", "502": "3", "503": "0"}


def test_a_download_of_groups_names_its_people_and_takes_one_page_for_all(book: Run, tmp_path: Path) -> None:
    people = "First name,Last name,ID number,Group\nJo,Kim-Li,1001,Red-A\nJo,Kim-Li,1003,Blue\nBea,Kurz,1002,Red-A\n"
    book("gradebook", "people", "import", str(write(tmp_path / "roster.csv", people)))
    book("gradebook", "rule", "one", "--groups")
    file = lines_of(tmp_path, "one", "501 1001 Jo Kim-Li!", "502 1002 Bea Kurz!", "503 1003 Jo Kim-Li!")
    files = {"Red-A-Jo Kim-Li_501": SOLUTION, "Default group-Jo Kim-Li_503": ADDED}
    week(book, tmp_path, 1, files, "--times", str(file), "--zone", "UTC")
    assert points(book) == {"1001": "3", "1002": "3", "1003": "1"}
    assert filled(book, "one", file)[0] == {"501": "3", "502": "3", "503": "1"}
    pack = ("--kata", "one", "--download", str(tmp_path / "in1"), "--upload", str(tmp_path / "up.zip"))
    done = katas("feedback", str(tmp_path / "out1"), *pack)
    assert done.status == 0, done.said
    with zipfile.ZipFile(tmp_path / "up.zip") as archive:
        packed = {name: "3 of 3 points" in archive.read(name).decode() for name in archive.namelist()}
    folders = [f"{name}_assignsubmission_file_/one.html" for name in files]
    assert packed == {folders[0]: True, folders[1]: False}


def test_a_page_of_a_group_is_in_the_zip_once_and_the_others_are_named(book: Run, tmp_path: Path) -> None:
    people = "First name,Last name,ID number,Group\nAnn,Lee,s1,A\nJo,Roe,s2,A\n"
    book("gradebook", "people", "import", str(write(tmp_path / "roster.csv", people)))
    book("gradebook", "rule", "one", "--groups")
    week(book, tmp_path, 1, {"Ann Lee_501": SOLUTION})
    pack = ("--kata", "one", "--download", str(tmp_path / "in1"), "--upload", str(tmp_path / "up.zip"))
    said = katas("feedback", str(tmp_path / "out1"), *pack).out
    assert "up.zip (1 page)\nnot packed, because someone else in the group has submitted: s2\n" in said


def test_neither_points_nor_pages_go_to_the_assignment_of_another_kata(book: Run, tmp_path: Path) -> None:
    sheets = {}
    for number, kata in ((501, "one"), (502, "two")):
        words = sheet(tmp_path, number, "ada@uni.example", "Ada Lovelace")
        sheets[kata] = Path(words[1])
        week(book, tmp_path, number, {f"Ada Lovelace_{number}": SOLUTION}, *words, kata=kata)
    before = sheets["one"].read_text(encoding="utf-8")
    export = ("gradebook", "export", "moodle", "two", "--into")
    said = book(*export, str(sheets["one"]), status=2).err
    assert "this is the worksheet of one, because Ada Lovelace has the same number in it." in said
    assert sheets["one"].read_text(encoding="utf-8") == before
    book(*export, str(sheets["two"]))
    book(*export, str(sheets["one"]), "--anyway")
    pack = ("--kata", "two", "--download", str(tmp_path / "in501"), "--upload", str(tmp_path / "up.zip"))
    done = katas("feedback", str(tmp_path / "out502"), *pack)
    assert (done.status, "these are submissions of one. Specify the download of two." in done.err) == (2, True)
    assert not (tmp_path / "up.zip").exists()


def test_ids_without_their_zeros_are_refused(book: Run, tmp_path: Path) -> None:
    enrolled(book, tmp_path, "id,name\n00123,Ada\n00124,Bob\n")
    file = write(tmp_path / "r.csv", "id,name\n123,Ada\n124,Bob\n")
    said = book("gradebook", "people", "import", str(file), status=2).err
    assert "line 2: a spreadsheet has removed the zeros at the beginning of an id, which was 00123." in said
    enrolled(book, tmp_path, "id,name\n00123,Ada\n123,Bob\n")  # that is someone else


def test_a_group_over_sections_is_said_and_no_groups_is_none(book: Run, tmp_path: Path) -> None:
    text = "First name,Last name,Email address,Groups\nAda,Roe,a@u.e,No groups\nBob,Lee,b@u.e,No groups\n"
    enrolled(book, tmp_path, text)
    said = book("gradebook", "rule", "one", "--groups").out
    assert "no one on the roster has a group" in said
    enrolled(book, tmp_path, "id,section,group\na@u.e,A,Team 1\nb@u.e,B,Team 1\n")
    said = book("gradebook", "rule", "one", "--groups").out
    assert "WARNING: one group, although its people are in several sections: Team 1 (A, B)" in said


def test_who_left_with_points_and_is_not_in_the_file_is_named(book: Run, tmp_path: Path) -> None:
    file = lines_of(tmp_path, "one", "501 1001 Jo Kim!", "502 1002 Bea Kurz!")
    book("gradebook", "people", "import", str(file))
    week(book, tmp_path, 1, {"Jo Kim_501": SOLUTION, "Bea Kurz_502": SOLUTION})
    file = lines_of(tmp_path, "one", "502 1002 Bea Kurz!")
    book("gradebook", "people", "import", str(file))
    assert "left the course with points, and not in the file: 1001" in filled(book, "one", file)[1]


def test_a_submission_with_a_hidden_name_is_matched_once_names_are_shown(book: Run, tmp_path: Path) -> None:
    week(book, tmp_path, 1, {"Participant_501": SOLUTION})
    file = lines_of(tmp_path, "one", "501 1001 Jo Kim!", "502 1002 Bea Kurz")
    book("gradebook", "people", "import", str(file))
    assert filled(book, "one", file, status=2)[0] == {"501": "", "502": "0"}
    other = lines_of(tmp_path, "other", "501 1009 Zed Quist", "504 1010 Kim Ode!")
    marks, said = filled(book, "one", other, status=2)
    assert marks == {"501": "", "504": ""}
    assert "line 2 is not certain, so it was left out: Participant_501" in said
    assert "line 3" in said.partition("the file says that they submitted")[2]
    said = week(book, tmp_path, 1, {"Participant_501": SOLUTION}, "--times", str(file), "--zone", "UTC").out
    assert said.count("graded earlier") == 1
    assert filled(book, "one", file)[0] == {"501": "3", "502": "0"}


def week(
    course: Run, tmp_path: Path, number: int, files: dict[str, str], *words: str, kata: str = "one", status: int = 0
) -> Finished:
    place = tmp_path / f"in{number}"
    for name, text in files.items():
        write(place / f"{name}_assignsubmission_file" / "twice.py", text)
    out = ("--out", str(tmp_path / f"out{number}"), "--kata", kata, "--from", "moodle")
    return course("grade-batch", str(place), *out, *words, status=status)


def points(course: Run) -> dict[str, str]:
    rows = rows_of(course("gradebook", "export", "csv", "--per", "person").out)
    return {row["person"]: row["one"].removesuffix(".0") for row in rows}


@pytest.fixture
def namesakes(book: Run, tmp_path: Path) -> Run:
    """Store one of two namesakes, s38, under the bare name before the roster, and s39 with a number after it."""
    week(book, tmp_path, 1, {"Jo Kim_501": SOLUTION}, *sheet(tmp_path, 501, "jo1@uni.example"))
    imported(book, tmp_path)
    same = "--out", str(tmp_path / "out1")
    week(book, tmp_path, 2, {"Jo Kim_77": ADDED}, *sheet(tmp_path, 77, "jo2@uni.example"), *same, kata="two")
    return book


SEVERAL = "Jo Kim fits several people: s38, s39. Use an id."


@pytest.mark.parametrize(
    "words",
    [
        ("override", "Jo Kim", "two", "--points", "1", "--reason", "oral"),
        ("exclude", "Jo Kim", "two", "--reason", "x"),
        ("rule", "two", "--person", "Jo Kim", "--due", "2026-05-20T10:00"),
        ("show", "Jo Kim"),
        ("regrade", "two", "--all", "--person", "Jo Kim"),
    ],
)
def test_a_stored_name_that_two_people_have_is_refused(namesakes: Run, words: tuple[str, ...]) -> None:
    known = namesakes("gradebook", "people", "list").out
    assert ("submits as Jo Kim (" in known, "submits as Jo Kim_77 (" in known) == (True, True)
    assert SEVERAL in namesakes("gradebook", *words, status=2).err
    namesakes("gradebook", *(each.replace("Jo Kim", "s38") for each in words))


def test_a_stored_name_that_two_people_have_can_be_matched(namesakes: Run) -> None:
    assert namesakes("gradebook", "people", "match", "Jo Kim", "s39").out.startswith("Jo Kim: submissions of s39\n")
    assert SEVERAL in namesakes("gradebook", "show", "Jo Kim", status=2).err
    assert "kim, jo fits several people: s38, s39. Use" in namesakes("gradebook", "show", "kim, jo", status=2).err
    namesakes("gradebook", "show", "Jo Kim_77")
    assert SEVERAL in namesakes("gradebook", "people", "match", "Jo Kim_77", "Jo Kim", status=2).err


def test_to_forget_one_namesake_keeps_the_other(namesakes: Run, tmp_path: Path) -> None:
    out, book = tmp_path / "out1", tmp_path / "book.sqlite"
    for words in ((), ("--batch", str(out))):
        assert SEVERAL in namesakes("gradebook", "forget", "Jo Kim", "--yes", *words, status=2).err
    said = namesakes("gradebook", "forget", "s38", "--dry-run").out
    shown = f"to be removed: s38 (submits as Jo Kim) in {book}\nto be removed: 1 submissions in {out}\n"
    assert said == shown
    said = namesakes("gradebook", "forget", "s38", "--yes").out
    assert said == f"{out}: 1 verdicts and 1 submissions removed\ns38: removed from {book}\n"
    assert "two: 1 of 3" in namesakes("gradebook", "show", "s39").out
    known = namesakes("gradebook", "people", "list").out
    assert [each.split()[0] for each in known.splitlines()] == ["s1", "s39"]
    assert [each.parent.name for each in out.glob("verdicts/*/*.json")] == ["Jo Kim_77"]
    assert b"jo1@" not in book.read_bytes()


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
    assert "submits as Jo Kim_77 (matched by the file of --times)" in course("gradebook", "people", "list").out
    assert points(course) == {"s1": "1", "s38": "0", "s39": "3"}
    assert week(course, tmp_path, 1, files, *times).out.count("graded earlier") == 1
    course("gradebook", "people", "match", "Jo Kim_77", "s38")
    assert "submits as Jo Kim_77 (matched by hand)" in course("gradebook", "people", "list").out
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
    assert "this name, but with other ids, so its line is unchanged: s38, s39" in said


def test_one_known_id_of_a_line_is_enough() -> None:
    roster = Roster(
        [RosterPerson("s38", "Jo Kim", "jo1@uni.example"), RosterPerson("s39", "Jo Kim", "jo2@uni.example")]
    )
    assert roster.owner(["x99", "jo2@uni.example"]) == "s39"
    assert roster.owner(["s38", "jo2@uni.example"]) is None
    assert roster.owner(["", "Jo Kim"]) is None


ENROLLED = "id,name,email,github\ns1,Jo Kim,jo1@u.e,jokim\ns2,Sue Park,sue@u.e,kim\n"


def enrolled(book: Run, tmp_path: Path, text: str = ENROLLED) -> str:
    return book("gradebook", "people", "import", str(write(tmp_path / "enrolled.csv", text))).out


def shown(book: Run, person: str) -> str:
    return book("gradebook", "show", person).out


def test_a_family_name_that_is_anothers_login_decides_nothing(book: Run, tmp_path: Path) -> None:
    enrolled(book, tmp_path)
    week(book, tmp_path, 1, {"Jo Kim_501": SOLUTION})
    assert points(book) == {"s1": "3", "s2": "0"}
    assert "Jo Kim: submissions of s1" in book("gradebook", "people", "match", "Jo Kim", "s1").out


def test_a_decision_stays_with_the_id_whatever_becomes_of_a_name(book: Run, tmp_path: Path) -> None:
    week(book, tmp_path, 1, {"Jo Kim_501": SOLUTION})
    enrolled(book, tmp_path)
    week(book, tmp_path, 2, {"Jo Kim_612": ADDED}, kata="two")
    for words in (
        ("override", "s1", "one", "--points", "2", "--reason", "oral"),
        ("exclude", "s1", "two", "--reason", "x"),
    ):
        book("gradebook", *words)
    book("gradebook", "rule", "two", "--person", "s1", "--due", "2099-01-01T10:00Z")
    book("gradebook", "request", "add", "s1", "two", "--reason", "please")
    enrolled(book, tmp_path, ENROLLED + "s3,Jo Kim,jo3@u.e,jk\n")
    book("gradebook", "people", "match", "Jo Kim_501", "s3")
    assert "one: 3 of 3" in shown(book, "s3")
    assert "override" not in shown(book, "s3")
    mine = shown(book, "s1")
    assert ("override to 2 by" in mine, "excluded by" in mine) == (True, True)
    assert "  s1: due 2099-01-01" in book("gradebook", "rule", "two").out
    assert "s1" in book("gradebook", "request", "list").out
    book("gradebook", "expire", "--before", "2098-01-01", "--yes")
    assert "override to 2 by" in shown(book, "s1")


def test_decisions_under_a_name_go_to_the_id_with_the_next_roster(book: Run, tmp_path: Path) -> None:
    week(book, tmp_path, 1, {"Jo Kim_501": SOLUTION})
    book("gradebook", "override", "Jo Kim", "one", "--points", "2", "--reason", "oral")
    enrolled(book, tmp_path)
    enrolled(book, tmp_path, ENROLLED + "s3,Jo Kim,jo3@u.e,jk\n")
    assert "override to 2 by" in shown(book, "s1")
    book("gradebook", "people", "match", "Jo Kim", "s3")
    assert "one: 3 of 3" in shown(book, "s3")


def test_decisions_under_a_name_survive_the_end_of_its_submissions(book: Run, tmp_path: Path) -> None:
    week(book, tmp_path, 1, {"Jo Kim_501": SOLUTION, "Zed Roe_502": SOLUTION})
    for name in ("Jo Kim", "Zed Roe"):
        book("gradebook", "override", name, "one", "--points", "2", "--reason", "oral")
    enrolled(book, tmp_path)
    book("gradebook", "expire", "--before", "2098-01-01", "--yes")
    assert "override to 2 by" in shown(book, "s1")
    assert b"Zed Roe" not in (tmp_path / "book.sqlite").read_bytes()


def test_a_name_stays_with_an_id_that_was_renamed_and_goes_to_no_newcomer(book: Run, tmp_path: Path) -> None:
    enrolled(book, tmp_path)
    week(book, tmp_path, 1, {"Jo Kim_501": SOLUTION})
    renamed = ENROLLED.replace("Jo Kim", "Joseph Kimball")
    said = enrolled(book, tmp_path, renamed)
    assert "an id with marks or decisions has another name: s1: Jo Kim → Joseph Kimball" in said
    assert "name of submissions: Jo Kim is s1, as before, although this roster has other ids for it." in said
    enrolled(book, tmp_path, renamed + "s5,Jo Kim,jo5@u.e,jk\n")
    assert points(book) == {"s1": "3", "s2": "0", "s5": "0"}


@pytest.mark.parametrize("has_sheet", [False, True])
def test_a_name_of_someone_who_left_is_not_shared_with_a_newcomer(book: Run, tmp_path: Path, has_sheet: bool) -> None:
    enrolled(book, tmp_path)
    week(book, tmp_path, 1, {"Jo Kim_501": SOLUTION})
    enrolled(book, tmp_path, ENROLLED.replace("s1,Jo Kim,jo1@u.e,jokim", "s5,Jo Kim,jo5@u.e,jk"))
    sheets = sheet(tmp_path, 612, "jo5@u.e") if has_sheet else ()
    said = week(book, tmp_path, 2, {"Jo Kim_612": ADDED}, *sheets, kata="two").out
    assert ("1 not in the roster: Jo Kim_612" in said) != has_sheet
    book("gradebook", "people", "match", "Jo Kim_612", "s5")
    assert "one: no submission" in shown(book, "s5")
    write(tmp_path / "folders/Jo Kim/twice.py", ADDED)
    words = (str(tmp_path / "folders"), "--out", str(tmp_path / "out"), "--kata", "one")
    assert f"{DOUBT}: Jo Kim, one: s1 and s5 have this name" in book("grade-batch", *words, status=2).out


def test_who_gets_submissions_that_were_no_ones_is_said(book: Run, tmp_path: Path) -> None:
    enrolled(book, tmp_path)
    week(book, tmp_path, 1, {"Ada Roe_501": SOLUTION})
    assert "moved: Ada Roe: submissions of no one → s4" in enrolled(book, tmp_path, ENROLLED + "s4,Ada Roe,a@u.e,ar\n")


def test_a_number_of_another_kind_needs_a_fitting_name(book: Run, tmp_path: Path) -> None:
    enrolled(book, tmp_path, "id,name\n4101,Ada Roe\n4102,Bob Lee\n")
    write(tmp_path / "in/4101/twice.py", SOLUTION)
    write(tmp_path / "in/4102/twice.py", ADDED)
    book("grade-batch", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--kata", "one")
    head = "Student,ID,SIS User ID,SIS Login ID,Section,One (4711)\n    Points Possible,,,,,3\n"
    file = write(tmp_path / "canvas.csv", head + '"Lee, Bob",4101,,blee,B,\n"Roe, Ada",4102,,aroe,B,\n')
    assert "only the name fits" in book("gradebook", "export", "canvas", "one", "--into", str(file), status=2).out
    assert file.read_text(encoding="utf-8").count(",B,\n") == 2  # nothing was written


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
        assert f"{name}: it could be from roemallory_666 or " in unknown.unread[0]
