"""Cohorts: everybody is graded once, whatever is handed in and whatever dies."""

from __future__ import annotations

import contextlib
import csv
import multiprocessing
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from graders import catalogue, intake, verdict
from graders.batch import cohort, entries, journal, resident, running
from graders.batch.cohort import Batch, Run
from graders.batch.executors import Borrowed, Cluster, ThisMachine
from graders.batch.resident import Job
from graders.errors import JudgeError, KataError
from graders.judge import Judge
from graders.review import Mark, with_marks
from tests import workshop
from tests.warm import katas
from tests.workshop import (
    ADDED,
    HIDDEN,
    KATAS,
    PATIENCE_S,
    SOLUTION,
    STUB,
    SUMMED,
    environment,
    write,
    write_repository,
)

SEED = "5eed" * 16
# Runs a command that Ctrl-C ends, even where the tests themselves are in the background and ignore it.
HEEDING_CTRL_C = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with two small katas, which take the same file."""
    return write_repository(tmp_path_factory.mktemp("katas"), ["one", "two"])


def hand_in(folder: Path, count: int) -> Path:
    """So many people's folders: right and wrong ones in turn, no two alike."""
    for number in range(count):
        text = (SOLUTION, ADDED, SUMMED, "def half(x):\n    return x\n")[number % 4]
        write(folder / f"person{number:04d}" / "twice.py", f"{text}# {number}\n")
    return folder


def rows_of(out: Path) -> dict[str, list[journal.Row]]:
    found: dict[str, list[journal.Row]] = {}
    for row in journal.rows(out / "journal.jsonl"):
        found.setdefault(row.person, []).append(row)
    return found


def hand_in_slowly(folder: Path, count: int) -> Path:
    """So many people more, the last by their names, of whom each keeps a judge for some seconds."""
    for number in range(count):
        write(folder / f"slow{number}" / "twice.py", f"import time\ntime.sleep(4)\n{SOLUTION}")
    return folder


def begun(root: Path, submissions: Path, out: Path, *words: str, **env: str) -> subprocess.Popen[str]:
    """The command, started in a process group of its own, as a shell does."""
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


def wait_for_rows(process: subprocess.Popen[str], out: Path, count: int) -> None:
    """Until the journal has so many rows, or the command has ended."""
    until = time.monotonic() + PATIENCE_S
    path = out / "journal.jsonl"
    while process.poll() is None and time.monotonic() < until:
        if path.exists() and path.read_bytes().count(b"\n") > count:
            return
        time.sleep(0.005)


# What a cohort comes to.


@pytest.fixture(scope="module")
def everything(root: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str]:
    """A folder with one of everything, and what came of it."""
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
    done = workshop.katas(*words, cwd=root)  # cold: a pool of processes grades
    assert (done.status, done.left) == (0, []), done.said
    return folder, out, done.out


def test_everybody_gets_a_verdict_and_a_bad_submission_stops_nobody(everything):
    _, out, said = everything
    with open(out / "results.csv", encoding="utf-8", newline="") as file:
        found = {row["person"]: row for row in csv.DictReader(file)}
    statuses = {person: row["status"] for person, row in found.items()}
    bad = dict.fromkeys(("cleo", "dora", "fred", "hal"), "ungradable")
    assert statuses == {"ada": "passed", "bob": "failed", "ed": "passed", "gus": "passed", **bad}
    assert "SyntaxError" in found["cleo"]["message"]
    assert "twice.py: not found" in found["dora"]["message"]
    assert "symbolic link" in found["fred"]["message"]
    assert "hal.zip" in found["hal"]["message"]
    assert "8 handed in by 8: 8 graded" in said
    assert "4 ungradable, 3 passed, 1 failed" in said


def test_a_verdict_file_replays_from_the_submission_that_was_kept(everything, root):
    _, out, _ = everything
    record = out / "verdicts" / "bob" / "one.json"
    sha256 = verdict.from_json(record.read_bytes()).submission_sha256
    kept = Batch(out).store.place(sha256)
    done = katas("replay", str(record), "--submission", str(kept), cwd=root)
    assert (done.status, done.out) == (0, "one: the same statuses, scores and counterexamples (failed)\n"), done.said


def test_run_again_nothing_is_graded_again(everything, root):
    folder, out, _ = everything
    before = (out / "journal.jsonl").read_bytes()
    (out / "verdicts" / "ada" / "one.json").unlink()  # as after a kill between the journal and the file
    done = katas("grade-batch", str(folder), "--out", str(out), "--kata", "one", cwd=root)
    assert "8 handed in by 8: 0 graded" in done.out
    assert "8 stood already" in done.out
    assert (out / "journal.jsonl").read_bytes() == before
    assert verdict.from_json((out / "verdicts" / "ada" / "one.json").read_bytes()).status == "passed"


