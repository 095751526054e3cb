"""Batches: every submission is graded once, even when submissions are broken or processes die."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

from graders import Judge, catalogue, intake, verdict
from graders.errors import JudgeError, KataError
from graders.manual_scores import ManualScore, with_scores
from graders.report import render
from graders.unix import processors
from katas_course import downloads, executors, submissions
from katas_course.batch import Batch
from katas_course.commands import grade_batch
from katas_course.downloads import SubmissionEntry
from katas_course.executors import Cluster, Job, JobExecutor, ThisMachine
from katas_course.gradebook import removal
from katas_course.gradebook.storing import Row
from katas_course.grading import BatchProgress, BatchRun
from katas_course.reproducibility import same_result
from tests import shell, workshop
from tests.katas_course.books import AWAITING, current, history, moment, on_full_disk, rows_of, table
from tests.katas_course.marking import REVIEWED
from tests.shell import KATAS, PATIENCE_S, environment, katas
from tests.shell.judges import children, command_line
from tests.workshop import ADDED, HIDDEN, SOLUTION, STUB, SUMMED, write, write_repository

SEED = "5eed" * 16
# Runs a command that Ctrl-C ends, even if the tests run in the background and ignore Ctrl-C.
HEEDING_CTRL_C = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""


def hand_in(folder: Path, count: int) -> Path:
    """Write the folders of `count` people: right and wrong in turn, no two alike."""
    for number in range(count):
        text = (SOLUTION, ADDED, SUMMED, "def half(x):\n    return x\n")[number % 4]
        write(folder / f"person{number:04d}" / "twice.py", f"{text}# {number}\n")
    return folder


def forget(batch: Batch, person: str) -> tuple[int, int]:
    """Remove a person as `katas gradebook forget` does. Return the numbers of removed verdicts and submissions."""
    with batch.open() as held:
        removed = batch.clean(held, lambda name, _: name == downloads.composed(person))
        removal.forget(held.book, person)
        return removed


def hand_in_slowly(folder: Path, count: int) -> Path:
    """Write `count` more people, last by name, whose submissions each take some seconds."""
    for number in range(count):
        write(folder / f"slow{number}" / "twice.py", f"import time\ntime.sleep(4)\n{SOLUTION}")
    return folder


def start_batch(root: Path, submissions: Path, out: Path, *words: str, **env: str) -> subprocess.Popen[str]:
    """Start the command in its own process group, as a shell does."""
    options = ("--out", str(out), "--kata", "one", "--seed", SEED, "--workers", "1")
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", HEEDING_CTRL_C, KATAS, "grade-batch", str(submissions), *options, *words],
        cwd=root,
        env=environment(**env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        start_new_session=True,
    )


def wait_until(condition: Callable[[], object], seconds: float = PATIENCE_S) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.01)
    return False


def wait_for_rows(process: subprocess.Popen[str], out: Path, count: int) -> None:
    """Wait until the store has this many verdicts, or the command has ended."""
    wait_until(lambda: process.poll() is not None or rows_in(out) >= count)


def grade_entries(
    root: Path,
    entries: list[SubmissionEntry],
    out: Path,
    executor: JobExecutor,
    on_progress: Callable[[BatchProgress], None] = lambda _: None,
) -> None:
    batch = Batch(out)
    run = BatchRun(batch, [catalogue.load(root, "one")], every=True, on_progress=on_progress)
    with batch.open(bytes.fromhex(SEED)) as held, executor:
        run.grade(entries, executor, held)


def graded_by(progress: BatchProgress) -> int:
    return sum(progress.graded.values())


def rows_in(out: Path) -> int:
    """Return the number of verdicts in a store that another process may be writing."""
    if not (out / "gradebook.sqlite").exists():
        return -1
    with contextlib.closing(sqlite3.connect(out / "gradebook.sqlite", timeout=PATIENCE_S)) as connection:
        try:
            return connection.execute("SELECT count(*) FROM verdicts").fetchone()[0]
        except sqlite3.OperationalError:  # the tables are just being made
            return -1


def run_here(root: Path, folder: Path, out: Path, *words: str, slugs: tuple[str, ...] = ("one",)) -> shell.Finished:
    chosen = [word for slug in slugs for word in ("--kata", slug)]
    return katas("grade-batch", str(folder), "--out", str(out), "--seed", SEED, *chosen, *words, cwd=root)


# Results of a cohort.


@pytest.fixture(scope="module")
def everything(root: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str]:
    """Grade a folder with one submission of each kind."""
    place = tmp_path_factory.mktemp("everything")
    folder, out = place / "submissions", place / "out"
    write(folder / "ada" / "twice.py", SOLUTION)
    write(folder / "bob" / "twice.py", ADDED)
    write(folder / "cleo" / "twice.py", "def twice(x)\n")
    write(folder / "dora" / "other.py", "")
    write(folder / "ed" / "katas" / "one" / "twice.py", SUMMED)
    (folder / "fred").mkdir()
    (folder / "fred" / "twice.py").symlink_to("/etc/passwd")
    with zipfile.ZipFile(folder / "gus.zip", "w") as archive:
        archive.writestr("twice.py", SOLUTION)
    write(folder / "hal.zip", "no archive at all")
    write(folder / "notes.txt", "of the instructor")
    write(folder / ".DS_Store", "")
    words = ("grade-batch", str(folder), "--out", str(out), "--kata", "one", "--workers", "1")
    done = shell.katas_cold(*words, cwd=root)  # not in process, so that a pool of processes grades
    assert (done.status, done.left) == (0, []), done.said
    return folder, out, done.out


def test_bad_submissions_do_not_stop_a_batch(everything):
    _, out, said = everything
    found = {row["person"]: row for row in rows_of((out / "results.csv").read_text("utf-8"))}
    statuses = {person: row["status"] for person, row in found.items()}
    bad = dict.fromkeys(("cleo", "dora", "fred", "hal"), "ungradable")
    assert statuses == {"ada": "passed", "bob": "failed", "ed": "passed", "gus": "passed", **bad}
    assert "SyntaxError" in found["cleo"]["message"]
    assert "twice.py: not found" in found["dora"]["message"]
    assert "symbolic link" in found["fred"]["message"]
    assert "hal.zip" in found["hal"]["message"]
    assert "8 submissions from 8 people: 8 graded" in said
    assert "3 passed, 1 failed, 4 ungradable" in said
    assert "differed" not in said


def test_verdict_file_replays_from_the_stored_submission(everything, root):
    _, out, _ = everything
    record = out / "verdicts" / "bob" / "one.json"
    sha256 = verdict.from_json(record.read_bytes()).submission_sha256
    kept = Batch(out).store.path(sha256)
    done = katas("replay", str(record), "--submission", str(kept), cwd=root)
    assert (done.status, done.out) == (0, "one: the same statuses, scores and counterexamples (failed)\n"), done.said


def test_second_run_grades_nothing_again(everything, root):
    folder, out, _ = everything
    before = history(out)
    (out / "verdicts" / "ada" / "one.json").unlink()  # as after a kill between the store and the file
    forged = out / "verdicts" / "bob" / "one.json"
    write(forged, forged.read_text(encoding="utf-8").replace('"failed"', '"passed"'))
    done = katas("grade-batch", str(folder), "--out", str(out), "--kata", "one", cwd=root)
    assert verdict.from_json(forged.read_bytes()).status == "failed"
    assert "8 submissions from 8 people: 0 graded" in done.out
    assert "8 graded earlier" in done.out
    assert history(out) == before
    assert verdict.from_json((out / "verdicts" / "ada" / "one.json").read_bytes()).status == "passed"


def test_new_submission_is_graded_and_earlier_verdict_stays(root, tmp_path):
    out = tmp_path / "out"
    folder = hand_in(tmp_path / "in", 1)
    with Batch(out).open(bytes.fromhex(SEED)) as held:
        held.append([graded_row("person0000", title="what was handed in before")])
    said = run_here(root, folder, out).out
    assert ("1 submission from 1 person: 1 graded" in said, "graded earlier" in said) == (True, False), said
    assert [row.verdict.title for row in history(out)["person0000"]] == ["what was handed in before", "Twice"]
    assert "person0000,one,passed,3.0,3.0" in table(out)


def test_file_older_than_a_graded_one_stays_the_older_one(root, tmp_path):
    file, out = tmp_path / "in/ada/twice.py", tmp_path / "out"
    for text, seconds in ((SOLUTION, 1_700_000_000), (ADDED, 1_600_000_000)):
        os.utime(write(file, text), (seconds,) * 2)
        done = run_here(root, tmp_path / "in", out)
        assert done.status == 0, done.said
    said = "older than what was graded earlier, so that stays the newest: ada, one: 2020-09-13T12:26:40+00:00, but 2023"
    assert said in done.out
    (row,) = rows_of((out / "results.csv").read_text("utf-8"))
    assert (row["status"], row["submitted_at"]) == ("passed", "2023-11-14T22:13:20+00:00")
    assert verdict.from_json((out / "verdicts/ada/one.json").read_bytes()).status == "passed"
    assert [each.verdict.status for each in history(out)["ada"]] == ["passed", "failed"]
    again = run_here(root, tmp_path / "in", out)
    assert said in again.out
    assert "0 graded in" in again.out
    os.utime(write(file, f"{ADDED}# new\n"), (1_800_000_000,) * 2)
    assert "older than" not in run_here(root, tmp_path / "in", out).out
    assert '"failed"' in (out / "verdicts/ada/one.json").read_text()


def test_without_kata_option_only_changed_stubs_are_graded(root, tmp_path):
    write(tmp_path / "in" / "ada" / "katas" / "one" / "twice.py", SOLUTION)
    write(tmp_path / "in" / "ada" / "katas" / "two" / "twice.py", STUB)
    write(tmp_path / "in" / "bob" / "README.md", "nothing yet")
    (entry, nobody) = submissions.read(tmp_path / "in").entries
    known = catalogue.load_all(root)
    assert [handed.kata.slug for handed in submissions.of_katas(entry, known, every=False)] == ["one"]
    assert [handed.kata.slug for handed in submissions.of_katas(entry, known, every=True)] == ["one", "two"]
    assert list(submissions.of_katas(nobody, known, every=False)) == []


def test_two_entries_of_one_person_stop_only_that_person(root, tmp_path):
    folder = hand_in(tmp_path / "in", 1)
    write(folder / "ada" / "twice.py", SOLUTION)
    write(folder / "ada.zip", "")
    done = run_here(root, folder, tmp_path / "out")
    assert "2 submissions from 2 people: 2 graded" in done.out, done.said
    found = table(tmp_path / "out")
    assert "person0000,one,passed" in found
    assert "ada,one,ungradable" in found
    assert "ada and ada.zip belong to the same person, ada. Remove all but one." in found


@pytest.mark.parametrize("names", [("Zo\u00e9", "Zoe\u0301"), ("Zoe\u0301", "Zo\u00e9.zip")])
def test_one_name_in_two_unicode_forms_is_one_person(tmp_path, names):
    for name in names:
        if name.endswith(".zip"):
            write(tmp_path / name, "")
        else:
            write(tmp_path / name / "twice.py", SOLUTION)
    write(tmp_path / "Bob" / "twice.py", SOLUTION)
    bob, zoe = submissions.read(tmp_path).entries
    assert (bob.person, bob.refused, zoe.person) == ("Bob", "", "Zo\u00e9")
    assert re.fullmatch(r"'Zo.*' and 'Zo.*' belong to the same person, Zo\u00e9\. Remove all but one\.", zoe.refused)


def test_names_are_stored_in_one_unicode_form(tmp_path):
    write(tmp_path / "in" / "Zoe\u0301" / "twice.py", SOLUTION)
    times = submissions.read_times(write(tmp_path / "times.csv", "Zoe\u0301,2026-05-31T21:59:00+00:00\n"))
    (entry,) = submissions.with_times(submissions.read(tmp_path / "in"), times.times).entries
    assert (entry.person, entry.submitted_at) == ("Zo\u00e9", "2026-05-31T21:59:00+00:00")
    batch = Batch(tmp_path / "out")
    with batch.open() as held:
        held.append([graded_row("Zo\u00e9")])
    assert forget(batch, "Zoe\u0301")[0] == 1


def test_batch_of_another_kata_stops_before_it_stores_anything(tmp_path):
    root = write_repository(tmp_path / "katas", ["one", "two"])
    workshop.edit(root / "katas/two/kata.toml", '"twice.py"', '"doubled.py"')
    for folder in (root / "katas/two", root / "solutions/two"):
        (folder / "twice.py").rename(folder / "doubled.py")
    for number in range(6):
        write(tmp_path / f"in/person{number}/doubled.py", SOLUTION)
    done = run_here(root, tmp_path / "in", tmp_path / "out")
    assert (done.status, done.err.count("\n"), (tmp_path / "out").exists()) == (2, 1, False), done.said
    assert "--kata one: 6 of 6 people lack its files (twice.py), so nothing was stored." in done.err
    assert "Their files fit --kata two. To grade them all the same: --anyway" in done.err
    assert "6 ungradable" in run_here(root, tmp_path / "in", tmp_path / "out", "--anyway").out
    for number in range(2):  # four of six
        write(tmp_path / f"in/person{number}/twice.py", SOLUTION)
    done = run_here(root, tmp_path / "in", tmp_path / "other")
    assert (done.status, "4 ungradable" in done.out) == (0, True), done.said


def test_links_and_loose_files_are_skipped_and_listed(root, tmp_path):
    folder = hand_in(tmp_path / "in", 1)
    (folder / "eve").symlink_to(root / "solutions" / "one")
    write(folder / "carl.py", SOLUTION)
    write(folder / "dora" / "answer.py", SOLUTION)
    assert [entry.person for entry in submissions.read(folder).entries] == ["dora", "person0000"]
    done = run_here(root, folder, tmp_path / "out", slugs=())
    assert done.status == 0, done.said
    assert "no submission for these katas: dora" in done.out
    assert "skipped: carl.py: neither a folder nor .zip, .tar" in done.out
    assert "skipped: eve: a symbolic link" in done.out
    assert (tmp_path / "out").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("place", ["in", "in/graded", "in/person0000/graded"])
def test_a_batch_is_not_written_among_the_submissions(root, tmp_path, place):
    folder = hand_in(tmp_path / "in", 1)
    done = run_here(root, folder, tmp_path / place)
    assert done.status == 2
    assert "it is inside the submissions folder" in done.err
    assert sorted(path.name for path in folder.iterdir()) == ["person0000"]


def test_submission_time_is_the_newest_files_or_from_a_table(tmp_path):
    folder = tmp_path / "in"
    os.utime(write(folder / "ada" / "twice.py", ""), (1_700_000_000,) * 2)
    os.utime(write(folder / "ada" / "notes.md", ""), (1_600_000_000,) * 2)
    assert [entry.submitted_at for entry in submissions.read(folder).entries] == ["2023-11-14T22:13:20+00:00"]
    times = submissions.read_times(write(tmp_path / "times.csv", "person,time\nada,2026-05-31T23:59:00+02:00\n")).times
    cohort = submissions.with_times(submissions.read(folder), times)
    assert [entry.submitted_at for entry in cohort.entries] == ["2026-05-31T21:59:00+00:00"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("ada,tomorrow\n", r"times\.csv, line 1: expected `person,2026"),
        ("ada,0001-01-01T00:00:00+14:00\n", r"times\.csv, line 1: expected `person,2026"),
        ("ada,9999-12-31T23:59:59-05:00\n", r"times\.csv, line 1: expected `person,2026"),
        ("ada,2026-05-31\nada,2026-06-01\n", r"times\.csv, line 2: an earlier line has a different time for ada"),
    ],
)
def test_wrong_table_of_times_names_the_line(tmp_path, text, fault):
    with pytest.raises(KataError, match=fault):
        submissions.read_times(write(tmp_path / "times.csv", text))


def test_table_of_times_corrects_earlier_verdicts(root, tmp_path):
    folder, out = hand_in(tmp_path / "in", 2), tmp_path / "out"
    assert run_here(root, folder, out).status == 0
    table = write(tmp_path / "times.csv", "person0000,2026-05-31T23:59:00+00:00\nzoe,2026-05-31\n")
    done = run_here(root, folder, out, "--times", str(table))
    assert done.status == 0, done.said
    assert "2 graded earlier" in done.out
    corrected = [line for line in done.out.splitlines() if line.startswith("submission time corrected: ")]
    (said,) = corrected
    assert re.fullmatch(r".*: person0000, one: 20\S+ → 2026-05-31T23:59:00\+00:00", said)
    assert "in --times, but without a submission: zoe" in done.out
    assert "not in --times, so the modification time of their files counts: person0001" in done.out
    assert "person0000,one,passed,3.0,3.0,2026-05-31T23:59:00+00:00," in (out / "results.csv").read_text()
    again = run_here(root, folder, out, "--times", str(table))
    assert "submission time corrected" not in again.out
    assert [len(rows) for rows in history(out).values()] == [1, 1]


def test_times_may_have_any_name_that_the_roster_knows(root, tmp_path):
    folder, out, book = tmp_path / "in", tmp_path / "out", str(tmp_path / "course.sqlite")
    for name in ("lovelaceada_4177", "Bob Bee", "carl", "dora"):
        write(folder / name / "twice.py", SOLUTION)
    roster = write(tmp_path / "roster.csv", "id,name,e-mail\ns1,Ada Lovelace,\ns2,Bob Bee,b@x.de\ns3,,carl@x.de\n")
    ids = write(tmp_path / "canvas.csv", 'Student,ID,SIS User ID,SIS Login ID,Section\n"Lovelace, Ada",4177,s1,ada,A\n')
    for file in (roster, ids, roster):
        assert katas("gradebook", "people", "import", str(file), "--gradebook", book, cwd=root).status == 0
    table = write(
        tmp_path / "times.csv",
        "s1,2026-05-01T10:00\nb@x.de,2026-05-02\ncarl,2026-05-03\ns3,2026-05-09\nzoe,2026-05-04\n",
    )
    done = run_here(root, folder, out, "--times", str(table), "--gradebook", book)
    assert done.status == 0, done.said
    absent = [line for line in done.out.splitlines() if "--times" in line]
    assert absent == [
        "in --times, but without a submission: zoe",
        "not in --times, so the modification time of their files counts: dora",
    ]
    times = {row.person: row.submitted_at[:16] for row, *_ in history(out).values()}
    assert times.pop("dora")
    assert times == {
        "lovelaceada_4177": "2026-05-01T10:00",
        "Bob Bee": "2026-05-02T00:00",
        "carl": "2026-05-03T00:00",
    }


def test_two_names_of_a_person_may_not_have_different_times(root, tmp_path):
    write(tmp_path / "in/ada/twice.py", SOLUTION)
    book = str(tmp_path / "course.sqlite")
    roster = write(tmp_path / "roster.csv", "id,e-mail\ns1,ada@x.de\n")
    assert katas("gradebook", "people", "import", str(roster), "--gradebook", book, cwd=root).status == 0
    table = write(tmp_path / "times.csv", "s1,2026-05-01\nada@x.de,2026-05-02\n")
    done = run_here(root, tmp_path / "in", tmp_path / "out", "--times", str(table), "--gradebook", book)
    assert done.status == 2
    assert "--times: ada@x.de and s1 are the same person, with different times" in done.err


def test_times_also_apply_to_someone_with_two_submissions(tmp_path):
    write(tmp_path / "in/ada/twice.py", SOLUTION)
    write(tmp_path / "in/ada.zip", "")
    times = {"ada": "2026-05-31T21:59:00+00:00"}
    (entry,) = submissions.with_times(submissions.read(tmp_path / "in"), times).entries
    assert (bool(entry.refused), entry.submitted_at) == (True, "2026-05-31T21:59:00+00:00")


def test_submission_time_of_a_kata_is_that_of_its_own_files(root, tmp_path):
    folder = tmp_path / "in"
    os.utime(write(folder / "ada/work/twice.py", SOLUTION), (1_700_000_000,) * 2)
    write(folder / "ada/work/notes.md", "later")
    (entry,) = submissions.read(folder).entries
    (handed,) = submissions.of_katas(entry, [catalogue.load(root, "one")], every=True)
    assert [file.name for file in handed.files.files] == ["twice.py"]
    assert handed.entry.submitted_at == "2023-11-14T22:13:20+00:00"


@pytest.mark.parametrize("seconds", [300_000_000_000, -300_000_000_000])
def test_file_with_an_impossible_time_does_not_stop_a_batch(seconds):
    """A file system in memory stores such a time; others may not."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        os.utime(write(Path(folder) / "ada" / "twice.py", ""), (seconds, seconds))
        os.utime(Path(folder) / "ada", (seconds, seconds))
        (entry,) = submissions.read(Path(folder)).entries
    assert entry.submitted_at[:4] in ("9999", "1970")


