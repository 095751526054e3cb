"""Assemble the command line from a table of commands, and turn exceptions into exit statuses."""

from __future__ import annotations

import importlib.util
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from pkgutil import resolve_name
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from graders.cli.examples import EXAMPLES
from graders.cli.session import Invocation, say
from graders.cli.terminal import INTERRUPTED
from graders.errors import KataError
from graders.judge.process import JudgeProcess
from graders.version import __version__

# The sections of `katas --help`. Each command is a function or, if it has commands of its own, a Typer app. The modules
# import what is slow only where they use it.
SECTIONS = {
    "Learn": {
        "list": "graders.learner.commands:list_",
        "next": "graders.learner.commands:next_",
        "serve": "graders.cli.serve:serve",
        "watch": "graders.learner.commands:watch",
        "grade": "graders.cli.grade:grade",
        "hint": "graders.learner.commands:hint",
        "show": "graders.learner.commands:show",
        "run": "graders.learner.commands:run_",
        "reset": "graders.learner.commands:reset",
        "solution": "graders.learner.commands:solution",
        "progress": "graders.learner.commands:progress",
        "notebook": "graders.learner.commands:notebook",
        "debug": "graders.debugging.commands:app",
    },
    "Set up": {
        "doctor": "graders.doctor.commands:doctor",
        "data": "graders.cli.data:app",
    },
    "Teach": {
        "release": "graders.cli.release:release",
        "collect": "graders.github.commands:collect",
        "grade-batch": "graders.course.commands:grade_batch",
        "review": "graders.course.commands:review",
        "feedback": "graders.course.commands:feedback",
        "handback": "graders.github.commands:handback",
        "gradebook": "graders.course.commands:gradebook",
    },
    "Write katas": {
        "new": "graders.authoring.commands:new",
        "check": "graders.authoring.commands:check",
    },
}
UNLISTED = {"demo": "graders.cli.grade:demo", "replay": "graders.cli.grade:replay"}  # they work, but --help omits them
COMMANDS = {name: target for section in (*SECTIONS.values(), UNLISTED) for name, target in section.items()}


class Sections(TyperGroup):
    """A group of commands whose help is divided into sections. The group and all its commands take --root."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        option = _root_option()
        self.params.insert(0, option)
        for command in _below(self):
            command.params.append(option)
            getattr(command, "for_all", []).append(option)

    def list_commands(self, _: Any) -> list[str]:
        """Return the names of all commands, in the order of the sections."""
        return list(COMMANDS)

    def format_commands(self, _: Any, formatter: Any) -> None:
        """Write one list of commands for each section, all with the same column width."""
        width = max(map(len, self.commands))
        limit = formatter.width - width - 6
        for title, targets in SECTIONS.items():
            here = [name for name in targets if not self.commands[name].hidden]
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
        if "commands" in vars(command):  # otherwise, it has none, or imports them when they are needed
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


def _is_missing() -> None:
    raise KataError("this is a copy for learners, without the commands for courses. Use a full checkout.")


def _register(name: str, target: str) -> None:
    package = ".".join(target.split(".")[:2])
    if package in ("graders.course", "graders.github") and importlib.util.find_spec(package) is None:
        anything = {"allow_extra_args": True, "ignore_unknown_options": True}
        app.command(name, hidden=True, context_settings=anything)(_is_missing)
    elif isinstance(command := resolve_name(target), typer.Typer):
        app.add_typer(command, name=name)
    else:
        settings = {"allow_extra_args": name == "run"}
        app.command(name, epilog=_examples(name), hidden=name in UNLISTED, context_settings=settings)(command)


for _name, _target in COMMANDS.items():
    _register(_name, _target)


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


# Typer bundles its own copy of Click, where the base class of command-line errors has no public name.
CommandLineError: Any = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")

INSTALL_TORCH = "pip install -c constraints.txt -e '.[torch]'"


def run_command_line(started: JudgeProcess | None) -> int:
    """Run the command line, and return the exit status."""
    Invocation.started = started
    try:
        status = int(app(standalone_mode=False) or 0)
        sys.stdout.flush()
    except KataError as fault:
        say(f"katas: {fault}")
        return 2
    except CommandLineError as fault:
        fault.show()
        return 2
    except (typer.Abort, KeyboardInterrupt):
        status = INTERRUPTED
    except ModuleNotFoundError as fault:
        if fault.name != "torch":
            raise
        say(f"katas: this command needs PyTorch. In the folder of the katas, run: {INSTALL_TORCH}")
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