def test_what_is_handed_in_anew_is_graded_and_the_earlier_verdict_is_kept(root, tmp_path):
    out = tmp_path / "out"
    folder = hand_in(tmp_path / "in", 1)
    with Batch(out).open(bytes.fromhex(SEED)) as held:
        held.append([graded_row("person0000", title="what was handed in before")])
    said = run_here(root, folder, out).out
    assert ("1 handed in by 1: 1 graded" in said, "stood already" in said) == (True, False), said
    assert [row.verdict.title for row in rows_of(out)["person0000"]] == ["what was handed in before", "Twice"]
    assert "person0000,one,passed,3.0,3.0" in cohort.results(Batch(out))


def test_without_a_kata_named_everybody_hands_in_what_is_no_longer_a_stub(root, tmp_path):
    write(tmp_path / "in" / "ada" / "katas" / "one" / "twice.py", SOLUTION)
    write(tmp_path / "in" / "ada" / "katas" / "two" / "twice.py", STUB)
    write(tmp_path / "in" / "bob" / "README.md", "nothing yet")
    (entry, nobody) = entries.find(tmp_path / "in")
    known = catalogue.load_all(root)
    assert [handed.kata.slug for handed in entries.handed_in(entry, known, every=False)] == ["one"]
    assert [handed.kata.slug for handed in entries.handed_in(entry, known, every=True)] == ["one", "two"]
    assert list(entries.handed_in(nobody, known, every=False)) == []


def test_two_entries_of_one_person_are_refused_before_anything_is_graded(tmp_path):
    write(tmp_path / "ada" / "twice.py", SOLUTION)
    write(tmp_path / "ada.zip", "")
    with pytest.raises(KataError, match=r"ada\.zip: ada is ada's too; leave one of them"):
        entries.find(tmp_path)


@pytest.mark.parametrize("names", [("Zo\u00e9", "Zoe\u0301"), ("Zoe\u0301", "Zo\u00e9.zip")])
def test_one_name_in_two_unicode_forms_is_refused_before_anything_is_graded(tmp_path, names):
    for name in names:
        if name.endswith(".zip"):
            write(tmp_path / name, "")
        else:
            write(tmp_path / name / "twice.py", SOLUTION)
    with pytest.raises(
        KataError, match=r"'Zo.*' and 'Zo.*' are one name, Zo\u00e9, in two Unicode forms|is Zo\u00e9's too"
    ):
        entries.find(tmp_path)


def test_a_name_is_kept_in_one_unicode_form_whatever_system_wrote_it(tmp_path):
    write(tmp_path / "in" / "Zoe\u0301" / "twice.py", SOLUTION)
    times = entries.read_times(write(tmp_path / "times.csv", "Zoe\u0301,2026-05-31T21:59:00+00:00\n"))
    (entry,) = entries.find(tmp_path / "in", times)
    assert (entry.person, entry.submitted_at) == ("Zo\u00e9", "2026-05-31T21:59:00+00:00")
    batch = Batch(tmp_path / "out")
    with batch.open() as held:
        held.append([graded_row("Zo\u00e9")])
    assert batch.forget("Zoe\u0301")[0] == 1


def test_people_whose_names_differ_by_case_alone_are_named_and_refused_where_the_disk_cannot_tell_them(root, tmp_path):
    write(tmp_path / "in" / "ada" / "twice.py", SOLUTION)
    write(tmp_path / "in" / "Ada" / "twice.py", ADDED)
    out = tmp_path / "out"
    words = ("grade-batch", str(tmp_path / "in"), "--out", str(out), "--kata", "one", "--workers", "1")
    done = katas(*words, cwd=root)
    assert (done.status, "two people, by case alone: Ada and ada\n" in done.out) == (0, True), done.said
    write(out / "JOURNAL.JSONL", "")  # as if the file system took it for journal.jsonl
    done = katas(*words, cwd=root)
    assert done.status == 2
    assert done.err.startswith(f"katas: {out}: Ada and ada are one name on this file system; rename one")


def test_a_batch_whose_journal_has_another_unicode_form_of_a_name_is_refused(tmp_path):
    batch = Batch(tmp_path)
    with batch.open() as held:
        held.append([graded_row("Zoe\u0301")])
    with pytest.raises(KataError, match=r"'Zoe\\u0301' and 'Zo\\xe9' are one name in two Unicode forms; give another"):
        cohort.nearly_the_same(batch, ["Zo\u00e9"])


