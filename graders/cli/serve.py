"""`katas serve`: the katas in a browser, or with --instructor the queue of what a person has to score."""

from __future__ import annotations

import re
from functools import partial
from typing import Annotated, Any

import typer

from graders.cli import products
from graders.cli.session import Invocation, say
from graders.errors import KataError


def serve(
    port: Annotated[
        int | None,
        typer.Option(metavar="PORT", help="The port; by default, 8765 or the next one that is free.", min=0, max=65535),
    ] = None,
    host: Annotated[
        str, typer.Option(metavar="HOST", help="The address to listen on; by default, only this machine can connect.")
    ] = "127.0.0.1",
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")] = True,
    instructor: Annotated[
        str | None,
        typer.Option(metavar="COURSE", help="Mark submissions instead: the queue of a batch folder or a gradebook."),
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="With --instructor: a reviewer. Repeat it: each one gets a link."),
    ] = None,
    renew: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="With --instructor: replace the link of this reviewer."),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="With --instructor: where a proxy shows the page, such as https://uni.example."
        ),
    ] = None,
    anonymous: Annotated[
        bool, typer.Option("--anonymous", help="With --instructor: show pseudonyms instead of names.")
    ] = False,
) -> None:
    """Solve the katas in a browser: text, editor and verdict.

    The page edits your own files, saves them while you type, and grades each save. You can use another editor at the
    same time. Only this machine can connect, and only with the printed address, which contains a secret.

    With --instructor, the page is another one: the queue of what a person has to score. Points go into the gradebook.
    Leave a name out of --by, and its link stops working.

    Exit status: 0 after Ctrl-C.
    """
    settings: dict[str, Any] = {"host": host, "port": port, "browser": browser, "say": say}
    if instructor is None:
        if by or renew or url or anonymous:
            raise KataError("--by, --renew, --url and --anonymous are for marking. Add --instructor COURSE.")
        end = "The server has ended; your files are saved."
        run = partial(
            products.door("learners' page").serve, Invocation.judge(resident=True), Invocation.root, **settings
        )
    else:
        if not by:
            raise KataError("--instructor: who marks? Add --by NAME, the name that the authors see.")
        if unknown := set(renew or ()) - set(by):
            raise KataError(f"--renew {min(unknown)}: this is not a reviewer. Name one of those in --by.")
        if url and not re.fullmatch(r"https://[\w.-]+(:\d+)?", url.rstrip("/")):
            raise KataError(
                f"--url {url}: expected https:// and the name of a host, such as https://marking.uni.example."
            )
        settings |= {"renew": renew or [], "public": (url or "").rstrip("/")}
        marking = products.door("marking page")
        end = "The server has ended; all points that the page showed as saved are stored."
        run = partial(marking.serve, instructor, by, Invocation.root, anonymous=anonymous, **settings)
    try:
        run()
    except KeyboardInterrupt:
        say(end)
