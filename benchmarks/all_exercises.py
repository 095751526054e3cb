"""Measure the time to grade the solutions of all exercises, with one `katas grade` command and with a warm judge.

    python benchmarks/all_exercises.py [--rounds 15]

- one call: the whole process `katas grade exercise01 … --against solutions`, confined
- warm: the time from a request to a resident judge until its verdict, for each exercise in turn; confined, with a fresh
  worker for every test

The figures for the warm judge are medians over the rounds; that for one call is the median of three. Every grading must
pass.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from graders import Judge, catalogue

ROOT = Path(__file__).parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    slugs = [kata.slug for kata in catalogue.load_all(ROOT) if kata.kind == "exercise"]
    calls = [one_call(slugs) for _ in range(3)]
    times: dict[str, list[float]] = {slug: [] for slug in slugs}
    tests = {}
    with Judge(ROOT, resident=True) as judge:
        for turn in range(rounds + 1):
            for slug in slugs:
                started = time.perf_counter()
                verdict = judge.grade(slug, ROOT / "solutions" / slug)
                seconds = time.perf_counter() - started
                assert verdict.status == "passed", f"{slug}: {verdict.status} {verdict.message}"
                assert verdict.confinement == "full", verdict.confinement
                tests[slug] = len(verdict.tests)
                if turn:  # the first round warms up
                    times[slug].append(seconds)
    for slug in slugs:
        print(f"{slug}: {1e3 * median(times[slug]):6.1f} ms warm, {tests[slug]} tests")
    print(f"all {len(slugs)} exercises warm: {1e3 * sum(median(each) for each in times.values()):.0f} ms")
    print(f"katas grade of all {len(slugs)} solutions in one call: {median(calls):.2f} s")


def one_call(slugs: list[str]) -> float:
    """Return how many seconds the whole process takes."""
    command = [str(Path(sys.executable).with_name("katas")), "grade", *slugs, "--against", "solutions"]
    started = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
