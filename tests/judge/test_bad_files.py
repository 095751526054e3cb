"""One bad file costs the tasks that need it, and the other tasks are graded as ever."""

from __future__ import annotations

import itertools
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from graders import Judge, catalogue, intake, report
from graders.verdict import FILES, Verdict
from katas_course.blobs import Store
from katas_course.rules import spends_attempt
from tests.observed import tasks

Damage = Callable[[Path], object]

LOG = "results/log.csv"
POINTS = {"left": 1, "right": 2, "both": 4, "notes": 8, "log": 16, "words": 32, "whole": 64}
NEEDED = {
    "left.py": {"left", "both", "whole"},
    "right.py": {"right", "both", "whole"},
    "notes.toml": {"notes", "words", "whole"},
    LOG: {"log", "whole"},
}


@pytest.fixture
def folder(repository: Path, tmp_path: Path) -> Path:
    """Return a folder with a copy of the solution."""
    place = tmp_path / "submission"
    for name, data in intake.solved(catalogue.load(repository, "pieces")).items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(data)
    return place


def costs(verdict: Verdict, lost: set[str], said: str = "", name: str = FILES) -> None:
    """Check that only these tasks fail, and that their points stay in the maximum.

    With `name`, each of them has this one failed result, whose message contains `said`.
    """
    awaiting = {"words"} - lost
    failed = {task for task, status in tasks(verdict).items() if status in ("failed", "blocked")}
    assert failed == lost
    assert {task for task, status in tasks(verdict).items() if status == "passed"} == POINTS.keys() - lost - awaiting
    assert {task for task, status in tasks(verdict).items() if status == "awaiting_review"} == awaiting
    assert verdict.status == ("failed" if lost - {"whole"} else "awaiting_review")
    assert verdict.max_score + verdict.review_points == sum(POINTS.values())
    assert verdict.score == sum(POINTS[task] for task in POINTS.keys() - lost - awaiting)
    assert verdict.ungraded_points == 0
    if name:
        for task in lost:
            (result,) = (test for test in verdict.tests if test.task == task)
            assert (result.name, result.status, result.visibility) == (name, "failed", "visible")
            assert said in result.message
        assert said in verdict.message


def link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/passwd")


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


REFUSED: dict[str, tuple[Damage, str]] = {
    "latin-1": (lambda path: path.write_bytes(b"x = 1\n# caf\xe9\n"), "it is not UTF-8 (line 2). Save it as UTF-8."),
    "NUL": (lambda path: path.write_bytes(b"\0"), "it has a NUL byte in line 1. Save it as text (UTF-8)."),
    "large": (lambda path: path.write_bytes(b"#" * (9 << 20)), "KB. Hand in a smaller file."),
    "link": (link, "it is a symbolic link, not a file. Put an ordinary file in its place."),
    "hard link": (lambda path: os.link(path, path.parent / "other.txt"), "it is a hard link"),
    "pipe": (pipe, "it is a pipe, not a file."),
    "folder": (a_folder, "it is a folder, not a file."),
    "twin": (lambda path: path.with_name(path.name.upper()).write_text(""), "only by letter case"),
}


@pytest.mark.parametrize("name", NEEDED)
def test_a_missing_file_costs_the_tasks_that_need_it(judge: Judge, folder: Path, name: str) -> None:
    (folder / name).unlink()
    if name == LOG:
        (folder / "results").rmdir()  # otherwise it would be named as what is there instead
    said = f"{name}: not found in {folder}. Submit every file that pieces/kata.toml lists."
    costs(judge.grade("pieces", folder), NEEDED[name], said)


@pytest.mark.parametrize(
    ("name", "how"), [*itertools.product(("left.py", "notes.toml"), REFUSED), (LOG, "latin-1"), (LOG, "link")]
)
def test_a_refused_file_costs_the_tasks_that_need_it(judge: Judge, folder: Path, name: str, how: str) -> None:
    damage, said = REFUSED[how]
    damage(folder / name)
    verdict = judge.grade("pieces", folder)
    costs(verdict, NEEDED[name], said)
    assert verdict.message.lower().startswith(f"{name}: ")
    assert name not in verdict.ignored_files


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "def left(x):\n    return (x\n",
            "SyntaxError: '(' was never closed (left.py, line 2)\nleft.py, line 2: return (x",
        ),
        ("import numpy\n\n\ndef left(x):\n    return numpy.sort(x)\n", "numpy.sort may not be used in this kata"),
    ],
    ids=["syntax", "forbidden"],
)
def test_a_file_that_cannot_be_compiled_costs_its_tasks(judge: Judge, folder: Path, text: str, said: str) -> None:
    (folder / "left.py").write_text(text)
    verdict = judge.grade("pieces", folder)
    costs(verdict, NEEDED["left.py"], said)
    failed = next(test for test in verdict.tests if test.task == "left")
    assert failed.message.endswith("\nFix left.py: this task needs it.")


