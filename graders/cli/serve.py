"""`katas serve`: the katas in a browser, or with --instructor the queue of what a person has to score."""

from __future__ import annotations

from typing import Annotated

import typer

from graders.cli.session import Invocation, say
from graders.errors import KataError

PACKAGES = ("starlette", "uvicorn", "markdown_it", "mdit_py_plugins", "latex2mathml")


Port = Annotated[
    int | None,
    typer.Option(metavar="PORT", help="The port; by default, 8765 or the next one that is free.", min=0, max=65535),
]
Host = Annotated[
    str, typer.Option(metavar="HOST", help="The address to listen on; by default, only this machine can connect.")
]
Browser = Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")]
Course = Annotated[
    str | None,
    typer.Option(
        "--instructor",
        help="Mark submissions instead: the queue of a batch folder or a gradebook.",
        metavar="COURSE",
    ),
]
By = Annotated[str | None, typer.Option("--by", help="With --instructor: the name of the reviewer.", metavar="NAME")]
Anonymous = Annotated[bool, typer.Option("--anonymous", help="With --instructor: show pseudonyms instead of names.")]


def serve(
    port: Port = None,
    host: Host = "127.0.0.1",
    browser: Browser = True,
    instructor: Course = None,
    by: By = None,
    anonymous: Anonymous = False,
) -> None:
    """Solve the katas in a browser: text, editor and verdict.

    The page edits your own files, saves them while you type, and grades each save. You can use another editor at the
    same time. Only this machine can connect, and only with the printed address, which contains a secret.

    With --instructor, the page is another one: the queue of what a person has to score. Points go into the gradebook.

    Exit status: 0 after Ctrl-C.
    """
    import importlib.util

    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise KataError(
            f"katas serve needs packages that are not installed: {', '.join(missing)}. "
            "Install them: pip install -e '.[serve]'"
        )
    if instructor is not None:
        _mark(instructor, by, anonymous=anonymous, host=host, port=port, browser=browser)
        return
    if by is not None or anonymous:
        raise KataError("--by and --anonymous are for marking. Add --instructor COURSE.")
    from graders.learner.serve import app

    judge = Invocation.judge(resident=True)
    try:
        app.serve(judge, Invocation.root, host=host, port=port, browser=browser, say=say)
    except KeyboardInterrupt:
        say("The server has ended; your files are saved.")


def _mark(course: str, by: str | None, *, anonymous: bool, host: str, port: int | None, browser: bool) -> None:
    """Serve the marking queue of a course. Raises KataError if there is none, or if this is a copy for learners."""
    import importlib.util

    if importlib.util.find_spec("graders.course") is None:
        raise KataError("--instructor: this copy of the katas is for learners. Use a clone of the whole repository.")
    if by is None:
        raise KataError("--instructor: who marks? Add --by NAME, the name that the authors see.")
    from graders.course.serve import app

    try:
        app.serve(course, by, Invocation.root, anonymous=anonymous, host=host, port=port, browser=browser, say=say)
    except KeyboardInterrupt:
        say("The server has ended; all points that the page showed as saved are stored.")
