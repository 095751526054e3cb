"""Define the sections of `katas --help`, and the option --root that every command has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from graders.cli.session import Invocation

SECTIONS = {
    "Learn": "list next serve watch grade hint show run reset solution diff explain again progress notebook debug",
    "Set up": "doctor data demo",
    "Teach": "release grade-batch review feedback gradebook replay",
    "Write katas": "new check figures",
}


class Sections(TyperGroup):
    """A group of commands whose help is divided into sections. The group and all its commands take --root."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        option = _root_option()
        self.params.insert(0, option)
        for command in _below(self):
            command.params.append(option)
            getattr(command, "for_all", []).append(option)

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of all commands, starting with those in sections."""
        del ctx
        listed = [name for names in SECTIONS.values() for name in names.split() if name in self.commands]
        return [*listed, *(name for name in self.commands if name not in listed)]

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write one list of commands for each section, all with the same column width."""
        del ctx
        width = max(map(len, self.commands))
        limit = formatter.width - width - 6
        for title, names in SECTIONS.items():
            here = [name for name in names.split() if name in self.commands and not self.commands[name].hidden]
            rows = [(name.ljust(width), self.commands[name].get_short_help_str(limit)) for name in here]
            with formatter.section(title):
                formatter.write_dl(rows)


def _set_root(context: typer.Context, folder: Path | None) -> None:
    """Store the folder that --root names. A --root after the command's name overrides one before it."""
    if folder is not None:
        Invocation.given = folder.resolve()
    elif context.parent is None:  # this is a new command line, so forget the folder of the previous one
        Invocation.given = None


def _only_root(
    root: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The repository of katas; by default, the one that contains the current folder.",
            expose_value=False,
            callback=_set_root,
        ),
    ] = None,
) -> None:
    """Do nothing. Typer builds the option --root from this signature."""
    del root


def _root_option() -> Any:
    alone = typer.Typer(add_completion=False)
    alone.command()(_only_root)
    return get_command(alone).params[0]


def _below(group: Any) -> Iterator[Any]:
    for command in group.commands.values():
        yield command
        if hasattr(type(command), "commands"):  # it imports its commands when they are needed
            continue
        if hasattr(command, "commands"):
            yield from _below(command)
