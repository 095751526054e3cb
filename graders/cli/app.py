"""Register all commands, and turn exceptions into exit statuses."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from graders.cli import (
    check,
    data,
    demo,
    doctor,
    examples,
    feedback,
    figures,
    grade,
    grade_batch,
    gradebook,
    leaderboard,
    new,
    release,
    replay,
    review,
    serve,
    show,
)
from graders.cli.sections import Sections
from graders.cli.session import Invocation, say
from graders.cli.terminal import INTERRUPTED
from graders.debugging import commands as debugging
from graders.errors import KataError
from graders.judge.process import JudgeProcess
from graders.learner import commands as learner
from graders.version import __version__

app = typer.Typer(
    cls=Sections,
    help="Neural-network katas, and the judge that grades them.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(debugging.app, name="debug")
app.add_typer(data.app, name="data")
app.add_typer(gradebook.app, name="gradebook")
app.command("list")(learner.list_)
app.command("next")(learner.next_)
app.command("grade-batch")(grade_batch.grade_batch)
app.command("run", context_settings={"allow_extra_args": True})(learner.run_)
for command in (
    grade.grade,
    check.check,
    figures.figures,
    learner.watch,
    serve.serve,
    doctor.doctor,
    learner.progress,
    learner.hint,
    learner.reset,
    learner.solution,
    learner.diff,
    learner.explain,
    learner.again,
    show.show,
    replay.replay,
    review.review,
    demo.demo,
    learner.notebook,
    feedback.feedback,
    release.release,
    new.new,
    leaderboard.leaderboard,
):
    app.command()(command)

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


examples.attach(app)
