"""Measure how fast a cohort is graded, how much memory that takes, and whether kills lose anything.

    python benchmarks/cohort.py [--people 10 100 1000] [--workers 1 2 4] [--rounds 5]
    python benchmarks/cohort.py --people 10 100 1000 10000 --workers 2      # memory for up to 10 000 people
    python benchmarks/cohort.py --kills 20 --people 1000                    # kill it at random, resume, compare
    python benchmarks/cohort.py --kills 5 --people 200 --dask               # the same, but kill Dask workers

The submissions are for exercise01: 60 % are right, in many styles, 35 % have a misconception, and 5 % cannot be graded.
No two are equal. Each is graded with visible and hidden tests, confined, with a fresh worker for every test, and
recorded before the next one counts. The comparison is plain pytest on the same tests, with one process per submission.

- rate: gradings per second, from the first verdict to the last (warm) and including the time to start the judges
- memory: the peak memory of all processes of a batch together (PSS, so that shared pages count once)
- CPU: processor time of all processes per grading, from the kernel; needs root, because it creates a control group
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import sqlalchemy as sa
from control_group import ControlGroup
from grade_latency import TESTS, plain_suite, process

from graders import catalogue, intake
from graders.checks.speed import median_interval
from graders.errors import KataError
from graders.verdict import Verdict
from katas_course import executors, submissions
from katas_course.batch import Batch
from katas_course.executors import Cluster, Job, JobExecutor, ThisMachine
from katas_course.gradebook.tables import VerdictRow
from katas_course.grading import BatchProgress, BatchRun
from katas_course.reproducibility import same_result

ROOT = Path(__file__).parents[1]
SLUG = "exercise01"
CHUNK = 25  # the number of the cohort's gradings for each run of plain pytest
BAD = (b"def affine(W, x, b)\n    return\n", b"import torch\n", b"def affine(W, x, b): return '\xff'\n", b"1 / 0\n")


def hand_in(folder: Path, people: int) -> Path:
    """Write submissions for this number of people, and return the folder."""
    kata = catalogue.load(ROOT, SLUG)
    solution = intake.shipped(kata, kata.solution)
    right = [solution["affine.py"], *(each.applied(solution) for each in kata.accept)]
    wrong = [each.applied(solution) for each in kata.wrong]
    draw = random.Random(people)
    for number in range(people):
        share = draw.random()
        text = draw.choice(right if share < 0.6 else wrong if share < 0.95 else BAD)
        place = folder / f"person{number:05d}"
        place.mkdir(parents=True)
        (place / "affine.py").write_bytes(text + f"\n# {number}\n".encode())
    return folder


# Measuring memory and processor time.


def descendants() -> list[int]:
    """Return this process and all its descendants."""
    below: dict[int, list[int]] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError, ValueError):
                stat = Path(entry.path, "stat").read_text(encoding="ascii", errors="replace")
                below.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(entry.name))
    found = [os.getpid()]
    for pid in found:
        found += below.get(pid, [])
    return found


def pss_mb() -> float:
    total = 0
    for pid in descendants():
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return total / 1024


class Watched:
    """The peak memory and the CPU seconds of a block of code."""

    def __enter__(self) -> Watched:
        self.most = self.own = 0.0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._group = ControlGroup.of_this_process()
        self._cpu = self._group.cpu_s() if self._group else 0.0
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        self.cpu_s = self._group.cpu_s() - self._cpu if self._group else None

    def _watch(self) -> None:
        while not self._end.wait(1.0):
            self.most = max(self.most, pss_mb())
            status = Path("/proc/self/status").read_text(encoding="ascii")
            self.own = max(self.own, int(status.partition("VmRSS:")[2].split()[0]) / 1024)


def graded(handed: Path, out: Path, workers: int) -> None:
    """Grade a whole batch and print a line about it."""
    batch = Batch(out)
    moments: list[tuple[float, int]] = []
    run = BatchRun(batch, [catalogue.load(ROOT, SLUG)], every=True, require="full")
    run.on_progress = lambda tally: moments.append((time.monotonic(), sum(tally.graded.values())))
    started = time.monotonic()
    with Watched() as watched, batch.open() as held, ThisMachine(ROOT, workers, "full") as place:
        tally = run.grade(submissions.read(handed).entries, place, held)
    people = sum(tally.graded.values())
    if tally.errors:
        sys.exit(f"not graded: {tally.errors[0]}")
    (first, some), (last, every) = moments[0], moments[-1]
    warm = (every - some) / (last - first) if every > some else float("nan")
    cold = people / (last - started)
    cpu = "" if watched.cpu_s is None else f", {1e3 * watched.cpu_s / people:5.0f} ms CPU each"
    print(
        f"{people:6d} people, {workers} workers: {warm:5.1f} gradings a second warm, {cold:.1f} with the start-up"
        f"{cpu}; memory {watched.most:5.0f} MB in all, {watched.own:4.0f} MB of it in the batch process;"
        f" {dict(tally.graded)}",
        flush=True,
    )


# The comparison with plain pytest.


def jobs(seed: int) -> Iterator[Job]:
    kata = catalogue.load(ROOT, SLUG)
    digests = {"kata_digest": kata.kata_digest(), "suite_digest": kata.suite_digest()}
    taken = intake.take(kata, kata.solution)
    for number in range(CHUNK):
        drawn = (seed * CHUNK + number).to_bytes(16, "big")
        yield Job(
            person="",
            submitted_at="",
            kata=SLUG,
            root=str(ROOT),
            submission=taken,
            seed=drawn,
            require="full",
            **digests,
        )


def chunk(place: JobExecutor, seed: int) -> float:
    """Grade a chunk of right submissions as a cohort, and return the seconds per submission."""
    started = time.perf_counter()
    for group in executors.graded(jobs(seed), place):
        for _, verdict in group:
            if (verdict.status, verdict.confinement, len(verdict.tests)) != ("passed", "full", TESTS - 1):
                sys.exit(f"not a fully confined pass: {verdict.status} {verdict.message}")
    return (time.perf_counter() - started) / CHUNK


def against_pytest(rounds: int, workers: int, folder: Path) -> None:
    torch = plain_suite(folder / "torch", torch=True)
    numpy = plain_suite(folder / "numpy", torch=False)
    print(f"cohort: katas_course, {workers} workers, confinement full, right submissions of {SLUG}")
    print("torch : PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 " + " ".join(torch))
    print("numpy : PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 " + " ".join(numpy))
    sides = {"torch": process(torch, f"{TESTS} passed"), "numpy": process(numpy, f"{TESTS} passed")}
    times: dict[str, list[float]] = {"cohort": [], "torch": [], "numpy": []}
    with ThisMachine(ROOT, workers, "full") as place:
        chunk(place, 0)
        for run in sides.values():
            run()
        for number in range(1, rounds + 1):
            times["cohort"].append(chunk(place, number))
            for name, run in sides.items():
                times[name].append(run())
    for name, seconds in times.items():
        print(f"{name:6s}: median {1e3 * median(seconds):7.1f} ms per submission")
    for name in sides:
        middle, low, high = median_interval([a / b for a, b in zip(times[name], times["cohort"], strict=True)])
        print(
            f"a cohort is faster than plain pytest with a {name} reference by {middle:.1f}× ({low:.1f} to {high:.1f})"
        )


# Killing the command, or workers of a cluster.


def verdicts_in(out: Path) -> dict[str, list[Verdict]]:
    found: dict[str, list[Verdict]] = {}
    with Batch(out).reading() as held, held.book.transaction() as transaction:
        for each in transaction.session.scalars(sa.select(VerdictRow).execution_options(yield_per=100)):
            found.setdefault(each.submission.person.name, []).append(each.verdict())
    return found


def compare(people: int, undisturbed: Path, disturbed: Path) -> None:
    expected, found = verdicts_in(undisturbed), verdicts_in(disturbed)
    rows = sum(map(len, found.values()))
    equal = sum(len(each) == 1 and same_result(each[0], expected[person][0]) for person, each in found.items())
    files = len(list((disturbed / "verdicts").glob("*/*.json")))
    print(
        f"{rows} rows of {len(found)} people, {files} verdict files, {equal} equal to the undisturbed run", flush=True
    )
    if (rows, len(found), files, equal) != (people,) * 4:
        sys.exit("a row is missing, duplicated or different")


def command(handed: Path, out: Path, seed: str) -> list[str]:
    words = ["grade-batch", str(handed), "--out", str(out), "--kata", SLUG, "--seed", seed]
    return [sys.executable, "-m", "graders.cli", *words]


def rows_in(out: Path) -> int:
    if (out / "gradebook.sqlite").exists():
        with (
            contextlib.closing(sqlite3.connect(out / "gradebook.sqlite", timeout=60)) as connection,
            contextlib.suppress(sqlite3.OperationalError),  # the tables are just being made
        ):
            return int(connection.execute("SELECT count(*) FROM verdicts").fetchone()[0])
    return 0


def killed(handed: Path, folder: Path, people: int, kills: int) -> None:
    """Kill the command at random moments and run it again; compare the result with an undisturbed run."""
    seed = os.urandom(32).hex()
    subprocess.run(command(handed, folder / "undisturbed", seed), cwd=ROOT, check=True)
    out = folder / "killed"
    for number, moment in enumerate(sorted(random.sample(range(people), kills)), start=1):
        running_ = subprocess.Popen(command(handed, out, seed), cwd=ROOT, stderr=subprocess.DEVNULL)
        while rows_in(out) < moment and running_.poll() is None:
            time.sleep(0.01)
        time.sleep(random.uniform(0, 0.5))
        running_.kill()
        print(f"kill {number} of {kills}: {rows_in(out)} rows, exit status {running_.wait()}", flush=True)
    subprocess.run(command(handed, out, seed), cwd=ROOT, check=True)
    compare(people, folder / "undisturbed", out)


def killer(cluster: Any, moments: list[int], before: int) -> Callable[[BatchProgress], None]:
    """Return a callback that kills a worker after each number of gradings in `moments`, and removes that number."""

    def kill(tally: BatchProgress) -> None:
        done = before + sum(tally.graded.values())
        if moments and min(moments) <= done:
            with contextlib.suppress(AttributeError, ProcessLookupError, IndexError):  # the worker is just starting
                os.kill(random.choice(list(cluster.workers.values())).process.process.pid, signal.SIGKILL)
                moments.remove(min(moments))
                print(f"killed a worker after {done} gradings; {len(moments)} kills to go", flush=True)

    return kill


def killed_on_dask(handed: Path, folder: Path, people: int, kills: int) -> None:
    """Do the same on a local Dask cluster whose workers are killed at random."""
    from distributed import LocalCluster

    seed = os.urandom(32)
    for name in ("undisturbed", "killed"):
        moments = random.sample(range(5, people - 5), kills) if name == "killed" else []
        while rows_in(folder / name) < people:  # repeats if the cluster stopped restarting workers
            batch = Batch(folder / name)
            cluster = LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0")
            told = killer(cluster, moments, rows_in(folder / name))
            run = BatchRun(batch, [catalogue.load(ROOT, SLUG)], every=True, require="full", on_progress=told)
            with cluster, batch.open(seed) as held, Cluster(cluster.scheduler_address) as place:
                started = time.monotonic()
                try:
                    tally = run.grade(submissions.read(handed).entries, place, held)
                except KataError as fault:
                    print(f"{name}: {fault}", flush=True)
                    continue
                print(f"{name}: {dict(tally.graded)} in {time.monotonic() - started:.0f} s", flush=True)
    compare(people, folder / "undisturbed", folder / "killed")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--rounds", type=int, default=5, help="rounds of the comparison with plain pytest; 0: none")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--dask", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="katas-cohort-") as name:
        folder = Path(name)
        if given.kills:
            people = max(given.people)
            test = killed_on_dask if given.dask else killed
            test(hand_in(folder / "submissions", people), folder, people, given.kills)
            return
        for people in given.people:
            handed = hand_in(folder / f"submissions-{people}", people)
            for workers in given.workers:
                graded(handed, folder / f"out-{people}-{workers}", workers)
        if given.rounds:
            against_pytest(given.rounds, len(os.sched_getaffinity(0)), folder)


if __name__ == "__main__":
    main()