def test_links_and_loose_files_are_nobodys_and_are_named(root, tmp_path):
    folder = hand_in(tmp_path / "in", 1)
    (folder / "eve").symlink_to(root / "solutions" / "one")
    write(folder / "carl.py", SOLUTION)
    write(folder / "dora" / "answer.py", SOLUTION)
    assert [entry.person for entry in entries.find(folder)] == ["dora", "person0000"]
    done = katas("grade-batch", str(folder), "--out", str(tmp_path / "out"), "--workers", "1", cwd=root)
    assert done.status == 0, done.said
    assert "nothing of these katas from: dora" in done.out
    assert "nobody's: carl.py: no folder, and none of .zip, .tar" in done.out
    assert "nobody's: eve: a link" in done.out
    assert (tmp_path / "out").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("place", ["in", "in/graded", "in/person0000/graded"])
def test_a_batch_is_not_written_among_the_submissions(root, tmp_path, place):
    folder = hand_in(tmp_path / "in", 1)
    done = katas("grade-batch", str(folder), "--out", str(tmp_path / place), cwd=root)
    assert done.status == 2
    assert "it lies among the submissions" in done.err
    assert sorted(path.name for path in folder.iterdir()) == ["person0000"]


def test_when_it_was_handed_in_is_the_newest_files_time_or_what_a_table_says(tmp_path):
    folder = tmp_path / "in"
    os.utime(write(folder / "ada" / "twice.py", ""), (1_700_000_000,) * 2)
    os.utime(write(folder / "ada" / "notes.md", ""), (1_600_000_000,) * 2)
    assert [entry.submitted_at for entry in entries.find(folder)] == ["2023-11-14T22:13:20+00:00"]
    times = entries.read_times(write(tmp_path / "times.csv", "person,time\nada,2026-05-31T23:59:00+02:00\n"))
    assert [entry.submitted_at for entry in entries.find(folder, times)] == ["2026-05-31T21:59:00+00:00"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("ada,tomorrow\n", r"times\.csv, line 1: `person,2026"),
        ("ada,0001-01-01T00:00:00+14:00\n", r"times\.csv, line 1: `person,2026"),
        ("ada,9999-12-31T23:59:59-05:00\n", r"times\.csv, line 1: `person,2026"),
        ("ada,2026-05-31\nada,2026-06-01\n", r"times\.csv, line 2: ada has another time further up"),
    ],
)
def test_a_table_of_times_that_is_wrong_says_where(tmp_path, text, fault):
    write(tmp_path / "in" / "ada" / "twice.py", "")
    with pytest.raises(KataError, match=fault):
        entries.find(tmp_path / "in", entries.read_times(write(tmp_path / "times.csv", text)))


def test_a_table_of_times_counts_also_for_what_stands_already_and_says_whom_it_misses(root, tmp_path):
    folder, out = hand_in(tmp_path / "in", 2), tmp_path / "out"
    words = ("grade-batch", str(folder), "--out", str(out), "--workers", "1", "--kata", "one")
    assert katas(*words, cwd=root).status == 0
    table = write(tmp_path / "times.csv", "person0000,2026-05-31T23:59:00+00:00\nzoe,2026-05-31\n")
    done = katas(*words, "--times", str(table), cwd=root)
    assert done.status == 0, done.said
    assert "2 stood already" in done.out
    assert "1 of what stood was handed in at another time than was known" in done.out
    assert "a time is given, and nothing handed in, by: zoe" in done.out
    assert "no time is given of, so that their files' counts: person0001" in done.out
    assert "person0000,one,passed,3.0,3.0,2026-05-31T23:59:00+00:00," in (out / "results.csv").read_text()
    again = katas(*words, "--times", str(table), cwd=root)
    assert "another time than was known" not in again.out
    assert [len(rows) for rows in rows_of(out).values()] == [2, 1]


def test_when_a_kata_was_handed_in_is_its_own_files_time(root, tmp_path):
    folder = tmp_path / "in"
    os.utime(write(folder / "ada/work/twice.py", SOLUTION), (1_700_000_000,) * 2)
    write(folder / "ada/work/notes.md", "later")
    (entry,) = entries.find(folder)
    (handed,) = entries.handed_in(entry, [catalogue.load(root, "one")], every=True)
    assert [file.name for file in handed.taken.files] == ["twice.py"]
    assert handed.entry.submitted_at == "2023-11-14T22:13:20+00:00"


