"""From a platform's download to its grades: what Canvas and Moodle provide goes in, and their own files come out."""

from __future__ import annotations

import csv
import zipfile

import pytest

from tests.katas_course.books import output_of
from tests.katas_course.test_roster import CANVAS, WORKSHEET
from tests.shell import katas
from tests.workshop import ADDED, SOLUTION, edit, write, write_repository

GERMAN = (
    'ID,"Vollständiger Name",E-Mail-Adresse,Status,Bewertung,Bestwertung,"Bewertung kann geändert werden",'
    '"Zuletzt geändert (Bewertung)"\n'
    'Teilnehmer/in501,"Ada Lovelace",ada@uni.example,"Zur Bewertung abgegeben",,"10,50",Ja,-\n'
    'Teilnehmer/in502,"Zoé Müller",zoe@uni.example,"Keine Abgabe",,"10,50",Ja,-\n'
)


MOODLE = [f"{name}_assignsubmission_file/twice.py" for name in ("Ada Lovelace_501", "Zo\u00e9 M\u00fcller_502")]


@pytest.mark.parametrize(
    ("system", "files", "text", "column", "points"),
    [
        (
            "canvas",
            ("lovelaceada_77_901_twice.py", "m\u00fcllerzo\u00e9_LATE_78_902_twice-1.py"),
            CANVAS.replace("Exercise 1 (4711)", "One (4711)"),
            "One (4711)",
            ["10.00", "3", "1", ""],
        ),
        ("moodle", MOODLE, WORKSHEET, "Grade", ["3", "1"]),
        ("moodle", MOODLE, GERMAN, "Bewertung", ["3", "1"]),
    ],
)
def test_points_return_to_the_people_who_submitted(root, tmp_path, system, files, text, column, points):
    def run(*words: str) -> str:
        return output_of(root, *words, "--gradebook", str(tmp_path / "book.sqlite"))

    for name, solution in zip(files, (SOLUTION, ADDED), strict=True):
        write(tmp_path / "in" / name, solution)
    run("grade-batch", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--kata", "one", "--from", system)
    file = write(tmp_path / "download.csv", text)
    imported = run("gradebook", "people", "import", str(file))
    assert "not in the roster" not in imported
    said = run("gradebook", "export", system, "one", "--into", str(file))
    assert "(2 people, column" in said
    assert "but not in" not in said
    with file.open(encoding="utf-8-sig", newline="") as lines:
        assert [row[column] for row in csv.DictReader(lines)] == points
    shown = run("gradebook", "show", "ada")
    assert "one: 3 of 3  passed" in shown


def canvas_reads(name: str) -> tuple[str, str]:
    """Return the ids of the user and of the submitted file, as Canvas takes them from the name of a returned file."""
    user, file, *_ = [part for part in name.split("_") if part.isdigit()]
    return user, file


def moodle_reads(name: str) -> tuple[str, str]:
    """Return the number of the participant and the file's name, as Moodle's import of feedback files takes them."""
    first, *rest = name.split("/")
    _, number, kind, plugin, left = first.split("_", 4)
    assert (kind, plugin, number.isdigit()) == ("assignsubmission", "file", True)
    return number, "/".join([left, *rest]).lstrip("/")


@pytest.mark.parametrize(
    ("system", "files", "reads", "found"),
    [
        ("moodle", MOODLE, moodle_reads, {("501", "one.html"): "3 of 3", ("502", "one.html"): "1 of 3"}),
        (
            "canvas",
            ["lovelaceada_77_901_twice.py", "m\u00fcllerzo\u00e9_LATE_78_902_twice-1.py"],
            canvas_reads,
            {("77", "901"): "3 of 3", ("78", "902"): "1 of 3"},
        ),
    ],
)
def test_pages_are_packed_as_the_platform_takes_them_back(root, tmp_path, system, files, reads, found):
    for name, solution in zip(files, (SOLUTION, ADDED), strict=True):
        write(tmp_path / "in" / name, solution)
    book = ("--gradebook", str(tmp_path / "book.sqlite"))
    grade = (str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--kata", "one", "--from", system)
    output_of(root, "grade-batch", *grade, *book)
    pack = ("--kata", "one", "--download", str(tmp_path / "in"), "--upload", str(tmp_path / "up.zip"))
    said = output_of(root, "feedback", str(tmp_path / "out"), *pack)
    assert said.endswith(f"written: {tmp_path}/up.zip (2 pages)\n")
    with zipfile.ZipFile(tmp_path / "up.zip") as archive:
        assert archive.testzip() is None
        texts = {reads(name): archive.read(name).decode() for name in archive.namelist()}
    assert {key: f"{points} points" in texts[key] for key, points in found.items()} == dict.fromkeys(found, True)
    assert len(texts) == len(found)
    if system == "canvas":  # it shows the page under the name of the submitted Python file
        assert all(line.startswith("#") for text in texts.values() for line in text.splitlines())
    before = (tmp_path / "up.zip").read_bytes()
    output_of(root, "feedback", str(tmp_path / "out"), *pack)
    assert (tmp_path / "up.zip").read_bytes() == before


def test_a_person_whom_the_download_lacks_is_named(root, tmp_path):
    for name, solution in zip(MOODLE, (SOLUTION, ADDED), strict=True):
        write(tmp_path / "in" / name, solution)
    grade = (str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--kata", "one")
    output_of(root, "grade-batch", *grade)
    (tmp_path / "in" / MOODLE[1]).unlink()
    (tmp_path / "in" / MOODLE[1]).parent.rmdir()
    pack = ("--kata", "one", "--download", str(tmp_path / "in"), "--upload", str(tmp_path / "up.zip"))
    said = output_of(root, "feedback", str(tmp_path / "out"), *pack, status=2)
    assert said.endswith(f"up.zip (1 page)\nnot in {tmp_path}/in, so not packed: Zo\u00e9 M\u00fcller\n")
    done = katas("--root", str(root), "feedback", str(tmp_path / "out"), *pack[2:])
    assert (done.status, done.err[:16]) == (2, "katas: --upload:")


def test_worksheet_gets_comments_and_keeps_those_of_others(root, tmp_path):
    for name, solution in zip(MOODLE, (SOLUTION, ADDED), strict=True):
        write(tmp_path / "in" / name, solution)
    book = ("--gradebook", str(tmp_path / "book.sqlite"))
    output_of(root, "grade-batch", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--kata", "one", *book)
    own = WORKSHEET.replace('"Zo\u00e9 M\u00fcller",zoe@uni.example,"No submission",,10.00,Yes,-,', "Z")
    assert own != WORKSHEET
    theirs = '"Zo\u00e9 M\u00fcller",zoe@uni.example,"No submission",,10.00,Yes,-,"See me, please"'
    file = write(tmp_path / "worksheet.csv", own.replace(",Z", f",{theirs}"))
    for points in ("3", "2"):
        output_of(root, "gradebook", "export", "moodle", "one", "--into", str(file), "--anyway", *book)
        with file.open(encoding="utf-8-sig", newline="") as lines:
            ada, zoe = csv.DictReader(lines)
        assert ada["Feedback comments"].startswith(f"Final mark: {points} of 3 points (3 of 3")
        assert (zoe["Feedback comments"], zoe["Grade"]) == ("See me, please", "1")
        decided = ("Ada Lovelace", "one", "--points", "2", "--reason", "oral exam", "--by", "Ivy")
        output_of(root, "gradebook", "override", *decided, *book)


PARTICIPANTS = """First name,Last name,ID number,Email address
Ada,Lovelace,s1,ada@uni.example
Jan,Kowalski,s2,jan1@uni.example
Jan,Kowalski,s3,jan2@uni.example
"""
NUMBERED = """Identifier,Full name{ids},Status,Grade,Maximum Grade,Grade can be changed
Participant {0},{names[0]}{more[0]},Submitted,,3.00,Yes
Participant {1},{names[1]}{more[1]},Submitted,,3.00,Yes
Participant {2},{names[2]}{more[2]},Submitted,,3.00,Yes
"""
NAMES = ("Ada Lovelace", "Jan Kowalski", "Jan Kowalski")


def worksheet(*numbers: int, ids: bool = True, names: tuple[str, ...] = NAMES) -> str:
    more = [f",s{number}" if ids else "" for number in (1, 2, 3)]
    return NUMBERED.format(*numbers, ids=",ID number" if ids else "", more=more, names=names)


@pytest.fixture
def exported(root, tmp_path):
    """Grade a Moodle download of two namesakes and Ada, and return a function that fills a worksheet."""
    book = ("--gradebook", str(tmp_path / "book.sqlite"))
    for name, solution in (("Ada Lovelace_501", SOLUTION), ("Jan Kowalski_522", ADDED), ("Jan Kowalski_523", SOLUTION)):
        write(tmp_path / "in" / f"{name}_assignsubmission_file" / "twice.py", solution)
    out = ("--out", str(tmp_path / "out"), "--kata", "one", "--from", "moodle")
    katas("--root", str(root), "grade-batch", str(tmp_path / "in"), *out, *book)
    roster = write(tmp_path / "roster.csv", PARTICIPANTS)

    def fill(text: str, *imported: str) -> tuple[str, list[str]]:
        for number, each in enumerate((roster, *(write(tmp_path / f"w{n}.csv", t) for n, t in enumerate(imported)))):
            done = katas("--root", str(root), "gradebook", "people", "import", str(each), *book)
            assert done.status == 0, (number, done.said)
        for name, person in (("Jan Kowalski_522", "s2"), ("Jan Kowalski_523", "s3")):
            katas("--root", str(root), "gradebook", "people", "match", name, person, *book)
        file = write(tmp_path / "worksheet.csv", text)
        done = katas("--root", str(root), "gradebook", "export", "moodle", "one", "--into", str(file), *book)
        with file.open(encoding="utf-8-sig", newline="") as lines:
            return done.said, [row.get("Grade", row.get("Bewertung", "")) for row in csv.DictReader(lines)]

    return fill


@pytest.mark.deep
def test_numbers_of_another_assignment_send_no_mark_to_another_person(exported):
    """Moodle numbers people anew in each assignment. A line whose number and id name two people gets no points."""
    other = worksheet(522, 523, 501)
    assert exported(worksheet(501, 522, 523), other)[1] == ["3", "1", "3"]
    said, points = exported(other, worksheet(501, 522, 523))
    assert "line 3 fits several people, so it was left out: s2, s3" in said
    assert points == ["3", "", ""]


@pytest.mark.deep
def test_namesakes_are_told_apart_by_their_numbers_in_the_same_assignment(exported):
    assert exported(worksheet(501, 522, 523, ids=False))[1] == ["3", "1", "3"]
    said, points = exported(worksheet(601, 622, 623, ids=False))
    assert points == ["", "", ""]
    assert "this name, but with other ids, so its line is unchanged: s1" in said
    assert "in the gradebook, but not in the file: s1, s2, s3" in said


def test_an_anonymous_worksheet_must_be_that_of_the_assignment(exported):
    anonymous = ("", "", "")
    assert exported(worksheet(501, 522, 523, ids=False, names=anonymous))[1] == ["3", "1", "3"]
    said, points = exported(worksheet(501, 523, 524, ids=False, names=anonymous))
    assert "it lacks Participant 522, who has submitted one, so it is the worksheet of another assignment." in said
    assert points == ["", "", ""]


def test_a_worksheet_in_german_with_another_maximum_is_filled(exported):
    said, points = exported(GERMAN)
    assert "the platform has 10.5 points for it, but the kata has 3: change it there" in said
    assert points == ["3", ""]


@pytest.mark.parametrize(
    ("system", "name", "text", "words", "said"),
    [
        (
            "canvas",
            "c.csv",
            CANVAS.replace("Exercise 1", "Two"),
            ("--column", "Two (4711)"),
            "column Two (4711) belongs",
        ),
        (
            "canvas",
            "c.csv",
            CANVAS.replace("10.00", "4.00"),
            ("--column", "Exercise 1 (4711)"),
            "its maximum of 4 points",
        ),
        ("moodle", "Grades-NN-Two-29358.csv", WORKSHEET, (), "this file belongs to two, according to its name"),
        ("moodle", "w.csv", WORKSHEET.replace("10.00", "4.00"), (), "according to its maximum of 4 points"),
        ("moodle", "w.csv", GERMAN.replace("10,50", "4,00"), (), "according to its maximum of 4 points"),
        ("gradescope", "Two_scores.csv", "Name,SID,Email,Total Score,Max Points\nA,s1,a@x.de,,3\n", (), "its name"),
    ],
)
def test_points_are_not_written_for_another_kata(tmp_path, system, name, text, words, said):
    root = write_repository(tmp_path / "katas", ["one", "two"])
    edit(root / "katas/two/kata.toml", "points = 2", "points = 3")
    edit(root / "katas/two/kata.toml", 'title = "Twice"', 'title = "Doubled"')
    book = ("--gradebook", str(tmp_path / "book.sqlite"))
    for slug in ("one", "two"):
        write(tmp_path / "in/s1/katas" / slug / "twice.py", SOLUTION)
    katas("--root", str(root), "grade-batch", str(tmp_path / "in"), "--out", str(tmp_path / "out"), *book)
    file = write(tmp_path / name, text)
    command = ("--root", str(root), "gradebook", "export", system, "one", "--into", str(file), *words, *book)
    done = katas(*command)
    assert (done.status, done.err.count("\n"), said in done.err) == (2, 1, True), done.said
    assert file.read_text(encoding="utf-8") == text
    done = katas(*command, "--anyway")
    is_lost = "in the gradebook, but not in the file: s1" in done.out
    assert (done.status, "written: " in done.out) == (2 if is_lost else 0, True), done.said
