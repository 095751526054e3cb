"""Grade a kata's solution on a data set that must be downloaded, and print what its tests measured there.

Most machines have no such data set, so a limit may never have been met on it. Anyone who has fetched it can check that
with one command.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from graders import datasets, intake, programs
from graders.catalogue import Kata
from graders.errors import KataError
from graders.verdict import Verdict

RESULTS = "results/"  # a kata's program writes these files, from the data set that `--data` names


def check_on(judge: Any, katas: Sequence[Kata], name: str, seed: bytes | None) -> bool:
    """Grade the solutions of these katas on a data set, print the results, and return whether all passed.

    A kata that does not use the data set is left out. Raises KataError if none does, or if the data set is missing.
    """
    chosen = [kata for kata in katas if name in kata.optional_data]
    if not chosen:
        known = [f"{kata.slug} ({', '.join(kata.optional_data)})" for kata in katas if kata.optional_data]
        raise KataError(
            f"--data {name}: no kata here is graded on it. Those with other data: {', '.join(known) or '–'}"
        )
    datasets.folder(name)
    verdicts = [graded_on(judge, kata, solution_on(kata, name), seed) for kata in chosen]
    for verdict in verdicts:
        print(*lines(verdict, name), sep="\n", flush=True)
    return all(verdict.status in ("passed", "awaiting_review") for verdict in verdicts)


def solution_on(kata: Kata, name: str) -> dict[str, bytes]:
    """Return the solution's files. If results are among them, run its program on the data set to make them."""
    if not any(pattern.startswith(RESULTS) for pattern in kata.files):
        return intake.solved(kata)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, kata.slug)
        shutil.copytree(kata.solution, folder, ignore=shutil.ignore_patterns(RESULTS.rstrip("/")))
        status, _ = programs.run(kata, programs.program_of(kata, None, folder), ["--data", name])
        if status:
            raise KataError(f"{kata.slug}: its solution ended with status {status} on {name}. Its output says why.")
        return intake.shipped_earlier(kata) | intake.shipped(kata, folder)


def graded_on(
    judge: Any, kata: Kata, files: dict[str, bytes], seed: bytes | None, tasks: Sequence[str] = ()
) -> Verdict:
    """Return the verdict on these files. The output of each test is what it measured."""
    verdict: Verdict = judge.grade_files(kata.slug, files, seed=seed, tasks=tasks, reducing=False, measuring=True)
    return verdict


def lines(verdict: Verdict, name: str) -> Iterator[str]:
    """Yield a summary line, a line for each measured number with its limit, and one for each test without a pass."""
    points = f"{verdict.score:g} of {verdict.max_score:g} points"
    yield f"{verdict.kata} on {name}: {verdict.status}, {points} {verdict.message}".rstrip()
    for test in verdict.tests:
        yield from (f"  {test.task}: {line}" for line in test.output.splitlines())
        if test.status != "passed":
            yield f"  {test.task}: {test.name} is {test.status}: {' '.join(test.message.split())}"
