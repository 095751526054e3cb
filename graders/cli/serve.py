"""`katas serve`: the katas in a browser."""

from __future__ import annotations

from typing import Annotated

import typer

from graders.cli.session import Invocation, say
from graders.errors import KataError

PACKAGES = ("starlette", "uvicorn", "markdown_it", "mdit_py_plugins", "latex2mathml")


def serve(
    port: Annotated[
        int | None,
        typer.Option(metavar="PORT", help="The port; by default, 8765 or the next one that is free.", min=0, max=65535),
    ] = None,
    host: Annotated[
        str, typer.Option(metavar="HOST", help="The address to listen on; by default, only this machine can connect.")
    ] = "127.0.0.1",
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")] = True,
) -> None:
    """Solve the katas in a browser: text, editor and verdict.

    The page edits your own files, saves them while you type, and grades each save. You can use another editor at the
    same time. Only this machine can connect, and only with the printed address, which contains a secret.

    Exit status: 0 after Ctrl-C.
    """
    import importlib.util

    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise KataError(
            f"katas serve needs packages that are not installed: {', '.join(missing)}. "
            "Install them: pip install 'nn-katas[serve]'"
        )
    from graders.learner.serve import server

    judge = Invocation.judge(resident=True)
    try:
        server.serve(judge, Invocation.root, host=host, port=port, browser=browser, say=say)
    except KeyboardInterrupt:
        say("The server has ended; your files are saved.")
