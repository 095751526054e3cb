"""`katas gradebook affected`: list the verdicts made by faulty versions of the harness."""

from __future__ import annotations

from typing import Annotated

import typer

from graders.cli.gradebook.options import DEFAULT_URL, Url, check_kata, line, open_gradebook


def affected(
    since: Annotated[str, typer.Option(help="The first faulty version.", metavar="VERSION")],
    before: Annotated[str | None, typer.Option(help="The version that fixed it.", metavar="VERSION")] = None,
    kata: Annotated[str | None, typer.Option(help="Only this kata.", metavar="SLUG")] = None,
    gradebook: Url = DEFAULT_URL,
) -> None:
    """List the verdicts made by faulty versions of the harness.

    `katas gradebook regrade --since VERSION` grades these submissions again.
    """
    with open_gradebook(gradebook) as book:
        check_kata(book, kata)
        found = book.affected(since, before, (kata,) if kata else ())
    for each in found:
        verdict = each.verdict
        what = f"{verdict.status}, {verdict.score:g} of {verdict.max_score:g}"
        made = f"version {line(verdict.harness_version)}, {line(verdict.graded_at)}"
        print(f"{line(each.person)}  {line(each.kata)}  {what}  {made}")
    print(f"{len(found)} verdicts by version {since} or later{f', but before {before}' if before else ''}")
