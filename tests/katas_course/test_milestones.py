"""Batches of milestones: earlier files come along, are stored, and are the same when a verdict is replayed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from graders import catalogue
from graders.verdict import Verdict, from_json, to_json
from katas_course.gradebook import Gradebook
from katas_course.submissions import of_katas, read
from tests.katas_course.books import output_of, refused, rows_of
from tests.milestone_course import ADD, DOUBLE, FLAT, STUB, WHOLE, write_course, write_files
from tests.shell import katas


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_course(tmp_path_factory.mktemp("course") / "katas")


@pytest.fixture(scope="module")
def graded(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a batch in which ada is right, bob has a stub, cara a wrong file, and dora no milestone."""
    place = tmp_path_factory.mktemp("batch")
    people = {
        "ada": WHOLE,
        "bob": {**WHOLE, "katas/one/double.py": STUB.format(name="double")},
        "cara": {**FLAT, "double.py": DOUBLE.replace("2", "3")},
        "dora": {"katas/one/double.py": DOUBLE},
    }
    for person, files in people.items():
        write_files(place / "in" / person, files)
    (place / "in/dora/katas/two").symlink_to(place / "in/ada/katas/two")
    done = katas(
        "grade-batch", str(place / "in"), "--out", str(place / "out"), "--kata", "milestone", "--root", str(root)
    )
    assert done.status in (0, 1), done.said
    return place


def verdict_of(graded: Path, person: str) -> Verdict:
    return from_json((graded / f"out/verdicts/{person}/milestone.json").read_bytes())


def test_a_batch_takes_everyones_own_earlier_files(graded: Path) -> None:
    statuses = {person: verdict_of(graded, person).status for person in ("ada", "bob", "cara")}
    assert statuses == {"ada": "passed", "bob": "ungradable", "cara": "failed"}
    assert verdict_of(graded, "bob").message.startswith("Do one first: katas/one/double.py is still the stub")
    assert verdict_of(graded, "ada").builds_on["one"] != verdict_of(graded, "cara").builds_on["one"]


def test_a_batch_asks_no_milestone_of_a_person_without_one(graded: Path) -> None:
    verdict = verdict_of(graded, "dora")
    assert (verdict.status, verdict.message[:10]) == ("ungradable", "network.py")  # named with --kata, so it is missing


def test_a_batch_is_replayed_with_the_same_files(graded: Path, root: Path) -> None:
    for person in ("ada", "cara"):
        verdict = verdict_of(graded, person)
        (graded / "verdict.json").write_bytes(to_json(verdict))
        (archive,) = graded.glob(f"out/**/{verdict.submission_sha256}.zip")
        words = ("replay", str(graded / "verdict.json"), "--root", str(root), "--submission")
        same = katas(*words, str(archive))
        assert (same.status, same.out.split(":")[0]) == (0, "milestone"), same.said
        other = katas(*words, str(graded / "in/ada" if person == "cara" else graded / "in/cara"))
        assert other.status == 1
        assert "the files of one differ: " in other.out


def test_the_submission_time_is_that_of_the_newest_graded_file(root: Path, tmp_path: Path) -> None:
    write_files(tmp_path / "ada", WHOLE)
    for name, time in (("network", 1_000_000_000), ("double", 1_500_000_000), ("add_two", 1_200_000_000)):
        (file,) = (tmp_path / "ada").rglob(f"{name}.py")
        os.utime(file, (time, time))
    (submission,) = of_katas(read(tmp_path).entries[0], [catalogue.load(root, "milestone")], every=True)
    assert submission.entry.submitted_at == "2017-07-14T02:40:00+00:00"


def test_shipped_files_are_an_option_of_the_command(root: Path, tmp_path: Path) -> None:
    write_files(tmp_path / "ada", {"network.py": FLAT["network.py"]})
    words = ("grade", "milestone", "--root", str(root), "--submission", str(tmp_path / "ada"))
    done = katas(*words, "--with-shipped", "--format", "json")
    verdict = json.loads(done.out)
    assert (done.status, verdict["status"], verdict["with_shipped"]) == (0, "passed", True), done.said
    assert katas(*words).status == 1


