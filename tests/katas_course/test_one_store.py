"""One store for a course: all files and all outputs say the same about everyone, whatever has happened."""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest

from graders.errors import KataError
from graders.verdict import from_json
from katas_course.batch import Batch
from katas_course.gradebook import Gradebook, batches, results
from katas_course.gradebook.storing import Row
from katas_course.written_files import OF_MARK
from tests.katas_course.books import MARKED, empty, moment, output_of, results_in, rows_of, table
from tests.katas_course.books import graded as verdict_of
from tests.katas_course.marking import write_essay_kata
from tests.katas_course.test_feedback import TOML
from tests.workshop import ADDED, HIDDEN, SOLUTION, SUMMED, write

SEED = "5eed" * 16
PEOPLE = {"ada": SOLUTION, "bob": ADDED, "cleo": SUMMED, "Zoé": "def twice(x)\n"}
MONDAY = 1_778_500_000  # 2026-05-11, in seconds since 1970
STRICTER = '\n@task("half")\ndef test_nothing_is_right(kata):\n    assert kata.half(2.0) == 2.0\n'


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a repository with a kata whose third task is graded by a person. Tests must not write to it."""
    return write_essay_kata(tmp_path_factory.mktemp("course"), TOML)


@pytest.fixture(scope="module")
def graded(course: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Grade a cohort. Tests must not write to it."""
    place = tmp_path_factory.mktemp("graded")
    hand_in(place / "in")
    output_of(course, "grade-batch", str(place / "in"), "--out", str(place / "out"), "--kata", "alpha", "--seed", SEED)
    return place


def hand_in(folder: Path) -> Path:
    for person, text in PEOPLE.items():
        for name, content in (("twice.py", text), ("why.md", f"As {person} says, one and one are two.\n")):
            os.utime(write(folder / person / name, content), (MONDAY,) * 2)
    return folder


def assert_everything_agrees(root: Path, out: Path, book: str) -> dict[str, float]:
    """Compare `show`, `export csv`, results.csv, the verdict files and the pages of feedback. Return the points."""
    assert (out / "results.csv").read_text(encoding="utf-8") == table(out)
    output_of(root, "feedback", str(out))
    rows = rows_of(output_of(root, "gradebook", "export", "csv", "--gradebook", book))
    per_person = output_of(root, "gradebook", "export", "csv", "--per", "person", "--gradebook", book)
    totals = {row["person"]: row for row in rows_of(per_person)}
    results = {row["person"]: row for row in rows_of((out / "results.csv").read_text("utf-8"))}
    found = {}
    shown = output_of(root, "gradebook", "show", "--gradebook", book)
    with Gradebook(book) as opened:
        places = {place.person: place for place in results_in(opened)}
    for row in rows:
        person, result = row["person"], results[row["person"]]
        verdict = from_json((out / "verdicts" / person / "alpha.json").read_bytes())
        mark = places[person].mark
        same = [(each["status"], float(each["score"]), float(each["max_score"])) for each in (row, result)]
        assert same == [(verdict.status, verdict.score, verdict.max_score)] * 2, person
        assert (row["submission_sha256"], row["submitted_at"]) == (verdict.submission_sha256, result["submitted_at"])
        page = (out / "feedback" / person / "alpha.html").read_text(encoding="utf-8")
        cells = dict(re.findall(r'<th scope="row">([^<]*)</th><td>(?:<strong>)?([^<]*)</', page))
        assert (cells["Person"], cells["Final mark"]) == (person, f"{mark.points:g} of {mark.maximum:g} points")
        assert html.unescape(cells["How"]) == mark.text
        assert f"{verdict.score:g} of {verdict.max_score:g} point" in page or verdict.status == "ungradable"
        assert float(totals[person]["alpha"]) == float(result["final_points"]) == mark.points
        assert [row[name] for name in OF_MARK] == [result[name] for name in OF_MARK], person
        assert result["steps"] == mark.text
        assert re.search(rf"^{person} +{mark.points:g}[*!]* ", shown, re.MULTILINE), shown
        found[person] = mark.points
    assert sorted(found) == sorted(PEOPLE)
    return found