def test_name_that_grows_when_composed_fits_a_file_system(root, tmp_path):
    write(tmp_path / "in" / ("\U0001d160" * 60) / "twice.py", SOLUTION)  # 240 bytes, and 720 composed
    done = run_here(root, tmp_path / "in", tmp_path / "out")
    assert done.status == 0, done.said
    (folder,) = (tmp_path / "out/verdicts").iterdir()
    assert len(folder.name.encode()) <= 200


def test_names_and_messages_are_escaped_for_spreadsheets(tmp_path):
    with Batch(tmp_path).open() as held:
        held.append([graded_row("=1+1", message="@SUM(A1)")])
    assert table(tmp_path).splitlines()[1].startswith("'=1+1,one,passed,")
    assert table(tmp_path).splitlines()[1].endswith(",'@SUM(A1),,0,1,0.0,0 of 0")


# Killed and resumed batches.


def undisturbed(root: Path, submissions: Path, out: Path) -> dict[str, verdict.Verdict]:
    done = run_here(root, submissions, out)
    assert done.status == 0, done.said
    return {person: rows[0].verdict for person, rows in history(out).items()}


def assert_equal_to(expected: dict[str, verdict.Verdict], out: Path) -> None:
    found = history(out)
    assert {person: len(rows) for person, rows in found.items()} == dict.fromkeys(expected, 1)
    different = {
        person: [(was, now) for was, now in zip(*map(msgspec.structs.astuple, pair), strict=True) if was != now]
        for person, (row,) in found.items()
        if not same_result(*(pair := (expected[person], row.verdict)))
    }
    assert different == {}


