"""`katas progress`: show which katas are done, and what to do next."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graders.cli.options import chosen_katas
from graders.cli.session import Invocation, say


def progress(
    page: Annotated[
        Path | None, typer.Option("--html", help="Write an HTML page to this file instead.", metavar="FILE")
    ] = None,
) -> None:
    """Show which katas you have done, and what to do next.

    This command uses the verdicts that `katas grade` and `katas watch` store on this machine when you grade your own
    files.
    """
    import datetime

    from graders.learner.guidance import overview
    from graders.learner.progress import Progress

    katas = chosen_katas(None)
    with Progress.of(Invocation.root) as store:
        if store.warning:
            say(f"katas: {store.warning}")
        today = datetime.datetime.now().astimezone().date()
        if page is None:
            print(overview(katas, store, today))
            return
        from graders.learner import checklist
        from graders.output import delivery

        standings = store.standings([kata.slug for kata in katas])
        delivery.deliver(checklist.render(katas, standings, store.days(), today), page)
    print(f"written: {page}")
