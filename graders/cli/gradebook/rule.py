"""`katas gradebook rule`: show or change a kata's deadline and the rule for computing its points."""

from __future__ import annotations

from typing import Annotated

import typer

from graders.cli.gradebook.options import DEFAULT_URL, By, Url, check_kata, moment, open_gradebook
from graders.errors import KataError

ONLY_DUE = "--person works only with --due: the rest of a rule is the same for everyone."


def rule(
    kata: Annotated[str, typer.Argument(metavar="KATA", help="The kata.")],
    counts: Annotated[
        str | None, typer.Option(help="The submission that counts: best or last.", metavar="WHICH")
    ] = None,
    due: Annotated[
        str | None, typer.Option(help="The deadline, in UTC unless it has an offset.", metavar="TIME")
    ] = None,
    late_percent: Annotated[
        float | None, typer.Option(help="The percentage of points lost for each day late.", metavar="P", min=0, max=100)
    ] = None,
    late_days: Annotated[
        int | None,
        typer.Option(help="Days after which a late submission gets no points; -1 for no limit.", metavar="N", min=-1),
    ] = None,
    person: Annotated[str | None, typer.Option(help="Set the deadline for this person only.", metavar="NAME")] = None,
    gradebook: Url = DEFAULT_URL,
    by: By = None,
) -> None:
    """Show or change a kata's deadline and scoring rule.

    A rule sets the deadline, the penalty for being late, and whether the best or the last submission counts.
    Without options, this shows the rule. A change applies at once, and goes into the audit trail.
    """
    if counts not in (None, "best", "last"):
        raise KataError(f"--counts {counts}: expected best or last.")
    from graders.course.rules import described

    with open_gradebook(gradebook, by) as book:
        check_kata(book, kata)
        due_at = None if due is None else _deadline(due)
        if person is not None:
            if due_at is None or (counts, late_percent, late_days) != (None, None, None):
                raise KataError(ONLY_DUE)
            book.extend(person, kata, due_at)
            print(f"{kata}, {person}: due {due_at}")
            return
        changed = book.set_rule(kata, counts=counts, due_at=due_at, late_percent=late_percent, late_days=late_days)
        print(f"{kata}: {described(changed)}")


def _deadline(due: str) -> str:
    """Return the deadline in UTC.

    Raises KataError for a date without a time, because it would mean 0:00 on that day.
    """
    if len(due) <= len("2026-05-31"):
        raise KataError(f"--due {due}: the time of day is missing. Write it like this: {due}T23:59+02:00.")
    return moment(due, "--due")
