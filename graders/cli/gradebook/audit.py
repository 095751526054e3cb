"""`katas gradebook audit`: show the audit trail."""

from __future__ import annotations

from typing import Annotated

import typer

from graders.cli.gradebook.options import DEFAULT_URL, Url, line, open_gradebook

LONGEST_CHANGE = 3_000  # in characters, which is enough for a reviewer's comment


def audit(
    person: Annotated[
        str | None, typer.Argument(metavar="[PERSON]", help="Only changes that concern this person.")
    ] = None,
    gradebook: Url = DEFAULT_URL,
) -> None:
    """Show the audit trail: who changed what, and when."""
    with open_gradebook(gradebook) as book:
        for row in book.audit(person):
            before, after = line(row.before, LONGEST_CHANGE), line(row.after, LONGEST_CHANGE)
            change = f"{before} → {after}" if before else after
            words = (row.at, row.who, row.what, row.person, row.kata)
            print("  ".join(part for part in (*map(line, words), change) if part))
