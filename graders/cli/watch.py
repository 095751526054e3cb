"""`katas watch`: regrade a kata each time you save a file."""

from __future__ import annotations

from typing import Annotated

import typer

from graders.cli import examples
from graders.cli.session import Invocation
from graders.cli.terminal import has_screen


def watch(
    slug: Annotated[
        str | None,
        typer.Argument(
            metavar="SLUG",
            help="The kata; by default, the one whose folder you are in, or else the next one to do.",
            autocompletion=examples.slugs,
        ),
    ] = None,
    plain: Annotated[
        bool, typer.Option("--plain", help="Print lines of text instead of drawing a full screen.")
    ] = False,
) -> None:
    """Regrade a kata each time you save, and show the result.

    The screen shows the tasks and the first failure with the smallest input that fails. Single keys show hints and move
    to the next kata. Without a terminal, --plain is the default. Every new verdict counts for `katas progress`.

    Exit status: 0 when you quit, 130 after Ctrl-C.
    """
    from graders.learner.watch import session, ui

    state = session.opened(Invocation.root, slug)
    ui.watch(Invocation.judge(resident=True), state, plain=plain or not has_screen())
