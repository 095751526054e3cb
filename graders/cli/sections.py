"""The order of the commands in `katas --help`: by what somebody wants to do."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

SECTIONS = {
    "Learn": "list next watch grade hint show run reset solution diff progress notebook debug",
    "Set up": "doctor data demo",
    "Teach": "release grade-batch review feedback gradebook leaderboard replay",
    "Write katas": "new check figures",
}


class Sections(TyperGroup):
    """A group of commands that is shown in sections, each in its order."""

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