@pytest.fixture(scope="module")
def small_cohort(root: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, verdict.Verdict]]:
    place = tmp_path_factory.mktemp("cohort")
    folder = hand_in(place / "in", 16)
    return folder, undisturbed(root, folder, place / "undisturbed")


@pytest.mark.deep
@pytest.mark.parametrize("kills", [(6,), pytest.param((0, 3, 6, 9), marks=pytest.mark.wide)])
def test_killed_batch_resumes_without_losing_or_repeating(root, small_cohort, tmp_path, kills):
    """The slow submission keeps the command running until it is killed."""
    small, expected = small_cohort
    assert Counter(each.status for each in expected.values()) == {"passed": 8, "failed": 8}
    folder = hand_in_slowly(shutil.copytree(small, tmp_path / "in"), 1)
    expected = expected | undisturbed(root, hand_in_slowly(tmp_path / "slow", 1), tmp_path / "undisturbed")
    for rows in kills:
        process = start_batch(root, folder, tmp_path / "out")
        wait_for_rows(process, tmp_path / "out", rows)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
    process = start_batch(root, folder, tmp_path / "out")
    said, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, said
    assert_equal_to(expected, tmp_path / "out")
    assert not list((tmp_path / "out" / "verdicts").glob("*/.*"))
    assert no_judge_is_left(process.pid)


