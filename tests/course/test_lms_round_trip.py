"""From a platform's download to its grades: what Canvas and Moodle provide goes in, and their own files come out."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.course.test_roster import CANVAS, WORKSHEET
from tests.warm import katas
from tests.workshop import ADDED, SOLUTION, write, write_repository


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_repository(tmp_path_factory.mktemp("course"), ["one"])


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
        (
            "moodle",
            (
                "Ada Lovelace_501_assignsubmission_file/twice.py",
                "Zo\u00e9 M\u00fcller_502_assignsubmission_file/twice.py",
            ),
            WORKSHEET,
            "Grade",
            ["3", "1"],
        ),
    ],
)
def test_points_return_to_the_people_who_submitted(root, tmp_path, system, files, text, column, points):
    def run(*words: str) -> str:
        done = katas("--root", str(root), *words, "--gradebook", str(tmp_path / "book.sqlite"))
        assert done.status == 0, done.said
        return done.out

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