def test_all_broken_files_are_named(judge: Judge, folder: Path) -> None:
    (folder / "left.py").write_text("def left(x:\n")
    (folder / "right.py").write_text("return 1\n")
    (folder / "notes.toml").unlink()
    verdict = judge.grade("pieces", folder)
    assert tasks(verdict) == dict.fromkeys(POINTS, "failed") | {"log": "passed"}
    for said in ("left.py, line 1", "right.py, line 1", "notes.toml: not found"):
        assert said in verdict.message


@pytest.mark.parametrize("text", ["x = 1 / 0\n", "import sys\nsys.exit(0)\n", "import no_such_module\n"])
@pytest.mark.parametrize("name", ["left.py", "right.py"])
def test_a_module_that_crashes_costs_the_tasks_that_need_it(judge: Judge, folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)
    verdict = judge.grade("pieces", folder)
    costs(verdict, NEEDED[name], name="")
    assert any(f"{name}, line" in test.message for test in verdict.tests if test.status == "failed")


def test_a_folder_that_is_a_link_costs_the_tasks_of_its_files(judge: Judge, folder: Path) -> None:
    (folder / "results").rename(folder / "elsewhere")
    (folder / "results").symlink_to("elsewhere")
    costs(judge.grade("pieces", folder), NEEDED["results/log.csv"], "results: it is a symbolic link")


def test_a_bad_file_that_no_task_names_costs_only_tasks_that_need_all(judge: Judge, folder: Path) -> None:
    (folder / "results/more.csv").write_bytes(b"\xff")
    costs(judge.grade("pieces", folder), {"whole"}, "results/more.csv: it is not UTF-8")


def test_too_many_results_cost_the_tasks_that_need_them(judge: Judge, folder: Path) -> None:
    for number in range(1000):
        (folder / f"results/{number}.csv").touch()
    costs(judge.grade("pieces", folder), NEEDED["results/log.csv"], "results/*.csv: 1001 files match")


@pytest.mark.parametrize("name", ["a\nb.csv", "a\\b.csv", os.fsdecode(b"caf\xe9.csv")], ids=["line", "path", "bytes"])
def test_a_refused_file_with_a_strange_name_can_be_stored(repository: Path, folder: Path, name: str) -> None:
    (folder / "results" / name).symlink_to("/etc/passwd")
    kata = catalogue.load(repository, "pieces")
    taken = intake.take(kata, folder)
    assert list(taken.refused) == ["results/*.csv"]
    assert "results/log.csv" not in {file.name for file in taken.files}


def test_of_two_names_for_one_file_neither_is_taken(repository: Path, folder: Path) -> None:
    REFUSED["twin"][0](folder / "left.py")
    taken = intake.take(catalogue.load(repository, "pieces"), folder)
    assert "only by letter case" in taken.refused["left.py"]
    assert not {"left.py", "LEFT.PY"} & {file.name for file in taken.files}


@pytest.mark.parametrize("how", ["latin-1", "link"])
@pytest.mark.parametrize("name", NEEDED)
def test_an_archive_loses_the_same_tasks_as_a_folder(judge: Judge, folder: Path, name: str, how: str) -> None:
    archive = folder.with_name("submission.zip")
    with zipfile.ZipFile(archive, "w") as file:
        for each in NEEDED:
            info = zipfile.ZipInfo(each)
            if each == name and how == "link":
                info.external_attr = 0o120777 << 16
            file.writestr(info, b"\n# caf\xe9" if each == name else (folder / each).read_bytes())
    costs(judge.grade("pieces", archive), NEEDED[name], REFUSED[how][1])