@pytest.mark.parametrize("seconds", [300_000_000_000, -300_000_000_000])
def test_a_file_of_an_impossible_time_stops_nobody(seconds):
    """Not every file system keeps such a time; one in memory does."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        os.utime(write(Path(folder) / "ada" / "twice.py", ""), (seconds, seconds))
        os.utime(Path(folder) / "ada", (seconds, seconds))
        (entry,) = entries.find(Path(folder))
    assert entry.submitted_at[:4] in ("9999", "1970")


def test_a_name_that_grows_when_it_is_composed_fits_a_file_system(root, tmp_path):
    write(tmp_path / "in" / ("\U0001d160" * 60) / "twice.py", SOLUTION)  # 240 bytes, and 720 composed
    done = katas("grade-batch", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--workers", "1", cwd=root)
    assert done.status == 0, done.said
    (folder,) = (tmp_path / "out/verdicts").iterdir()
    assert len(folder.name.encode()) <= 200


def test_names_and_messages_are_no_formulas_in_a_spreadsheet(tmp_path):
    with Batch(tmp_path).open() as held:
        held.append([graded_row("=1+1", message="@SUM(A1)")])
    assert cohort.results(Batch(tmp_path)).splitlines()[1].startswith("'=1+1,one,passed,")
    assert cohort.results(Batch(tmp_path)).splitlines()[1].endswith(",'@SUM(A1)")


# Killed and resumed.


def undisturbed(root: Path, submissions: Path, out: Path) -> dict[str, verdict.Verdict]:
    done = run_here(root, submissions, out)
    assert done.status == 0, done.said
    return {person: rows[0].verdict for person, rows in rows_of(out).items()}


def assert_equal_to(expected: dict[str, verdict.Verdict], out: Path) -> None:
    found = rows_of(out)
    assert {person: len(rows) for person, rows in found.items()} == dict.fromkeys(expected, 1)
    different = [person for person, (row,) in found.items() if not cohort.same(row.verdict, expected[person])]
    assert different == []


@pytest.fixture(scope="module")
def small_cohort(root: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, verdict.Verdict]]:
    place = tmp_path_factory.mktemp("cohort")
    folder = hand_in(place / "in", 16)
    return folder, undisturbed(root, folder, place / "undisturbed")


@pytest.mark.parametrize("kills", [(6,), pytest.param((0, 3, 6, 9), marks=pytest.mark.deep)])
def test_killed_and_run_again_nothing_is_lost_or_graded_twice(root, small_cohort, tmp_path, kills):
    """The slow one keeps the command from ending before it is killed."""
    small, expected = small_cohort
    assert Counter(each.status for each in expected.values()) == {"passed": 8, "failed": 8}
    folder = hand_in_slowly(shutil.copytree(small, tmp_path / "in"), 1)
    expected = expected | undisturbed(root, hand_in_slowly(tmp_path / "slow", 1), tmp_path / "undisturbed")
    for rows in kills:
        process = begun(root, folder, tmp_path / "out")
        wait_for_rows(process, tmp_path / "out", rows)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
    process = begun(root, folder, tmp_path / "out")
    said, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, said
    assert_equal_to(expected, tmp_path / "out")
    assert not list((tmp_path / "out" / "verdicts").glob("*/.*"))
    assert no_judge_is_left(process.pid)


def test_a_full_disk_is_told_with_the_file_and_with_room_again_nothing_is_lost(root, small_cohort, tmp_path):
    folder, expected = small_cohort
    out = tmp_path / "full" / "out"
    out.parent.mkdir()
    command = f"{KATAS} grade-batch {folder} --out {out} --kata one --workers 1 --seed {SEED}"
    script = f"cat /dev/zero > {out.parent}/zeros; truncate -s 300K {out.parent}/zeros; {command}; echo status $?"
    script += f"; rm {out.parent}/zeros; cp -r {out} {tmp_path}"
    words = ["bwrap", "--dev-bind", "/", "/", "--size", "360448", "--tmpfs", str(out.parent), "--cap-add", "ALL", "--"]
    done = subprocess.run(
        [*words, "bash", "-c", script], cwd=root, env=environment(), capture_output=True, text=True, check=False
    )
    told = [line for line in done.stderr.splitlines() if line.startswith("katas: ")]
    assert len(told) == 1, done.stderr
    assert told[0].startswith(f"katas: {out}/"), told
    assert "No space left on device: it could not be written" in told[0]
    assert done.stdout == "status 2\n", done.stdout
    with_room = run_here(root, folder, tmp_path / "out")
    assert with_room.status == 0, with_room.said
    assert_equal_to(expected, tmp_path / "out")


def no_judge_is_left(session: int) -> bool:
    """Whether nothing of a command's session is running, sooner or later."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        listed = subprocess.run(["ps", "-o", "stat=", "-s", str(session)], capture_output=True, text=True, check=False)
        if all(state.startswith("Z") for state in listed.stdout.split()):  # a zombie runs no more: nobody has asked yet
            return True
        time.sleep(0.1)
    return False


