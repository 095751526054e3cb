"""Measure how long a learner waits for a kata that is slow to grade: `katas watch challenge5`, one save after another.

    python benchmarks/watch_long.py [--kata challenge5] [--rounds 1]

In a copy of this repository, the script saves every file of the kata in turn, each time with one more comment. It
measures two times, from just before the save until `katas watch SLUG --plain` has printed

- failure : the first test that does not pass
- verdict : the verdict on all tasks

For comparison, `whole` is the time from the start of the command until all tasks are graded. A save would take that
long if it re-ran all tasks.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from watch_latency import KATAS, REST_S, copied, saved

from graders import catalogue


def answered(process: subprocess.Popen[str], slug: str, started: float) -> tuple[float, float]:
    """Return the seconds until the first failing test and until the end of the verdict were printed."""
    assert process.stdout is not None
    failure = 0.0
    for line in process.stdout:
        if not failure and line.startswith("✗ ") and f"({slug})" not in line:
            failure = time.perf_counter() - started
        if "katas done" in line:
            return failure, time.perf_counter() - started
    sys.exit("katas watch has ended")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kata", default="challenge5")
    parser.add_argument("--rounds", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = copied(Path(folder, "clone"))
        kata = catalogue.load(place, given.kata)
        command = [*KATAS, "watch", kata.slug, "--plain"]
        print(f"$ {' '.join(command)}")
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=place,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            env=os.environ | {"NN_KATAS_PROGRESS": str(place / "progress.sqlite")},
        )
        try:
            failure, whole = answered(process, kata.slug, started)
            print(f"{'whole':24} failure {failure:6.1f} s  verdict {whole:6.1f} s")
            for name in (name for name in kata.files if not catalogue.is_glob(name)):
                path, found = kata.folder / name, []
                for _ in range(given.rounds):
                    time.sleep(REST_S)
                    moment = saved(path, path.read_bytes() + b"\n# saved\n")
                    found.append(answered(process, kata.slug, moment))
                first, last = (median(times) for times in zip(*found, strict=True))
                print(f"{name:24} failure {first:6.1f} s  verdict {last:6.1f} s  whole/verdict {whole / last:6.1f}")
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()
