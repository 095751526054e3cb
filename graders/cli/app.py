"""Assemble the command line from a table of commands, and turn exceptions into exit statuses.

A command's module is imported when the command is used: `katas --help` and completion read the table alone.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from pkgutil import resolve_name
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from graders import extras
from graders.cli import products
from graders.cli.examples import EXAMPLES
from graders.cli.session import Invocation, say
from graders.cli.terminal import INTERRUPTED
from graders.errors import KataError
from graders.version import __version__


class CommandEntry(NamedTuple):
    """A command: where its function or Typer app is, and what it does in one line."""

    target: str
    line: str

    @property
    def is_here(self) -> bool:
        """Whether the command is part of this copy: learners get one without the packages for courses."""
        return products.is_here(self.target)


# The sections of `katas --help`. The modules import what is slow only where they use it.
SECTIONS = {
    "Learn": {
        "list": CommandEntry("graders.cli.learn:list_", "List the katas: tasks, points, time and prerequisites."),
        "next": CommandEntry("graders.cli.learn:next_", "Recommend the next kata, and say why."),
        "serve": CommandEntry("graders.cli.serve:serve", "Solve the katas in a browser: text, editor and verdict."),
        "watch": CommandEntry("graders.cli.learn:watch", "Regrade a kata each time you save, and show the result."),
        "grade": CommandEntry("graders.cli.grade:grade", "Grade katas with their visible and hidden tests."),
        "hint": CommandEntry("graders.cli.learn:hint", "Show a kata's hints one at a time, the smallest first."),
        "derive": CommandEntry("graders.cli.learn:derive", "Derive a kata's formulas, one question at a time."),
        "show": CommandEntry("graders.cli.learn:show", "Plot a program's training curves, or redraw README pictures."),
        "run": CommandEntry("graders.cli.learn:run_", "Run a kata's program, which writes the files you submit."),
        "reset": CommandEntry(
            "graders.cli.learn:reset", "Restore a kata's original stubs, so that you can start again."
        ),
        "solution": CommandEntry(
            "graders.cli.learn:solution", "Show, compare or explain the solution, once you have passed."
        ),
        "progress": CommandEntry("graders.cli.learn:progress", "Show which katas you have done, and what to do next."),
        "notebook": CommandEntry(
            "graders.cli.learn:notebook", "Write a kata as a Jupyter notebook that grades itself."
        ),
        "debug": CommandEntry("katas_practice.commands:app", "Practise on broken training programs."),
    },
    "Set up": {
        "init": CommandEntry("graders.cli.init:init", "Write the katas into a folder, or update such a folder."),
        "doctor": CommandEntry("graders.cli.doctor:doctor", "Check this machine, and say how to fix any problems."),
        "data": CommandEntry("graders.cli.data:app", "List and download the data sets that katas train on."),
    },
    "Teach": {
        "release": CommandEntry(
            "graders.cli.release:release", "Make bundles for students or for other grading platforms."
        ),
        "collect": CommandEntry(
            "katas_course.commands.repositories:collect", "Collect one private repository for each student."
        ),
        "grade-batch": CommandEntry(
            "katas_course.commands.grade_batch:grade_batch", "Grade a whole cohort's submissions."
        ),
        "review": CommandEntry(
            "katas_course.commands.review:review", "Score the tasks in a verdict that a person grades."
        ),
        "feedback": CommandEntry(
            "katas_course.commands.feedback:feedback", "Write the reports that students get back."
        ),
        "handback": CommandEntry(
            "katas_course.commands.repositories:handback", "Give feedback back to the repositories that were collected."
        ),
        "gradebook": CommandEntry(
            "katas_course.commands.gradebook:app", "Store a course's verdicts, and compute everyone's points."
        ),
    },
    "Write katas": {
        "new": CommandEntry("graders.cli.author:new", "Create the files of a new kata."),
        "check": CommandEntry("graders.cli.author:check", "Check that katas are ready for learners."),
    },
}
# These work, but --help omits them.
UNLISTED = {
    "demo": CommandEntry("graders.cli.grade:demo", "Grade a right, a wrong and a cheating submission."),
    "replay": CommandEntry("graders.cli.grade:replay", "Grade again, with the same inputs as an earlier verdict."),
}
COMMANDS = {name: entry for section in (*SECTIONS.values(), UNLISTED) for name, entry in section.items()}


class LazyCommand(TyperCommand):
    """A command of the table. It is imported when its arguments are parsed."""

    def __init__(self, name: str, entry: CommandEntry) -> None:
        hidden = name in UNLISTED or not entry.is_here
        super().__init__(name, callback=None, help=entry.line, hidden=hidden, rich_markup_mode=None)
        self.entry = entry

    @cached_property
    def real(self) -> Any:
        """The command itself, with the option --root. Raises KataError if it isn't part of this copy."""
        if not self.entry.is_here:
            raise KataError(f"this copy of the katas has no `katas {self.name}`. Use a clone of the whole repository.")
        alone, target = typer.Typer(add_completion=False, rich_markup_mode=None), resolve_name(self.entry.target)
        alone.callback()(lambda: None)  # so that Typer makes a group of it
        if isinstance(target, typer.Typer):
            alone.add_typer(target, name=self.name)
        else:
            settings = {"allow_extra_args": self.name == "run"}
            alone.command(self.name, epilog=_examples(self.name or ""), hidden=self.hidden, context_settings=settings)(
                target
            )
        group: Any = get_command(alone)
        command = group.commands[self.name]
        for each in (command, *_below(command)):
            each.params.append(_root_option())
        return command

    def make_context(self, *words: Any, **settings: Any) -> Any:
        """Import the command and parse its arguments. What runs then is the command itself."""
        return self.real.make_context(*words, **settings)