# In the way of Python's programs: a process that multiprocessing has spawned says when it imports, and takes its time.
SLOW_START = """
import os, sys, time

class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == "msgspec":
            sys.meta_path.remove(self)
            open(os.environ["IMPORTING"], "w").close()
            time.sleep(4)

if "spawn_main" in " ".join(sys.orig_argv):
    sys.meta_path.insert(0, Slow())
"""


def test_ctrl_c_stops_at_once_and_keeps_what_is_done(root, small_cohort, tmp_path):
    folder, expected = small_cohort
    process = begun(root, hand_in_slowly(shutil.copytree(folder, tmp_path / "in"), 4), tmp_path / "out")
    wait_for_rows(process, tmp_path / "out", 3)
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130, said
    assert f"graded and kept in {tmp_path / 'out'}; the same command goes on from here" in said
    assert "Traceback" not in said
    assert "leaked" not in said
    assert no_judge_is_left(process.pid)
    kept = {person: rows for person, rows in rows_of(tmp_path / "out").items() if person in expected}
    assert len(kept) >= 3
    assert all(cohort.same(rows[0].verdict, expected[person]) for person, rows in kept.items())


def test_ctrl_c_while_the_judges_start_is_told_in_a_line_and_leaves_nothing(root, small_cohort, tmp_path):
    folder, _ = small_cohort
    write(tmp_path / "way" / "sitecustomize.py", SLOW_START)
    importing = tmp_path / "importing"
    env = {"PYTHONPATH": str(tmp_path / "way"), "IMPORTING": str(importing)}
    process = begun(root, folder, tmp_path / "out", "--workers", "2", **env)
    until = time.monotonic() + PATIENCE_S
    while not importing.exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    assert importing.exists()
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=PATIENCE_S)
    kept = f"katas: 0 graded and kept in {tmp_path / 'out'}; the same command goes on from here"
    assert (process.returncode, said.splitlines()) == (130, [kept, "katas: interrupted"])
    assert no_judge_is_left(process.pid)


@pytest.mark.parametrize(("kills", "workers"), [(1, 1), pytest.param(2, 2, marks=pytest.mark.deep)])
def test_a_grading_process_that_is_killed_costs_nobody_a_verdict(root, small_cohort, tmp_path, kills, workers):
    folder, expected = small_cohort

    def kill_one(_: cohort.Tally) -> None:
        if len(killed) < kills and sum(run.tally.graded.values()) > 3 * (len(killed) + 1):
            for process in multiprocessing.active_children()[:1]:  # none where new ones are yet to be started
                os.kill(process.pid, signal.SIGKILL)
                killed.append(process.pid)

    killed: list[int] = []
    batch = Batch(tmp_path / "out")
    run = Run(batch, [catalogue.load(root, "one")], every=True, told=kill_one)
    with batch.open(bytes.fromhex(SEED)) as held, ThisMachine(root, workers) as place:
        run.grade(entries.find(folder), place, held)
    assert len(killed) == kills
    assert_equal_to(expected, tmp_path / "out")


@pytest.mark.deep
def test_a_cluster_that_is_left_without_workers_is_not_waited_for_for_ever(root, small_cohort, tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr("graders.batch.executors.LEFT_S", 1.0)
    monkeypatch.setattr("graders.batch.executors.WAIT_S", 60.0)
    monkeypatch.setattr("graders.batch.running.LOOK_S", 0.5)
    folder = hand_in_slowly(shutil.copytree(small_cohort[0], tmp_path / "in"), 4)  # not done before the worker is gone

    def retire_all(_: cohort.Tally) -> None:
        if cluster.workers:
            cluster.scale(0)

    batch = Batch(tmp_path / "out")
    run = Run(batch, [catalogue.load(root, "one")], every=True, told=retire_all)
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
        batch.open(bytes.fromhex(SEED)) as held,
        Cluster(cluster.scheduler_address) as place,
        pytest.raises(KataError, match="no worker for 1 s; start one, and the same command goes on from here"),
    ):
        run.grade(entries.find(folder), place, held)
    assert rows_of(tmp_path / "out")  # what was done is kept


