"""Measure the processes and the memory that are left after all katas were graded one after the other.

    python benchmarks/serve_memory.py [judge] [serve]

`judge` grades the stubs with one `Judge`. `serve` opens each kata in a page of `katas serve`, in a copy of this
repository, and waits for its verdict. What has ended since the first round is started again in the second.

Memory is the sum over all processes of the proportional set size (PSS), which divides each page by the number of
processes that share it. That is what the machine pays. The sum of the resident set sizes (RSS), which counts shared
pages once for each process, is printed too.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from graders import Judge, catalogue  # noqa: E402 (a script's folder is on the path, not its repository)
from tests.observed import descendants  # noqa: E402
from tests.serving import serving  # noqa: E402
from tests.workshop import commit  # noqa: E402

REST_S = 45.0  # before the last look; long enough for what ends by itself
Verdict = Callable[[str], str]


def usage(pid: int) -> tuple[int, float, float]:
    """Return the number of processes from `pid` on, and their PSS and RSS in MB."""
    found = {each.pid for each in descendants(pid)} | {pid}
    sums = {"Pss": 0, "Rss": 0}
    for each in found:
        try:
            rollup = Path(f"/proc/{each}/smaps_rollup").read_text(encoding="ascii")
        except OSError:  # it has ended
            continue
        for name in sums:
            sums[name] += sum(map(int, re.findall(rf"^{name}:\s+(\d+) kB", rollup, re.MULTILINE)))
    return len(found), sums["Pss"] / 1024, sums["Rss"] / 1024


@contextmanager
def judging() -> Iterator[tuple[int, Verdict]]:
    """Yield the process of a judge, and a function that grades a kata's stubs."""
    with Judge(ROOT) as judge:
        assert judge.process is not None
        yield judge.process.process.pid, lambda slug: judge.grade(slug, ROOT / "katas" / slug, impatient=True).status


@contextmanager
def pages() -> Iterator[tuple[int, Verdict]]:
    """Yield the process of `katas serve`, and a function that opens a kata's page and waits for its verdict."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "katas"
        shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(".venv", ".git", "node_modules", "build"))
        commit(folder)  # so that the judge knows which files are unchanged
        with serving(folder, progress=Path(place) / "progress.sqlite") as server:

            def verdict(slug: str) -> str:
                with server.events(slug) as wait:
                    found = wait(
                        lambda each: (
                            not each["grading"] and each["verdict"] and "The first verdict" not in each["verdict"]
                        )
                    )
                return "failed" if found["status"] is None else str(found["status"])

            yield server.process.pid, verdict


def measure(name: str, slugs: Sequence[str], rounds: int) -> None:
    with {"judge": judging, "serve": pages}[name]() as (pid, verdict):
        most = (0, 0.0, 0.0)
        for number in range(rounds):
            seconds = {}
            for slug in slugs:
                began = time.monotonic()
                status = verdict(slug)
                seconds[slug] = time.monotonic() - began
                now = usage(pid)
                print(f"{slug:12} {status:9} {seconds[slug]:5.1f} s {_shown(now)}", flush=True)
                most = max(most[0], now[0]), max(most[1], now[1]), max(most[2], now[2])
            slowest = sorted(seconds, key=seconds.__getitem__)[-3:]
            print(
                f"{name}: round {1 + number}: slowest {', '.join(f'{each} {seconds[each]:.1f} s' for each in slowest)}"
            )
        print(f"{name}: at most {_shown(most)}")
        time.sleep(REST_S)
        print(f"{name}: after {REST_S:g} s of rest {_shown(usage(pid))}", flush=True)


def _shown(found: tuple[int, float, float]) -> str:
    return f"{found[0]} processes, PSS {found[1]:.0f} MB, RSS {found[2]:.0f} MB"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", nargs="*", default=["judge", "serve"], help="judge or serve; by default, both")
    parser.add_argument("--katas", nargs="+", default=catalogue.slugs(ROOT), metavar="SLUG", help="by default, all")
    parser.add_argument("--rounds", type=int, default=2, help="by default, 2")
    given = parser.parse_args()
    for name in given.what:
        measure(name, given.katas, given.rounds)


if __name__ == "__main__":
    main()