@pytest.mark.deep
def test_full_disk_is_reported_and_the_batch_can_resume(root, small_cohort, tmp_path):
    folder, expected = small_cohort
    out = tmp_path / "full" / "out"
    out.parent.mkdir()
    command = f"{KATAS} grade-batch {folder} --out {out} --kata one --workers 1 --seed {SEED}"
    script = f"cat /dev/zero > {out.parent}/zeros; truncate -s 284K {out.parent}/zeros; {command}; echo status $?"
    script += f"; rm {out.parent}/zeros; cp -r {out} {tmp_path}"
    done = on_full_disk(script, out.parent, size=602_112, root=root)
    told = [line for line in done.stderr.splitlines() if line.startswith("katas: ")]
    assert len(told) == 1, done.stderr
    assert told[0].startswith(f"katas: {out}/"), told
    full = ("database or disk is full. Free some space, and run", "No space left on device, so it was not written")
    assert any(each in told[0] for each in full), told
    assert 0 < rows_in(tmp_path / "out") < len(expected)
    assert done.stdout == "status 2\n", done.stdout
    with_room = run_here(root, folder, tmp_path / "out")
    assert with_room.status == 0, with_room.said
    assert_equal_to(expected, tmp_path / "out")


def no_judge_is_left(session: int) -> bool:
    """Return whether all processes of a command's session end within a minute."""
    words = ["ps", "-o", "stat=", "-s", str(session)]

    def all_ended() -> bool:  # a zombie has ended, but was not waited for
        listed = subprocess.run(words, capture_output=True, text=True, check=False).stdout.split()
        return all(state.startswith("Z") for state in listed)

    return wait_until(all_ended, 60)