@pytest.mark.parametrize("name", NEEDED)
def test_a_broken_archive_stays_ungradable(judge: Judge, folder: Path, name: str) -> None:
    archive = folder.with_name("submission.zip")
    with zipfile.ZipFile(archive, "w") as file:
        for each in NEEDED:
            file.writestr(each, (folder / each).read_bytes() + b"# unique " + each.encode() + b"\n")
    data = archive.read_bytes()
    archive.write_bytes(data.replace(b"# unique " + name.encode(), b"# damage " + name.encode(), 1))
    verdict = judge.grade("pieces", archive)
    assert (verdict.status, verdict.tests, verdict.tasks) == ("ungradable", (), ())
    assert "the archive is broken" in verdict.message


def test_a_submission_that_is_too_large_stays_ungradable(judge: Judge, folder: Path) -> None:
    for number in range(5):
        (folder / f"results/{number}.csv").write_bytes(b"1" * (7 << 20))
    verdict = judge.grade("pieces", folder)
    assert verdict.status == "ungradable"
    assert "it makes the submission larger than 32 MB" in verdict.message


@pytest.mark.parametrize("how", ["missing", "link", "latin-1"])
def test_nothing_is_graded_without_all_files(judge: Judge, folder: Path, how: str) -> None:
    for name in NEEDED:
        assert judge.grade("pieces", folder).status == ("awaiting_review" if name == "left.py" else "failed")
        (folder / name).unlink()
        if how == "link":
            (folder / name).symlink_to("/etc/passwd")
        elif how == "latin-1":
            (folder / name).write_bytes(b"\xff")
    verdict = judge.grade("pieces", folder)
    assert (verdict.status, verdict.exit_status, verdict.tests) == ("ungradable", 1, ())
    assert all(name in verdict.message for name in NEEDED)
    assert not spends_attempt(verdict)


def test_a_refused_file_is_stored_and_regraded_as_refused(judge: Judge, repository: Path, folder: Path) -> None:
    kata = catalogue.load(repository, "pieces")
    digests = {intake.take(kata, folder).sha256}
    store = Store(folder.with_name("store"))
    for damage in (REFUSED["latin-1"][0], Path.unlink):
        damage(folder / "notes.toml")
        taken = intake.take(kata, folder)
        archive = store.keep(taken)
        digests.add(taken.sha256)
        assert store.take(kata, taken.sha256) == msgspec.structs.replace(taken, ignored=())
        assert intake.take(kata, archive).sha256 == taken.sha256  # as `katas replay` restores it
        costs(judge.grade("pieces", store.take(kata, taken.sha256)), NEEDED["notes.toml"], "notes.toml: ")
        costs(judge.grade("pieces", archive), NEEDED["notes.toml"], "notes.toml: ")
    assert len(digests) == 3


def test_requested_tasks_fail_alone(judge: Judge, folder: Path) -> None:
    (folder / "notes.toml").unlink()
    verdict = judge.grade("pieces", folder, tasks=["notes", "words"])
    assert (verdict.status, tasks(verdict)) == ("failed", {"notes": "failed", "words": "failed"})
    verdict = judge.grade("pieces", folder, tasks=["left"])
    assert (verdict.status, tasks(verdict)) == ("passed", {"left": "passed"})


def test_an_attempt_counts_if_a_test_ran(judge: Judge, folder: Path) -> None:
    (folder / "notes.toml").unlink()
    assert spends_attempt(judge.grade("pieces", folder))
    for name in ("left.py", "right.py"):
        (folder / name).write_text("return 1\n")
    (folder / "results/log.csv").write_bytes(b"\xff")
    (folder / "notes.toml").write_text("answer = 7\n")
    verdict = judge.grade("pieces", folder, tasks=["left", "right", "both", "log", "words"])
    assert verdict.status == "failed"
    assert not spends_attempt(verdict)


@pytest.mark.parametrize("form", report.FORMATS)
@pytest.mark.parametrize("audience", ["learner", "instructor"])
def test_every_report_names_the_file(judge: Judge, folder: Path, form: str, audience: str) -> None:
    (folder / "notes.toml").unlink()
    verdict = msgspec.structs.replace(judge.grade("pieces", folder), hidden_detail="none")
    printed = report.render([verdict], form, audience)  # type: ignore[arg-type]
    if form != "csv":  # it has no place for messages
        assert "notes.toml: not found" in printed