@pytest.mark.deep
def test_the_same_on_a_dask_cluster_whose_workers_are_killed(root, small_cohort, tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr("graders.batch.executors.WAIT_S", 60.0)
    folder, expected = small_cohort
    killed: list[int] = []

    def kill_one(_: cohort.Tally) -> None:
        if len(killed) < 2 and sum(run.tally.graded.values()) > 4 * (len(killed) + 1):
            pids = [worker.pid for worker in cluster.workers.values()]  # None of one that is just started again
            for pid in [pid for pid in pids if pid not in (None, *killed)][:1]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)

    batch = Batch(tmp_path / "out")
    run = Run(batch, [catalogue.load(root, "one")], every=True, told=kill_one)
    settings = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": "127.0.0.1:0"}
    with (
        distributed.LocalCluster(**settings) as cluster,
        batch.open(bytes.fromhex(SEED)) as held,
        Cluster(cluster.scheduler_address) as place,
    ):
        run.grade(entries.find(folder), place, held)
    assert len(killed) == 2
    assert_equal_to(expected, tmp_path / "out")


def test_a_dask_scheduler_grades_until_it_has_no_worker(root, small_cohort, tmp_path, monkeypatch, resident_here):
    """The cluster's worker is a thread of this process, so that nothing has to start."""
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr("graders.batch.executors.LEFT_S", 0.0)
    folder, expected = small_cohort
    few = [entry for entry in entries.find(folder) if entry.person < "person0004"]
    batch = Batch(tmp_path / "out")
    run = Run(batch, [catalogue.load(root, "one")], every=True)
    settings = {"n_workers": 1, "threads_per_worker": 1, "processes": False, "dashboard_address": None}
    resident_here(root)
    with distributed.LocalCluster(**settings) as cluster, Cluster(cluster.scheduler_address) as place:
        with batch.open(bytes.fromhex(SEED)) as held:
            run.grade(few, place, held)
        place.look()
        cluster.scale(0)
        until = time.monotonic() + PATIENCE_S
        with pytest.raises(KataError, match="no worker for 0 s; start one, and the same command goes on from here"):
            while time.monotonic() < until:
                place.look()
    assert_equal_to({entry.person: expected[entry.person] for entry in few}, tmp_path / "out")


def test_no_scheduler_is_one_clear_message(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("graders.batch.executors.WAIT_S", 0.5)
    with pytest.raises(KataError, match=r"--scheduler tcp://127\.0\.0\.1:9: .*are the scheduler and a worker running"):
        Cluster("tcp://127.0.0.1:9").__enter__()


# The journal.


def graded_row(person: str, **changes: object) -> journal.Row:
    found = verdict.Verdict(kata="one", status="passed", submission_sha256=person * 3, **changes)
    return journal.Row(person=person, submitted_at="2026-05-01T00:00:00+00:00", verdict=found)


def journal_of(path: Path, *people: str) -> Path:
    with journal.Journal(path, lambda: journal.Head(seed=SEED)) as held:
        held.append([graded_row(person) for person in people])
    return path


def test_a_line_that_was_torn_is_cut_off_and_the_next_one_is_whole(tmp_path):
    path = journal_of(tmp_path / "journal.jsonl", "ada", "bob")
    whole = path.read_bytes()
    for cut in range(1, len(whole.splitlines(keepends=True)[-1]), 97):
        path.write_bytes(whole[:-cut])
        with journal.Journal(path, lambda: journal.Head(seed="")) as held:
            held.append([graded_row("cleo")])
        assert [row.person for row in journal.rows(path)] == ["ada", "cleo"]


def test_a_head_that_was_torn_is_written_again(tmp_path):
    path = write(tmp_path / "journal.jsonl", '{"journal":"katas/ba')
    journal_of(path, "ada")
    assert [row.person for row in journal.rows(path)] == ["ada"]


def test_a_damaged_line_is_named(tmp_path):
    path = journal_of(tmp_path / "journal.jsonl", "ada", "bob", "cleo")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], b"\0\0\0\n", *lines[3:]]))
    with pytest.raises(KataError, match=r"journal\.jsonl, line 3: it is damaged .* remove the line"):
        journal.shorts(path)


def test_two_batches_cannot_write_one_journal(tmp_path):
    path = journal_of(tmp_path / "journal.jsonl", "ada")
    with (
        journal.Journal(path, lambda: journal.Head(seed="")),
        pytest.raises(KataError, match="another katas is writing it"),
    ):
        journal.Journal(path, lambda: journal.Head(seed=""))


def test_somebody_elses_file_is_no_journal_and_is_left_alone(tmp_path):
    path = write(tmp_path / "journal.jsonl", "dear diary\n")
    with pytest.raises(KataError, match="line 1: it is no journal of a batch"):
        journal.Journal(path, lambda: journal.Head(seed=SEED))
    assert path.read_text(encoding="utf-8") == "dear diary\n"


# What has changed since.