def test_ctrl_c_waits_until_a_submission_is_stored(root, tmp_path, monkeypatch):
    taken = intake.take(catalogue.load(root, "one"), hand_in(tmp_path / "in", 1) / "person0000")
    write = zipfile.ZipFile.writestr

    def interrupted(archive: zipfile.ZipFile, *words: object) -> None:
        signal.raise_signal(signal.SIGINT)
        write(archive, *words)

    monkeypatch.setattr(zipfile.ZipFile, "writestr", interrupted)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs of a shell ignore SIGINT
    try:
        with pytest.raises(KeyboardInterrupt):
            Batch(tmp_path).store.keep(taken)
    finally:
        signal.signal(signal.SIGINT, before)
    with zipfile.ZipFile(Batch(tmp_path).store.path(taken.sha256)) as archive:
        assert archive.testzip() is None


@pytest.mark.deep
def test_ctrl_c_stops_at_once_and_keeps_finished_gradings(root, small_cohort, tmp_path):
    folder, expected = small_cohort
    process = start_batch(root, hand_in_slowly(shutil.copytree(folder, tmp_path / "in"), 4), tmp_path / "out")
    wait_for_rows(process, tmp_path / "out", 3)
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130, said
    assert f"graded and stored in {tmp_path / 'out'}. Run the same command again to continue" in said
    assert "Traceback" not in said
    assert "leaked" not in said
    assert no_judge_is_left(process.pid)
    kept = {person: rows for person, rows in history(tmp_path / "out").items() if person in expected}
    assert len(kept) >= 3
    assert all(same_result(rows[0].verdict, expected[person]) for person, rows in kept.items())


@pytest.mark.deep
def test_ctrl_c_while_judges_start_prints_one_line(root, small_cohort, tmp_path):
    folder, _ = small_cohort
    process = start_batch(root, folder, tmp_path / "out", "--workers", "2")

    def starts() -> bool:
        judging = any("graders.judge.fork_server" in command_line(child) for child in children(process.pid))
        return judging and (tmp_path / "out" / "submissions").is_dir()  # so the first one waits to be graded

    wait_until(lambda: starts() or process.poll() is not None)
    assert starts()
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=PATIENCE_S)
    kept = f"katas: 0 graded and stored in {tmp_path / 'out'}. Run the same command again to continue."
    assert (process.returncode, said.splitlines()) == (130, [kept, "katas: interrupted"])
    assert no_judge_is_left(process.pid)


@pytest.mark.deep
@pytest.mark.parametrize(("kills", "workers"), [(2, 1), (1, 2)])  # with two workers, a second kill may hit a retry
def test_killed_judging_process_loses_no_verdict(root, small_cohort, tmp_path, kills, workers):
    folder, expected = small_cohort

    def kill_one(progress: BatchProgress) -> None:
        if len(killed) < kills and graded_by(progress) > 3 * (len(killed) + 1):
            for judge in [each for each in executors._busy if each.process][:1]:
                judge.process.process.kill()
                killed.append(judge)  # and no more: a job has a second attempt, and no third

    killed: list[Judge] = []
    grade_entries(root, submissions.read(folder).entries, tmp_path / "out", ThisMachine(root, workers), kill_one)
    assert len(killed) == kills
    assert_equal_to(expected, tmp_path / "out")


