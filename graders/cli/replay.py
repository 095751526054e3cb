"""`katas replay`: grade again, with the same inputs as an earlier verdict, and compare the two verdicts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graders import catalogue
from graders.cli.options import Against, Submission, place_of, seed_16, verdict_in
from graders.cli.session import Invocation
from graders.errors import KataError
from graders.verdict import Verdict


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


def differences(before: Verdict, after: Verdict) -> list[str]:
    """Return a line for each difference between two verdicts on the same kata, apart from times."""
    from graders.course.reproducibility import same_failure

    found = []
    for name, what in (
        ("submission_sha256", "the submission differs"),
        ("suite_digest", "the tests differ"),
        ("harness_version", "the version of the harness differs"),
    ):
        then, now = getattr(before, name), getattr(after, name)
        if then != now:
            found.append(f"{what}: {then[:12]} then, {now[:12]} now")
    for slug, then in before.builds_on.items():
        now = after.builds_on.get(slug, "none")
        if then != now:
            found.append(f"the files of {slug} differ: {then[:12]} then, {now[:12]} now")
    if (before.status, before.score) != (after.status, after.score):
        then, now = (f"{each.status}, {each.score:g}" for each in (before, after))
        found.append(f"the verdict differs: {then} points then, {now} now {after.message}".rstrip())
    extra = {task.name: task.extra for task in before.tasks}
    for task in after.tasks:
        if extra.get(task.name, task.extra) != task.extra:
            kinds = "a core task then, extra now" if task.extra else "extra then, a core task now"
            found.append(f"{task.name}: {kinds}")
    earlier, later = ({test.name: test for test in each.tests} for each in (before, after))
    found += [f"{name}: not run then" for name in later if name not in earlier]
    for name, test in earlier.items():
        again = later.get(name)
        if again is None:
            found.append(f"{name}: not run now")
        elif test.status != again.status:
            found.append(f"{name}: {test.status} then, {again.status} now")
        elif not same_failure(test, again):
            found.append(f"{name}: the counterexample differs")
    return found