def run_here(root: Path, folder: Path, out: Path, *words: str, slugs: tuple[str, ...] = ("one",)) -> workshop.Finished:
    chosen = [word for slug in slugs for word in ("--kata", slug)]
    return katas("grade-batch", str(folder), "--out", str(out), "--seed", SEED, *chosen, *words, cwd=root)


def test_changed_grades_again_what_a_new_hidden_test_is_about_and_nothing_else(tmp_path):
    root = write_repository(tmp_path / "katas", ["one", "two"])
    folder = hand_in(tmp_path / "in", 2)
    both = ("one", "two")
    assert "4 handed in by 2: 4 graded" in run_here(root, folder, tmp_path / "out", slugs=both).out
    hidden = root / "graders" / "hidden" / "two" / "test_hidden.py"
    write(hidden, HIDDEN + '\n@task("half")\ndef test_minus_one_is_halved(kata):\n    assert kata.half(-1.0) == -0.5\n')
    left_alone = run_here(root, folder, tmp_path / "out", slugs=both).out
    assert re.search(r"by 2: 0 graded in .*; 4 stood already$", left_alone, re.MULTILINE), left_alone
    stood = "2 of what stood is of other tests, another harness or another policy on extras: --changed grades it again"
    assert stood in left_alone
    again = run_here(root, folder, tmp_path / "out", "--changed", slugs=both).out
    assert re.search(r"by 2: 2 graded in .*; 2 stood already$", again, re.MULTILINE), again
    assert "of other tests" not in again
    rows = [row.verdict for each in rows_of(tmp_path / "out").values() for row in each]
    assert Counter(each.kata for each in rows) == {"one": 2, "two": 4}
    assert [len(each.tests) for each in rows if each.kata == "two"] == [3, 4, 3, 4]
    assert len({each.seed for each in rows}) == 6


def test_a_fault_of_ours_is_tried_again(tmp_path):
    root = write_repository(tmp_path / "katas", ["one"])
    hidden = root / "graders" / "hidden" / "one" / "test_hidden.py"
    whole = hidden.read_text(encoding="utf-8")
    write(hidden, f"import nothing_of_that_name\n{whole}")
    folder = hand_in(tmp_path / "in", 1)
    words = ("grade-batch", str(folder), "--out", str(tmp_path / "out"), "--kata", "one", "--workers", "1")
    done = katas(*words, cwd=root)
    assert done.status == 2
    assert "error: person0000, one:" in done.out
    assert "the same command tries these again" in done.out
    write(hidden, whole)
    done = katas(*words, cwd=root)
    assert (done.status, "1 passed" in done.out) == (0, True), done.said


# Deletion.