def cluster_of(**settings: object) -> Any:
    distributed = pytest.importorskip("distributed")
    return distributed.LocalCluster(**{"threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"} | settings)


# Dask sometimes leaves a pipe of a killed worker open, which is found long after.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.deep
def test_dask_cluster_with_killed_workers_grades_the_same(root, small_cohort, tmp_path, monkeypatch):
    monkeypatch.setattr("katas_course.executors.WAIT_S", 60.0)
    folder, expected = small_cohort
    killed: list[int] = []

    def kill_one(progress: BatchProgress) -> None:
        if len(killed) < 2 and graded_by(progress) > 4 * (len(killed) + 1):
            pids = [worker.pid for worker in cluster.workers.values()]  # None for a worker that is restarting
            for pid in [pid for pid in pids if pid not in (None, *killed)][:1]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)

    with cluster_of(n_workers=2, processes=True) as cluster:
        grade_entries(
            root, submissions.read(folder).entries, tmp_path / "out", Cluster(cluster.scheduler_address), kill_one
        )
    assert len(killed) == 2
    assert_equal_to(expected, tmp_path / "out")


@pytest.mark.deep
def test_a_dask_scheduler_grades_until_it_has_no_worker(root, small_cohort, tmp_path, monkeypatch, resident_here):
    """The cluster's worker is a thread of this process, so that no process has to start."""
    monkeypatch.setattr("katas_course.executors.LEFT_S", 0.0)
    folder, expected = small_cohort
    few = [entry for entry in submissions.read(folder).entries if entry.person < "person0004"]
    resident_here(root)
    with cluster_of(n_workers=1, processes=False, dashboard_address=None) as cluster:
        grade_entries(root, few, tmp_path / "out", Cluster(cluster.scheduler_address))
        with Cluster(cluster.scheduler_address) as executor:
            executor.look()
            cluster.scale(0)
            with pytest.raises(KataError, match=r"no worker for 0 s\. Start one, and run the same command again"):
                wait_until(executor.look)
    assert_equal_to({entry.person: expected[entry.person] for entry in few}, tmp_path / "out")


