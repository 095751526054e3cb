"""`katas replay`: grade again, with the same inputs as an earlier verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graders import catalogue
from graders.cli.options import Against, Submission, place_of, seed_16, verdict_in
from graders.cli.session import Invocation
from graders.errors import KataError


def replay(
    record: Annotated[
        Path, typer.Argument(metavar="VERDICT.json", help="A verdict file that was written with --audience instructor.")
    ],
    submission: Submission = None,
    against: Against = None,
) -> int:
    """Grade again, with the same inputs as an earlier verdict.

    This lists the statuses, scores and counterexamples that differ. Extra tasks must pass if they had to pass the first
    time.

    Exit status: 0 nothing differs, 1 something differs, 2 could not be graded.
    """
    from graders.cli.replaying import differences

    before = verdict_in(record)
    if before.seed is None:
        raise KataError(
            f"{record}: the verdict has no seed, because it was written for learners. Replay one that was written with "
            f"`katas grade {before.kata} --format json --audience instructor --output FILE`."
        )
    kata = catalogue.load(Invocation.root, before.kata)
    place = place_of(kata, submission, against)
    with Invocation.judge(resident=False) as judge:
        after = judge.grade(
            kata.slug,
            place,
            seed=seed_16(before.seed),
            require_extras=before.require_extras,
            with_shipped=before.with_shipped,
            separate=not before.shared_worker,
        )
    found = differences(before, after)
    for line in found or [f"{kata.slug}: the same statuses, scores and counterexamples ({after.status})"]:
        print(line)
    return 1 if found else 0
