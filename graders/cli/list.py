"""`katas list`: list the katas."""

from __future__ import annotations

from typing import Annotated

import typer

from graders.cli.options import chosen_katas
from graders.errors import KataError


def list_(
    form: Annotated[str, typer.Option("--format", help="The output format: terminal or json.")] = "terminal",
) -> None:
    """List the katas: tasks, points, time and prerequisites."""
    katas = chosen_katas(None)
    if form not in ("terminal", "json"):
        raise KataError(f"--format {form}: expected terminal or json.")
    from graders.cli.listing import as_json, as_text

    print(as_json(katas) if form == "json" else as_text(katas))