def test_missing_scheduler_is_reported_in_one_message(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("katas_course.executors.WAIT_S", 0.5)
    with pytest.raises(KataError, match=r"--scheduler tcp://127\.0\.0\.1:9: .*Are the scheduler and a worker running"):
        Cluster("tcp://127.0.0.1:9").__enter__()


# The store.


def graded_row(person: str, **changes: object) -> Row:
    found = verdict.Verdict(**{"kata": "one", "status": "passed", "submission_sha256": person * 3} | changes)
    return Row(person=person, submitted_at="2026-05-01T00:00:00+00:00", verdict=found)


def test_two_commands_cannot_grade_into_one_folder(tmp_path):
    said = r"another katas process is writing it\. Wait until it ends, or give another"
    with Batch(tmp_path).open() as held:
        held.append([graded_row("ada")])
        with pytest.raises(KataError, match=said), Batch(tmp_path).open():
            pass
    assert [row.person for row in current(tmp_path)] == ["ada"]


# Changed tests.


ONE_MORE = '\n@task("half")\ndef test_minus_one_is_halved(kata):\n    assert kata.half(-1.0) == -0.5\n'


@pytest.mark.deep
def test_changed_regrades_only_what_new_tests_affect(tmp_path):
    root = write_repository(tmp_path / "katas", ["one", "two"])
    folder = hand_in(tmp_path / "in", 2)
    both = ("one", "two")
    assert "4 submissions from 2 people: 4 graded" in run_here(root, folder, tmp_path / "out", slugs=both).out
    write(root / "graders" / "hidden" / "two" / "test_hidden.py", HIDDEN + ONE_MORE)
    left_alone = run_here(root, folder, tmp_path / "out", slugs=both).out
    assert re.search(r"from 2 people: 0 graded in .*; 4 graded earlier$", left_alone, re.MULTILINE), left_alone
    stood = "2 graded earlier with different tests, a different harness or policy on extras: --changed regrades them"
    assert stood in left_alone
    again = run_here(root, folder, tmp_path / "out", "--changed", slugs=both).out
    assert re.search(r"from 2 people: 2 graded in .*; 2 graded earlier$", again, re.MULTILINE), again
    assert "with different tests" not in again
    rows = [row.verdict for each in history(tmp_path / "out").values() for row in each]
    assert Counter(each.kata for each in rows) == {"one": 2, "two": 4}
    assert [len(each.tests) for each in rows if each.kata == "two"] == [3, 4, 3, 4]
    assert len({each.seed for each in rows}) == 6


def test_summary_says_what_is_left_to_do_in_the_batch(tmp_path):
    """Also about what an earlier run has graded, and about the people on the roster."""
    root, out = write_repository(tmp_path / "katas", []), tmp_path / "out"
    workshop.write_kata(root, "one", toml=REVIEWED)
    people = ["ada", "bob", "cleo", "dora"]
    write(tmp_path / "roster.csv", "id\n" + "\n".join(people))
    book = ("--gradebook", str(tmp_path / "book.sqlite"))
    assert katas("gradebook", "people", "import", str(tmp_path / "roster.csv"), *book, cwd=root).status == 0
    for person in ("ada", "zoe"):
        write(tmp_path / "in" / person / "twice.py", SOLUTION)
    for number in range(7):
        write(tmp_path / "in" / f"late{number}" / "other.py", "")
    expected = [
        "7 ungradable: late0, late1, late2, late3, late4, late5, late6",
        f"2 pieces await marking: katas serve --instructor {out} --by NAME",
        "8 not in the roster: late0, late1, late2, late3, late4, late5, late6, zoe "
        "(katas gradebook people match NAME ID)",
        "3 of 4 on the roster without a submission: bob, cleo, dora",
    ]
    first = run_here(root, tmp_path / "in", out, *book).out.splitlines()
    assert re.search(r"9 graded in .* per (second|minute)$", first[0]), first
    assert first[1:6] == ["2 awaiting_review, 7 ungradable", *expected]
    write(tmp_path / "in" / "bob" / "twice.py", SOLUTION)
    later = run_here(root, tmp_path / "in", out, *book).out.splitlines()
    assert later[1:3] == ["1 awaiting_review", "in the batch: 10 graded; 3 awaiting_review, 7 ungradable"]
    assert later[3] == expected[0]
    assert later[4].startswith("3 pieces await")
    assert later[6] == "2 of 4 on the roster without a submission: cleo, dora"


@pytest.mark.parametrize("order", [("ungradable", "failed", "passed"), ("passed", "failed", "ungradable")])
def test_summary_counts_in_one_order_however_the_gradings_ended(tmp_path, order):
    lines = grade_batch.summary(BatchProgress(graded=Counter(order)), tmp_path, 3, 1.0)
    assert lines[1] == "1 passed, 1 failed, 1 ungradable"


@pytest.mark.deep
def test_changed_settles_also_with_refused_submissions(tmp_path):
    root = write_repository(tmp_path / "katas", ["one"])
    folder = hand_in(tmp_path / "in", 1)
    write(folder / "hal.zip", "no archive at all")
    write(folder / "ida" / "other.py", "")
    write(folder / "joe" / "twice.py", "def twice(x)\n")
    assert "4 graded" in run_here(root, folder, tmp_path / "out").out
    write(root / "graders" / "hidden" / "one" / "test_hidden.py", HIDDEN + ONE_MORE)
    assert "3 graded earlier with different tests" in run_here(root, folder, tmp_path / "out").out
    assert "3 graded in" in run_here(root, folder, tmp_path / "out", "--changed").out
    for words in ((), ("--changed",)):
        settled = run_here(root, folder, tmp_path / "out", *words).out
        assert ("0 graded in" in settled, "with different tests" in settled) == (True, False), settled


@pytest.mark.deep
def test_accepted_confinement_does_not_make_pages_unofficial(root, tmp_path):
    folder = hand_in(tmp_path / "in", 1)
    write(folder / "ida" / "other.py", "")
    partial = ("--require-confinement", "partial")
    for words, unofficial in (((), True), (partial, False)):
        out = tmp_path / f"out{unofficial}"
        assert run_here(root, folder, out, *words).status == 0
        for path in (out / "verdicts").rglob("one.json"):
            found = verdict.from_json(path.read_bytes())
            assert found.accepted_confinement == ("full" if unofficial else "partial") or found.message.startswith("tw")
            less = msgspec.structs.replace(found, confinement="partial" if found.tests else "none")
            page = render([less], "html", "learner")
            assert ("Unofficial" in page) == (unofficial and bool(found.tests)), page
            assert ("confinement" in page) == bool(found.tests)


def test_error_is_graded_again(tmp_path):
    root = write_repository(tmp_path / "katas", ["one"])
    hidden = root / "graders" / "hidden" / "one" / "test_hidden.py"
    whole = hidden.read_text(encoding="utf-8")
    write(hidden, f"import nothing_of_that_name\n{whole}")
    folder = hand_in(tmp_path / "in", 1)
    done = run_here(root, folder, tmp_path / "out")
    assert done.status == 2
    assert "error: person0000, one:" in done.out
    assert "Run the same command to try again" in done.out
    write(hidden, whole)
    done = run_here(root, folder, tmp_path / "out")
    assert (done.status, "1 passed" in done.out) == (0, True), done.said


# Removal.


def test_forget_keeps_submissions_that_others_share(root, tmp_path):
    kata = catalogue.load(root, "one")
    batch = Batch(tmp_path / "out")
    digests = {}
    with batch.open() as held:
        for person, text in (("person0", SOLUTION), ("person1", ADDED), ("person2", SUMMED), ("twin", SOLUTION)):
            taken = intake.submission(kata, {"twice.py": text.encode()})
            batch.store.keep(taken)
            digests[person] = taken.sha256
            held.append([graded_row(person, submission_sha256=taken.sha256)])
            write(batch.verdict_file(person, "one"), "written from the store")
    assert forget(batch, "twin") == (1, 0)
    assert forget(batch, "person1") == (1, 1)
    assert set(history(tmp_path / "out")) == {"person0", "person2"}
    assert set(batch.store.digests()) == {digests["person0"], digests["person2"]}
    assert sorted(path.name for path in (tmp_path / "out" / "verdicts").iterdir()) == ["person0", "person2"]
    everywhere = [path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert not any(b"person1" in data or b"twin" in data for data in everywhere)


def test_stored_submission_is_returned_unchanged(root, tmp_path):
    kata = catalogue.load(root, "one")
    taken = intake.take(kata, kata.solution)
    store = Batch(tmp_path).store
    store.keep(taken)
    assert store.take(kata, taken.sha256).files == taken.files
    store.path(taken.sha256).write_bytes(store.keep(intake.submission(kata, {"twice.py": b"other"})).read_bytes())
    with pytest.raises(KataError, match="not the ones that were submitted"):
        store.take(kata, taken.sha256)
    assert store.drop(taken.sha256)
    with pytest.raises(KataError, match="the submission is missing"):
        store.take(kata, taken.sha256)


def test_manual_scores_survive_a_regrading_in_a_batch(tmp_path):
    row = msgspec.structs.replace(graded_row("ada"), verdict=AWAITING)
    marked = with_scores(AWAITING, [ManualScore("essay", 4.0, "Grace", moment(12))])
    again = msgspec.structs.replace(AWAITING, graded_at=moment(13))
    with Batch(tmp_path).open() as held:
        held.append([row, msgspec.structs.replace(row, verdict=marked)])
        (found,) = held.append([msgspec.structs.replace(row, verdict=again)])
        assert (found.verdict.score, found.verdict.tasks[1].reviewer) == (14.0, "Grace")
        (later,) = held.append([msgspec.structs.replace(row, verdict=again, submitted_at="2026-05-04T00:00:00+00:00")])
        assert (later.verdict.score, later.verdict.tasks[1].reviewer) == (14.0, "Grace")
        other = msgspec.structs.replace(again, submission_sha256="c" * 64)
        (found,) = held.append([msgspec.structs.replace(row, verdict=other)])
        assert found.verdict.tasks[1].reviewer is None


# Executors, and processes that die.


def job(number: int, root: Path) -> Job:
    kata = catalogue.load(root, "one")
    return Job(
        person=f"person{number}",
        submitted_at="",
        kata="one",
        root=str(root),
        kata_digest=kata.kata_digest(),
        suite_digest=kata.suite_digest(),
        submission=intake.take(kata, kata.solution),
        seed=number.to_bytes(16, "big"),
    )


@pytest.fixture
def resident_here(judge: Judge) -> Iterator[Callable[[Path], None]]:
    """Return a function of a root that makes the batch's threads in this process grade with the shared judge."""

    def lend(root: Path) -> None:
        judge.start()
        executors._idle.append(Judge(root, crowded=True, started=judge._process))

    yield lend
    executors._idle.clear()


def test_any_executor_works_with_few_jobs_in_memory(root, resident_here):
    resident_here(root)
    resident_here(root)
    taken: list[int] = []
    done = 0

    def jobs() -> Iterator[Job]:
        for number in range(12):
            taken.append(number)
            assert len(taken) - done <= executors.AHEAD * 2 + 1
            yield job(number, root)

    with ThreadPoolExecutor(2) as executor:
        for group in executors.graded(jobs(), JobExecutor(executor, 2)):
            assert {found.status for _, found in group} == {"passed"}
            done += len(group)
    assert done == 12


def test_command_that_ends_with_an_error_leaves_no_judge_behind(tmp_path):
    (tmp_path / "temporary").mkdir()
    repository = Path(__file__).parents[2]  # has no kata "one", and tests for which the judge imports PyTorch ahead
    process = start_batch(repository, tmp_path / "in", tmp_path / "out", TMPDIR=str(tmp_path / "temporary"))
    process.wait(PATIENCE_S)
    left = list((tmp_path / "temporary").iterdir())
    said, _ = process.communicate(timeout=PATIENCE_S)  # waits for the judge, too, which would hold the pipe open
    assert (process.returncode, left) == (2, []), said


@pytest.mark.skipif(sys.platform != "linux" or len(processors()) < 2, reason="about several processors of Linux")
@pytest.mark.parametrize("all_of_them", [True, False])
def test_each_judge_has_a_processor_of_its_own_if_there_are_judges_for_all(root, tmp_path, all_of_them):
    available = processors()
    says_where = "import os\nimport time\n\ntime.sleep(1)\nraise RuntimeError(sorted(os.sched_getaffinity(0)))\n"
    for number in range(2 * len(available)):
        write(tmp_path / "in" / f"person{number}" / "twice.py", f"{says_where}# {number}\n")
    executor = ThisMachine(root, None if all_of_them else len(available) - 1)
    grade_entries(root, submissions.read(tmp_path / "in").entries, tmp_path / "out", executor)
    found = {
        where for row in current(tmp_path / "out") for where in re.findall(r"RuntimeError: (\[.*?\])", str(row.verdict))
    }
    anywhere = str(sorted(available))  # also while there are not judges for all, at the beginning and the end
    assert found - {anywhere} == ({str([each]) for each in available} if all_of_them else set())
    assert found


def test_machine_with_other_katas_gives_an_error(root, resident_here):
    resident_here(root)
    stale = msgspec.structs.replace(job(0, root), suite_digest="0" * 64)
    with ThreadPoolExecutor(1) as executor:
        (((_, found),),) = executors.graded([stale], JobExecutor(executor, 1))
    assert (found.status, found.score) == ("error", 0)
    assert "Update it." in found.message


class KilledWorker(Exception):
    """A job's process has died, in the words of Dask."""


class Mortal(JobExecutor):
    """An executor whose processes die of some jobs, and once each of some others, as if they ran in the same ones."""

    def __init__(self, executor: Executor, deadly: set[str], others: set[str]) -> None:
        super().__init__(executor, 2)
        self.deadly, self.others = deadly, others

    def submit(self, job: Job) -> Future[verdict.Verdict | None]:
        dies = job.person in self.deadly | self.others
        self.others.discard(job.person)
        return self.executor.submit(mortal, job, dies=dies)


def mortal(job: Job, *, dies: bool) -> verdict.Verdict:
    if dies:
        raise KilledWorker
    if job.person == "person7":
        raise ValueError("seven")
    return verdict.Verdict(kata="one", status="passed")


def test_job_that_kills_its_process_does_not_stop_the_others(root):
    with ThreadPoolExecutor(2) as pool:
        place = Mortal(pool, {"person5"}, {"person4", "person6"})
        graded = executors.graded((job(n, root) for n in range(10)), place)
        done = {each.person: found for group in graded for each, found in group}
    assert len(done) == 10
    assert {person for person, each in done.items() if each.status == "passed"} == {
        f"person{number}" for number in range(10) if number not in (5, 7)
    }
    assert done["person5"].status == "error"
    assert "died 3 times; this does not count against the submission" in done["person5"].message
    assert (done["person7"].status, done["person7"].message) == ("error", "ValueError: seven")


def test_processes_that_die_on_every_job_end_the_batch(root):
    with ThreadPoolExecutor(2) as pool, pytest.raises(JudgeError, match="die on every job"):
        list(
            executors.graded((job(n, root) for n in range(10)), Mortal(pool, {f"person{n}" for n in range(10)}, set()))
        )