def test_practice_is_no_progress(root: Path, tmp_path: Path) -> None:
    course = shutil.copytree(root, tmp_path / "course", ignore=shutil.ignore_patterns("__pycache__"))
    write_files(course, {"katas/milestone/network.py": FLAT["network.py"]})
    progress = {"NN_KATAS_PROGRESS": str(tmp_path / "progress.sqlite")}
    done = katas("grade", "milestone", "--with-shipped", cwd=course, env=progress)
    assert done.status == 0, done.said
    assert "3/3" not in katas("progress", cwd=course, env=progress).out


TESTED = """
from graders.checks import assert_equal, task

@task("all")
def test_all(kata):
    assert_equal(kata.{name}(3), {answer})
"""


@pytest.fixture(scope="module")
def tested(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the course in which the exercises have tests."""
    copy = tmp_path_factory.mktemp("tested") / "katas"
    shutil.copytree(root, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for slug, name, answer in (("one", "double", 6), ("two", "add_two", 5)):
        for place in (f"katas/{slug}/test_{slug}.py", f"graders/hidden/{slug}/test_hidden.py"):
            write_files(copy, {place: TESTED.format(name=name, answer=answer)})
    return copy


@pytest.fixture
def course(tested: Path, tmp_path: Path) -> Callable[..., str]:
    """Grade the exercises of ada, who is right, and of bob, who is wrong in one. Return how to grade the milestone."""
    root = tested
    for person, double in (("ada", DOUBLE), ("bob", DOUBLE.replace("2", "3"))):
        write_files(tmp_path / "exercises" / person, {"double.py": double, "add_two.py": ADD})
        write_files(tmp_path / "milestone" / person, {"network.py": FLAT["network.py"]})
    book = ("--gradebook", str(tmp_path / "book.sqlite"))

    def grade(*rule: str) -> str:
        if rule:
            output_of(root, "gradebook", "rule", "milestone", "--earlier", *rule, *book)
        words = (str(tmp_path / "milestone"), "--out", str(tmp_path / "out"), "--kata", "milestone", *book)
        return output_of(root, "grade-batch", *words)

    words = (str(tmp_path / "exercises"), "--out", str(tmp_path / "first"), "--kata", "one", "--kata", "two", *book)
    output_of(root, "grade-batch", *words)
    return grade


def results(out: Path) -> dict[str, tuple[str, str]]:
    rows = rows_of((out / "results.csv").read_text("utf-8"))
    return {row["person"]: (row["status"], row["note"]) for row in rows}


def test_earlier_files_come_from_the_gradebook_if_none_are_submitted(
    course: Callable[..., str], tmp_path: Path
) -> None:
    course()
    assert results(tmp_path / "out") == {
        "ada": ("passed", "files of stored submissions: one, two"),
        "bob": ("failed", "files of stored submissions: one (yours did not pass: 0 of 1 points), two"),
    }
    assert "0 graded" in course()


def test_a_fault_in_an_earlier_kata_costs_nothing_with_shipped_files(
    course: Callable[..., str], tmp_path: Path
) -> None:
    course()
    assert "2 passed" in course("shipped")
    status, note = results(tmp_path / "out")["bob"]
    assert (status, note) == ("passed", "files of the course: one (yours did not pass: 0 of 1 points), two")


def test_submitted_files_alone_count_if_the_rule_says_so(course: Callable[..., str], tmp_path: Path) -> None:
    course("submitted")
    assert {status for status, _ in results(tmp_path / "out").values()} == {"ungradable"}
    write_files(tmp_path / "milestone" / "bob", {"double.py": DOUBLE, "add_two.py": ADD})
    course()
    assert results(tmp_path / "out")["bob"] == ("passed", "")
    course("stored")
    assert results(tmp_path / "out")["bob"][0] == "failed"


def test_only_a_milestone_has_earlier_files(tested: Path, tmp_path: Path) -> None:
    book = ("--gradebook", str(tmp_path / "book.sqlite"))
    with Gradebook(book[1]):
        pass
    said = refused(tested, "gradebook", "rule", "one", "--earlier", "stored", *book)
    assert said == "katas: --earlier: one builds on no other kata. Name a milestone.\n"
    output_of(tested, "gradebook", "rule", "milestone", "--earlier", "stored", *book)
    said = output_of(tested, "gradebook", "rule", "milestone", "--earlier", "default", *book)
    assert "earlier files:" not in said
