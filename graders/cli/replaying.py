"""`katas replay`: compare two verdicts on the same submission."""

from __future__ import annotations

from collections.abc import Mapping

from graders.course.reproducibility import same_failure
from graders.verdict import Verdict


def _changed_earlier(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Return a line for each earlier kata whose files differ, given the digests of a milestone's earlier files."""
    return [
        f"the files of {slug} differ: {digest[:12]} then, {after.get(slug, 'none')[:12]} now"
        for slug, digest in before.items()
        if after.get(slug) != digest
    ]


def differences(before: Verdict, after: Verdict) -> list[str]:
    """Return a line for each difference between two verdicts on the same kata.

    This compares submissions, tests, versions of the harness, statuses, scores and counterexamples, but not the
    times that a submission took.
    """
    found = []
    for name, what in (
        ("submission_sha256", "the submission differs"),
        ("suite_digest", "the tests differ"),
        ("harness_version", "the version of the harness differs"),
    ):
        if getattr(before, name) != getattr(after, name):
            found.append(f"{what}: {getattr(before, name)[:12]} then, {getattr(after, name)[:12]} now")
    found += _changed_earlier(before.builds_on, after.builds_on)
    if (before.status, before.score) != (after.status, after.score):
        then, now = f"{before.status}, {before.score:g}", f"{after.status}, {after.score:g}"
        found.append(f"the verdict differs: {then} points then, {now} now {after.message}".rstrip())
    extra = {task.name: task.extra for task in before.tasks}
    for task in after.tasks:
        if extra.get(task.name, task.extra) != task.extra:
            found.append(
                f"{task.name}: a core task then, extra now"
                if task.extra
                else f"{task.name}: extra then, a core task now"
            )
    known = {test.name for test in before.tests}
    found += [f"{test.name}: not run then" for test in after.tests if test.name not in known]
    later = {test.name: test for test in after.tests}
    for test in before.tests:
        again = later.get(test.name)
        if again is None:
            found.append(f"{test.name}: not run now")
        elif test.status != again.status:
            found.append(f"{test.name}: {test.status} then, {again.status} now")
        elif not same_failure(test, again):
            found.append(f"{test.name}: the counterexample differs")
    return found
