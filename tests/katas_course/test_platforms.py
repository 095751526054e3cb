"""A learning platform is one object: what reads its files and writes points into them knows no platform by name."""

from __future__ import annotations

import ast
import csv
import datetime
import json
import sys
from pathlib import Path

from katas_course.downloads import Source, SubmissionEntry
from katas_course.platforms import PLATFORMS
from katas_course.platforms.platform import Platform, TimesColumn
from tests.shell import run
from tests.workshop import ADDED, ROOT, SOLUTION, write, write_repository

CAMPUS = Platform(
    name="campus",
    title="Campus",
    download="a Campus archive",
    is_download=lambda names: all("#" in name for name in names),
    entries=lambda source, _: (_entry(source, name) for name in source.names),
    is_list=lambda names: {"campusnumber", "person"} <= names,
    columns={"campus": "campusnumber", "name": "person", "section": "room"},
    person=lambda texts: None if texts["name"] == "(nobody)" else texts,
    times=TimesColumn(
        titles=("Uploaded",),
        moment=lambda text: datetime.datetime.strptime(text, "%d/%m/%Y %H.%M"),
        wanted="a time such as 31/05/2026 23.59",
        is_late=lambda cells: cells["remark"] == "late",
    ),
    export="Write a kata's points for Campus.",
    needed={"Campus number": "campus", "Person": "name", "Result": "points", "Out of": "maximum"},
    points="result",
    maximum="outof",
)
LIST = """\
Campus number,Person,Room,Uploaded,Remark,Result,Out of
11,Ada Lovelace,A,31/05/2026 23.59,,,3
12,Bob Hopper,B,01/06/2026 00.30,late,,3
0,(nobody),,,,,3
"""
PROGRAM = """
import json, sys
from graders.cli.app import run_command_line
from katas_course.platforms import PLATFORMS
from tests.katas_course.test_platforms import CAMPUS

PLATFORMS[CAMPUS.name] = CAMPUS
for words in json.loads(sys.argv[1]):
    sys.argv = ["katas", *words]
    if run_command_line():
        sys.exit(f"failed: {words}")
"""


def _entry(source: Source, name: str) -> SubmissionEntry:
    person = name.replace("#", "_")
    return SubmissionEntry(person, source.location(name), source.modified(name), late=person.startswith("Bob"))


def test_a_platform_in_one_object_is_read_and_written(tmp_path: Path) -> None:
    root = write_repository(tmp_path / "katas", ["one"])
    write(tmp_path / "in/Ada Lovelace#11/twice.py", SOLUTION)
    write(tmp_path / "in/Bob Hopper#12/twice.py", ADDED)
    file, minimal = write(tmp_path / "list.csv", LIST), tmp_path / "minimal.csv"
    book = ("--gradebook", str(tmp_path / "book.sqlite"))
    grade = ("--root", str(root), "grade-batch", str(tmp_path / "in"), "--out", str(tmp_path / "out"), *book)
    gradebook = ("--root", str(root), "gradebook")
    commands = [
        ("grade-batch", "--help"),
        grade,
        (*gradebook, "people", "import", str(file), *book),
        (*grade, "--from", "campus", "--times", str(file), "--zone", "Europe/Berlin"),
        (*gradebook, "people", "list", *book),
        (*gradebook, "export", "campus", "one", "--output", str(minimal), *book),
        (*gradebook, "export", "campus", "one", "--into", str(file), *book),
    ]
    done = run(sys.executable, "-c", PROGRAM, json.dumps(commands))
    assert done.status == 0, done.said
    words = " ".join(done.out.split())
    for said in (
        "a download of Canvas, Moodle, Gradescope or Campus.",
        "folders, canvas, moodle, gradescope or campus.",
        "read as a Campus archive: 2 people",
        "note: Bob Hopper_12, one: Campus marked it as late",
        "list.csv: Campus's times name no time zone, and were read as Europe/Berlin",
        "list.csv (read as Campus's): 2 people; 2 new",
        "submission time corrected: Bob Hopper_12",
        "11 Ada Lovelace A campus 11 submits as Ada Lovelace_11 (Campus id)",
        "(2 people, column Result)",
    ):
        assert said in words, done.out
    assert "in --times" not in words
    rows = [dict(row) for row in csv.DictReader(file.read_text(encoding="utf-8").splitlines())]
    assert [(row["Person"], row["Result"]) for row in rows] == [
        ("Ada Lovelace", "3"),
        ("Bob Hopper", "1"),
        ("(nobody)", ""),
    ]
    assert minimal.read_text(encoding="utf-8").splitlines() == [
        "Campus number,Person,Result,Out of",
        "11,Ada Lovelace,3,3",
        "12,Bob Hopper,1,3",
    ]


def test_only_its_own_module_names_a_platform() -> None:
    folder = ROOT / "katas_course"
    found = {
        (path.name, node.value)
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in PLATFORMS
    }
    assert found == {(f"{name}.py", name) for name in PLATFORMS}