@pytest.mark.parametrize(
    "where", ["file", *(pytest.param(each, marks=pytest.mark.deep) for each in ("own", "postgresql"))]
)
def test_all_files_and_outputs_agree_after_every_step(
    course: Path, graded: Path, tmp_path: Path, where: str, request: pytest.FixtureRequest
) -> None:
    root = shutil.copytree(course, tmp_path / "root")
    subprocess.run(["cp", "-a", str(graded / "in"), str(tmp_path / "in")], check=True)
    out = tmp_path / "out"
    book = {"own": str(out / "gradebook.sqlite"), "postgresql": "postgresql"}.get(where, str(tmp_path / "book.sqlite"))
    if where == "postgresql":
        book = request.getfixturevalue("postgres")
        request.addfinalizer(lambda: empty(book))
    grade = ("grade-batch", str(tmp_path / "in"), "--out", str(out), "--kata", "alpha", "--seed", SEED)
    output_of(root, *grade, *(() if where == "own" else ("--gradebook", book)))
    url = ("--gradebook", book)
    assert assert_everything_agrees(root, out, book) == {"ada": 3.0, "bob": 1.0, "cleo": 3.0, "Zoé": 0.0}
    award = ("--by", "Grace", "--award", "why=2", "--comment", "why=Short.")
    output_of(root, "review", str(out / "verdicts" / "ada" / "alpha.json"), *award, status=1)
    assert assert_everything_agrees(root, out, book)["ada"] == 5.0
    output_of(root, "gradebook", "rule", "alpha", "--due", "2026-05-10T12:00+00:00", "--late-percent", "10", *url)
    late = assert_everything_agrees(root, out, book)
    assert late == {"ada": 4.5, "bob": 0.9, "cleo": 2.7, "Zoé": 0.0}
    hidden = root / "graders" / "hidden" / "alpha" / "test_hidden.py"
    write(hidden, HIDDEN + STRICTER)
    regraded = output_of(root, "gradebook", "regrade", "--by", "Ivy", *url)
    assert "ada, alpha: failed, 5 → failed, 4" in regraded
    assert f"written: {out}/results.csv\n" in regraded
    assert f"pages of feedback may be outdated; write them again: katas feedback {out}\n" in regraded
    assert assert_everything_agrees(root, out, book)["ada"] == 3.6
    decided = ("bob", "alpha", "--points", "2", "--reason", "Slow network", "--by", "Ivy")
    assert f"written: {out}/results.csv\n" in output_of(root, "gradebook", "override", *decided, *url)
    assert assert_everything_agrees(root, out, book)["bob"] == 2.0
    page = html.unescape((out / "feedback" / "ada" / "alpha.html").read_text(encoding="utf-8"))
    assert "3 points on the first page" in page
    for change in (
        "manual score: why: 2 by Grace: Short.",
        "graded again: awaiting review, 3 of 3 → failed, 2 of 3",
        "rules of the kata: due never, penalty for lateness: none → due 2026-05-10T12:00:00+00:00, penalty",
    ):
        assert change in page, page
    page = html.unescape((out / "feedback" / "bob" / "alpha.html").read_text(encoding="utf-8"))
    assert "override: 2: Slow network" in page
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file() and path.suffix != ".sqlite"}
    assert "4 graded earlier" in output_of(root, *grade)
    output_of(root, "feedback", str(out))
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize("where", ["book.sqlite", "out0/gradebook.sqlite"])
def test_table_of_a_batch_follows_a_later_batch_of_the_gradebook(course: Path, tmp_path: Path, where: str) -> None:
    url = ("--gradebook", str(tmp_path / where))
    for number, text in enumerate((ADDED, SOLUTION)):
        for name, content in (("twice.py", text), ("why.md", f"Try {number}.\n")):
            at = (MONDAY + number,) * 2
            os.utime(write(tmp_path / f"in{number}" / "ada" / name, content), at)
        words = (str(tmp_path / f"in{number}"), "--out", str(tmp_path / f"out{number}"), "--kata", "alpha")
        output_of(course, "grade-batch", *words, *url)
    rows = []
    for number in range(2):
        file = tmp_path / f"out{number}" / "results.csv"
        assert file.read_text(encoding="utf-8") == table(file.parent)
        rows += rows_of(file.read_text(encoding="utf-8"))
    assert [(row["score"], row["counts"], row["final_points"]) for row in rows] == [
        ("1.0", "0", "3.0"),
        ("3.0", "1", "3.0"),
    ]


