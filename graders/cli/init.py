"""`katas init`: write the katas of the installed package into a folder of one's own."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from graders.cli.session import Invocation
from graders.errors import KataError


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder, or one to update.", show_default=False)],
) -> None:
    """Write the katas into a folder, or update such a folder.

    The folder gets the texts, stubs and visible tests. The solutions and hidden tests stay in the installed package,
    where `katas grade` finds them. In a folder that an older version wrote, the command adds and updates files. It
    never changes a file that you have changed.
    """
    from graders.learner.initialisation import initialise

    if Invocation.given is not None:
        raise KataError("init writes the katas of the installed package, so --root has no meaning here. Leave it out.")
    report = initialise(folder)
    print("\n".join(report))
    if folder.resolve() != Path.cwd():
        print(f"Go on there: cd {shlex.quote(str(folder))}; katas next")
