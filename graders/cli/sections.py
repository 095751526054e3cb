"""What all commands share: their order in `katas --help`, by what a person wants to do, and the option --root."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from graders.cli.session import Session

SECTIONS = {
    "Learn": "list next watch grade hint show run reset solution diff progress notebook debug",
    "Set up": "doctor data demo",
    "Teach": "release grade-batch review feedback gradebook leaderboard replay",
    "Write katas": "new check figures",
}


class Sections(TyperGroup):
    """A group of commands that is shown in sections, each in its order; it and all commands in it take --root."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        option = _root_option()
        self.params.insert(0, option)
        for command in _below(self):
            command.params.append(option)

    def list_commands(self, ctx: Any) -> list[str]:
        """All commands, those of the sections first."""
        del ctx
        told = [name for names in SECTIONS.values() for name in names.split() if name in self.commands]
        return [*told, *(name for name in self.commands if name not in told)]

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write a list for every section, all of one width."""
        del ctx
        width = max(map(len, self.commands))
        limit = formatter.width - width - 6
        for title, names in SECTIONS.items():
            rows = [(name.ljust(width), self.commands[name].get_short_help_str(limit)) for name in names.split()]
            with formatter.section(title):
                formatter.write_dl(rows)


def _keep(context: typer.Context, folder: Path | None) -> None:
    """Keep the folder that --root names; the one after the command's name wins over the one before it."""
    if folder is not None:
        Session.given = folder.resolve()
    elif context.parent is None:  # the command line starts here: forget the folder of an earlier one
        Session.given = None


def _only_root(
    root: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="The repository of katas, if you are not in it.", expose_value=False, callback=_keep
        ),
    ] = None,
) -> None:
    """Do nothing: typer makes the option --root of this signature."""
    del root


def _root_option() -> Any:
    """The option --root, for any command."""
    alone = typer.Typer(add_completion=False)
    alone.command()(_only_root)
    return get_command(alone).params[0]


def _below(group: Any) -> Iterator[Any]:
    """All commands below a group, groups among them."""
    for command in group.commands.values():
        yield command
        if hasattr(command, "commands"):
            yield from _below(command)