class Sections(TyperGroup):
    """A group of commands whose help is divided into sections. The group and all its commands take --root."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.params.insert(0, _root_option())
        self.commands = {name: LazyCommand(name, entry) for name, entry in COMMANDS.items()}

    def format_commands(self, _: Any, formatter: Any) -> None:
        """Write one list of commands for each section, all with the same column width."""
        width = max(map(len, self.commands))
        limit = formatter.width - width - 6
        for title, entries in SECTIONS.items():
            here = [name for name in entries if not self.commands[name].hidden]
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
    for command in getattr(group, "commands", {}).values():
        yield command
        yield from _below(command)


def _examples(name: str) -> str | None:
    return f"Examples:\n\n\b\n{textwrap.indent(EXAMPLES[name], '  ')}\n" if name in EXAMPLES else None


app = typer.Typer(
    cls=Sections,
    help="Neural-network katas, and the judge that grades them.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(asked: bool) -> None:
    if asked:
        print(f"katas {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Neural-network katas, and the judge that grades them."""
    del version


def run_command_line() -> int:
    """Run the command line, and return the exit status."""
    try:
        status = int(app(standalone_mode=False) or 0)
        sys.stdout.flush()
    except KataError as fault:
        say(f"katas: {fault}")
        return 2
    except typer.TyperException as fault:  # an error of the command line, which says how to write it
        fault.show()  # type: ignore[attr-defined]
        return 2
    except (typer.Abort, KeyboardInterrupt):
        status = INTERRUPTED
    except ModuleNotFoundError as fault:
        if not extras.extra_with(fault.name or ""):
            raise
        say(f"katas: {extras.missing(fault.name or '')}")
        return 2
    except BrokenPipeError:
        return 2  # the program that read from the pipe has exited
    except SystemExit as leaving:  # Typer exits with 1 on a broken pipe, but in `katas` 1 means "failed"
        return 2 if leaving.code == 1 else int(leaving.code or 0)
    except OSError as fault:
        say(f"katas: {fault.filename or 'standard output'}: {fault.strerror}")
        return 2
    if status == INTERRUPTED:  # typer usually turns KeyboardInterrupt into this status
        say("katas: interrupted")
    return status