# The gradebook that a batch is in.


ROW = Row(person="ada", submitted_at=moment(9), verdict=verdict_of(10, at=moment(9, 11)))


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("first", ["out/gradebook.sqlite", "book.sqlite"])
def test_batch_stays_in_its_first_gradebook(tmp_path: Path, first: str) -> None:
    batch, url = Batch(tmp_path / "out"), str(tmp_path / first)
    with batch.open(gradebook=None if first.startswith("out/") else url) as held:
        held.append([ROW])
        assert held.book.address == url
    before = contents(tmp_path)
    remedy = "Leave out --gradebook, or grade again with another --out"
    with pytest.raises(KataError, match=rf"other\.sqlite: the results in .*out are in {url}\. {remedy}"):
        batch.open(gradebook=str(tmp_path / "other.sqlite")).__enter__()
    assert contents(tmp_path) == before
    with batch.open(gradebook=url) as held, batch.reading() as read:
        assert list(held.rows()) == list(read.rows()) == [ROW]


@pytest.mark.parametrize("broken", ["book.sqlite", "out/gradebook.json"])
def test_missing_gradebook_of_a_batch_is_named(tmp_path: Path, broken: str) -> None:
    batch = Batch(tmp_path / "out")
    with batch.open(gradebook=str(tmp_path / "book.sqlite")):
        pass
    os.rename(tmp_path / "book.sqlite", tmp_path / "moved.sqlite")
    said = r"its results are in .*book\.sqlite, which is missing\. Restore it, or write its new place"
    if broken == "out/gradebook.json":
        write(tmp_path / broken, "{")
        said = r"gradebook\.json: .*Restore it from a copy"
    for opened in (batch.open(gradebook=str(tmp_path / "moved.sqlite")), batch.reading()):
        with pytest.raises(KataError, match=said):
            opened.__enter__()


@pytest.mark.deep
def test_folder_of_a_batch_never_holds_the_password_of_its_gradebook(tmp_path: Path, postgres: str) -> None:
    batch = Batch(tmp_path / "out")
    for url in (postgres.replace("postgres@", "postgres:s3cret@"), f"{postgres}&password=s3cret"):
        with batch.open(gradebook=url) as held:
            held.append([ROW])
        with batch.reading() as held:
            assert list(held.rows()) == [ROW]
    assert not [path for path, content in contents(tmp_path).items() if b"s3cret" in content]
    empty(postgres)


def test_error_in_a_batch_does_not_count(tmp_path: Path) -> None:
    error = verdict_of(0, at=moment(9, 12), status="error", message="The judge died.")
    with Batch(tmp_path).open() as held:
        held.append([ROW, msgspec.structs.replace(ROW, verdict=error)])
        held.append([msgspec.structs.replace(ROW, person="bob", verdict=error)])
        assert [(place.person, place.points) for place in results_in(held.book)] == [("ada", 10.0)]
        assert [each.verdict.status for each in held.read(batches.summaries).values()] == ["error", "error"]
        assert [each.person for each in held.book.read(results.stored, "0")] == ["ada"]


def test_submission_that_is_moved_to_an_earlier_one_joins_it(tmp_path: Path) -> None:
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
