"""Batches of milestones: earlier files come along, are stored, and are the same when a verdict is replayed."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from graders import catalogue
from graders.verdict import Verdict, from_json, to_json
from katas_course.submissions import of_katas, read
from tests.milestone_course import DOUBLE, FLAT, STUB, WHOLE, write_course, write_files
from tests.warm import katas


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