def test_one_persons_data_are_removed_and_what_somebody_else_handed_in_too_stays(root, tmp_path):
    kata = catalogue.load(root, "one")
    batch = Batch(tmp_path / "out")
    digests = {}
    with batch.open() as held:
        for person, text in (("person0", SOLUTION), ("person1", ADDED), ("person2", SUMMED), ("twin", SOLUTION)):
            taken = intake.submission(kata, {"twice.py": text.encode()})
            batch.store.keep(taken)
            digests[person] = taken.sha256
            row = graded_row(person)
            row = msgspec.structs.replace(row, verdict=msgspec.structs.replace(VERDICT, submission_sha256=taken.sha256))
            held.append([row])
            cohort.write_verdict(batch, row)
    assert batch.forget("twin") == (1, 0)
    assert batch.forget("person1") == (1, 1)
    assert set(rows_of(tmp_path / "out")) == {"person0", "person2"}
    assert set(batch.store.digests()) == {digests["person0"], digests["person2"]}
    assert sorted(path.name for path in (tmp_path / "out" / "verdicts").iterdir()) == ["person0", "person2"]
    everywhere = [path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert not any(b"person1" in data or b"twin" in data for data in everywhere)


def test_what_was_handed_in_comes_back_out_of_the_store_as_it_was(root, tmp_path):
    kata = catalogue.load(root, "one")
    taken = intake.take(kata, kata.solution)
    store = Batch(tmp_path).store
    store.keep(taken)
    assert store.take(kata, taken.sha256).files == taken.files
    store.place(taken.sha256).write_bytes(store.keep(intake.submission(kata, {"twice.py": b"other"})).read_bytes())
    with pytest.raises(KataError, match="it is not what was handed in"):
        store.take(kata, taken.sha256)
    assert store.drop(taken.sha256)
    with pytest.raises(KataError, match="not kept"):
        store.take(kata, taken.sha256)


def test_points_that_a_person_gave_outlive_a_new_verdict_on_the_same_submission(tmp_path):
    batch = Batch(tmp_path)
    task = verdict.TaskResult(name="essay", title="Essay", status="awaiting_review", score=0, max_score=5)
    awaiting = msgspec.structs.replace(VERDICT, status="awaiting_review", tasks=(task,), review_points=5.0)
    row = msgspec.structs.replace(graded_row("ada"), verdict=awaiting)
    cohort.write_verdict(batch, row)
    file = batch.verdict_file("ada", "one")
    marked = verdict.to_json(with_marks(awaiting, [Mark("essay", 4.0, "Grace", "2026-05-02T00:00:00+00:00")]))
    file.write_bytes(marked)
    cohort.write_verdict(batch, row)
    found = verdict.from_json(file.read_bytes())
    assert (found.score, found.tasks[0].reviewer) == (4.0, "Grace")
    cohort.write_verdict(
        batch, msgspec.structs.replace(row, verdict=msgspec.structs.replace(awaiting, submission_sha256="c" * 64))
    )
    assert verdict.from_json(file.read_bytes()).tasks[0].reviewer is None


def test_what_is_older_than_it_may_be_is_removed(tmp_path):
    batch = Batch(tmp_path)
    rows = [graded_row("ada"), journal.Row(person="bob", submitted_at="2026-06-01T00:00:00+00:00", verdict=VERDICT)]
    with batch.open() as held:
        held.append(rows)
    assert batch.forget_before("2026-05-31T00:00:00+00:00") == (1, 0)
    assert set(rows_of(tmp_path)) == {"bob"}


VERDICT = verdict.Verdict(kata="one", status="passed", submission_sha256="b" * 64)


# Whatever executor it is, and whatever dies in it.


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
    """resident_here(root) has the batch's threads in this process grade with the judge of all tests."""

    def lend(root: Path) -> None:
        judge.start()
        resident._idle.append(Judge(root, crowded=True, started=judge._process))

    yield lend
    resident._idle.clear()


def test_any_executor_will_do_and_no_more_than_a_few_jobs_are_in_memory(root, resident_here):
    resident_here(root)
    resident_here(root)
    taken: list[int] = []
    done = 0

    def jobs() -> Iterator[Job]:
        for number in range(12):
            taken.append(number)
            assert len(taken) - done <= running.AHEAD * 2 + 1
            yield job(number, root)

    with ThreadPoolExecutor(2) as executor:
        for group in running.graded(jobs(), Borrowed(executor, 2)):
            assert {each.verdict.status for each in group} == {"passed"}
            done += len(group)
    assert done == 12


def test_a_machine_with_another_state_of_the_katas_is_an_error_and_no_verdict(root, resident_here):
    resident_here(root)
    stale = msgspec.structs.replace(job(0, root), suite_digest="0" * 64)
    with ThreadPoolExecutor(1) as executor:
        ((done,),) = running.graded([stale], Borrowed(executor, 1))
    assert (done.verdict.status, done.verdict.score) == ("error", 0)
    assert "bring it up to date" in done.verdict.message


def mortal(order: bytes) -> bytes:
    """Grades as `resident.grade` does, but for the jobs of which its process dies, or that raise."""
    person = msgspec.msgpack.decode(order)["person"]
    if person == "person5":
        os._exit(1)
    if person == "person7":
        raise ValueError("seven")
    return resident.answered(verdict.Verdict(kata="one", status="passed"))


class Mortal:
    """A pool of real processes, some of which die."""

    at_once = 2

    def __init__(self, function) -> None:
        self.function = function
        self.renew()

    def renew(self) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__])
        self.pool = ProcessPoolExecutor(2, mp_context=context)

    def submit(self, order: bytes) -> Future[bytes]:
        return self.pool.submit(self.function, order)


def test_a_job_of_which_its_process_dies_is_found_and_costs_the_others_nothing(root):
    place = Mortal(mortal)
    done = {
        each.job.person: each.verdict
        for group in running.graded((job(n, root) for n in range(10)), place)
        for each in group
    }
    place.pool.shutdown()
    assert len(done) == 10
    assert {person for person, each in done.items() if each.status == "passed"} == {
        f"person{number}" for number in range(10) if number not in (5, 7)
    }
    assert done["person5"].status == "error"
    assert "died 3 times; nothing is charged to the submission" in done["person5"].message
    assert (done["person7"].status, done["person7"].message) == ("error", "ValueError: seven")


def dies(_: bytes) -> bytes:
    os._exit(1)


def test_processes_that_die_of_everything_end_the_batch(root):
    place = Mortal(dies)
    with pytest.raises(JudgeError, match="die, whatever they are given"):
        list(running.graded((job(number, root) for number in range(10)), place))
    place.pool.shutdown()
