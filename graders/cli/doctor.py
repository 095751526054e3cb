"""`katas doctor`: check whether the katas work on this machine, and say how to fix any problems."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graders import catalogue
from graders.cli.session import Invocation
from graders.errors import CatalogueError, KataError


def doctor(
    form: Annotated[str, typer.Option("--format", help="The output format: terminal or json.")] = "terminal",
    strict: Annotated[bool, typer.Option("--strict", help="Also exit with 1 if there are limitations (~).")] = False,
) -> int:
    """Check this machine, and say how to fix any problems.

    The checks cover Python, packages, PyTorch, confinement (by starting a worker), the graphics card, pytest's settings
    and folders.

    Exit status: 0 the katas work here (~ marks limitations), 1 something is broken (✗), 2 the checks could not run.
    """
    from graders.cli import doctor_report

    if form not in ("terminal", "json"):
        raise KataError(f"--format {form}: expected terminal or json.")
    root = Invocation.given
    if root is None:
        try:
            root = catalogue.find_root(Path.cwd())
        except CatalogueError:
            root = None
    found = doctor_report.report(root)
    print(doctor_report.as_json(found) if form == "json" else doctor_report.as_text(found))
    return found.exit_status(strict=strict)
