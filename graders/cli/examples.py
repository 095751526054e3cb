"""The examples below the help of each command, and what a shell completes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from graders import catalogue
from graders.cli.session import Session
from graders.errors import KataError

# One line each: what is typed, and what for. They are checked by the tests: every command and option in them is there.
EXAMPLES = {
    "list": """
katas list                      what there is, and what builds on what
katas list --format json        the same for a program
""",
    "grade": """
katas grade exercise01                           your own files
katas grade exercise01 --submission ada          somebody's
katas grade exercise01 --submission ada.zip      or ../clone@main
katas grade --against solutions                  every solution
katas grade exercise05 --format html --output report.html
katas grade exercise01 --require-confinement full --format junit
""",
    "check": """
katas check exercise04                           stub, solution, variants
katas check exercise04 --mutation --flakes 100   all that can be measured
""",
    "figures": """
katas figures exercise09        draw figure.svg beside its README
""",
    "watch": """
katas                           on a terminal: watch the kata to do next
katas watch exercise04          watch this one
katas watch --plain             one block of text after the other, for a
                                screen reader, a log or a pipe
""",
    "doctor": """
katas doctor                    what there is, and how to mend the rest
katas doctor --strict           in CI: less than all of it fails
katas doctor --format json      for a program
""",
    "next": """
katas next                      the kata, its files, how to have it judged
""",
    "progress": """
katas progress                      a list in the terminal
katas progress --html my.html       a page to look at or to hand on
""",
    "hint": """
katas hint exercise04           the next hint that you have not seen
katas hint exercise04 1         the first one again
""",
    "reset": """
katas reset exercise04          yours are kept in .katas/backup/
""",
    "solution": """
katas solution exercise04            after a pass
katas solution exercise04 --anyway   before
""",
    "diff": """
katas diff exercise04           after a pass
katas diff exercise04 --anyway | less
""",
    "show": """
katas show challenge5 bug2                       your own program
katas show challenge5 bug2 --against solutions --output good.svg
""",
    "replay": """
katas grade exercise01 --submission ada --format json \\
    --audience instructor --output ada.json
katas replay ada.json --submission ada      the same inputs again
""",
    "review": """
katas review ada.json --submission ada --by "Grace Hopper"
katas review ada.json --by "Grace Hopper" --award explanation=8
""",
    "demo": """
katas demo                      a right, a wrong and a cheating submission
""",
    "new": """
katas new softplus                  its files, and what to do next
katas new layer_norm --function normalize
""",
    "release": """
katas release exercise01 exercise04 --student handout
katas release exercise01 --gradescope exercise01.zip
""",
    "notebook": """
katas notebook exercise03                        exercise03.ipynb
katas notebook exercise03 --output week1.ipynb --force
""",
}


def attach(app: typer.Typer) -> None:
    """Put the examples below the help of the commands; a command that brings its own keeps them."""
    for command in app.registered_commands:
        name = command.name or getattr(command.callback, "__name__", "")
        if name in EXAMPLES and not command.epilog:
            lines = "\n".join(f"  {line}" for line in EXAMPLES[name].strip().split("\n"))
            command.epilog = f"Examples:\n\n\b\n{lines}\n"


def slugs(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The katas whose slug begins like this, with their titles; none outside of a repository, or where it is broken."""
    try:
        root = Session.root
        names = [slug for slug in catalogue.slugs(root) if slug.startswith(incomplete)]
        return [(name, _title(root, name)) for name in names if name not in _typed(context)]
    except (KataError, OSError):
        return []


def _title(root: Path, slug: str) -> str:
    try:
        return catalogue.load(root, slug, complete=False).title
    except KataError:
        return ""


def _typed(context: typer.Context) -> list[Any]:
    """The katas that stand on the line already."""
    found = context.params.get("slugs") or []
    return list(found) if isinstance(found, list | tuple) else []
