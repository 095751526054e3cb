"""The commands of `katas`, one function each."""

from __future__ import annotations

import os
import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from graders import __version__, catalogue, verdict
from graders.cli.debug import app as debugging
from graders.errors import CatalogueError, KataError
from graders.judge.process import JudgeProcess
from graders.verdict import Verdict

app = typer.Typer(
    help="Neural-network katas, and the judge that grades them.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(debugging, name="debug")


class Strength(StrEnum):
    """How well a worker must be confined."""

    full = "full"
    partial = "partial"
    none = "none"


class Format(StrEnum):
    """A form of report."""

    terminal = "terminal"
    json = "json"
    markdown = "markdown"
    junit = "junit"


class Reader(StrEnum):
    """Who a report is for."""

    learner = "learner"
    public = "public"
    instructor = "instructor"


class Session:
    """What the options before the command say."""

    root: Path
    started: JudgeProcess | None = None

    @classmethod
    def judge(cls, **settings: Any) -> Any:
        from graders.judge.api import Judge

        return Judge(cls.root, started=cls.started, **settings)


# typer brings its own copy of click, whose base of all complaints about a command line has no public name there.
CommandLineFault: Any = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")

Slugs = Annotated[list[str] | None, typer.Argument(metavar="SLUG", help="Katas, e.g. exercise04; all if none.")]
Submission = Annotated[
    str | None, typer.Option(help="A folder with the kata's files, or a repository with katas/SLUG/.", metavar="DIR")
]
Against = Annotated[str | None, typer.Option(help="Grade a sibling tree of katas/ instead, e.g. solutions.")]
Output = Annotated[Path | None, typer.Option(help="Write the report to this file.", metavar="FILE")]
Require = Annotated[Strength | None, typer.Option(help="Refuse to grade with weaker confinement.")]


INTERRUPTED = 130


def run(started: JudgeProcess | None) -> int:
    """Run one command line; the exit status."""
    Session.started = started
    try:
        status = int(app(standalone_mode=False) or 0)
        sys.stdout.flush()
    except KataError as fault:
        _say(f"katas: {fault}")
        return 2
    except CommandLineFault as fault:
        fault.show()
        return 2
    except (typer.Abort, KeyboardInterrupt):
        status = INTERRUPTED
    except BrokenPipeError:
        return 2  # nobody reads on
    except SystemExit as leaving:  # typer's way to say that nobody reads on is 1, which is "failed" here
        return 2 if leaving.code == 1 else int(leaving.code or 0)
    except OSError as fault:
        _say(f"katas: {fault.filename or 'standard output'}: {fault.strerror}")
        return 2
    if status == INTERRUPTED:  # typer has usually made it of the KeyboardInterrupt
        _say("katas: interrupted")
    return status


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _show_version(asked: bool) -> None:
    if asked:
        print(f"katas {__version__}")
        raise typer.Exit


@app.callback()
def options(
    root: Annotated[Path | None, typer.Option(help="The repository of katas.", metavar="DIR")] = None,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Neural-network katas, and the judge that grades them."""
    del version
    Session.root = root.resolve() if root else catalogue.find_root(Path.cwd())


def _chosen(slugs: list[str] | None) -> list[catalogue.Kata]:
    if slugs:
        return [catalogue.load(Session.root, slug) for slug in dict.fromkeys(slugs)]
    return catalogue.load_all(Session.root)


@app.command("list")
def list_(
    form: Annotated[str, typer.Option("--format", help="terminal or json.")] = "terminal",
) -> None:
    """List the katas: title, tasks, points, time, what each builds on."""
    katas = _chosen(None)
    if form not in ("terminal", "json"):
        raise KataError(f"--format {form}: terminal or json is expected")
    from graders.cli.listing import as_json, as_text

    print(as_json(katas) if form == "json" else as_text(katas))


@app.command()
def grade(
    slugs: Slugs = None,
    submission: Submission = None,
    against: Against = None,
    form: Annotated[Format, typer.Option("--format", help="The form of the report.")] = Format.terminal,
    audience: Annotated[Reader, typer.Option(help="Who the report is for.")] = Reader.learner,
    output: Output = None,
    require_confinement: Require = None,
    confinement: Annotated[str, typer.Option(help="auto, or less than there is: partial, none.", hidden=True)] = "auto",
    seed: Annotated[str | None, typer.Option(help="Draw these inputs: 32 hexadecimal digits.", metavar="HEX")] = None,
) -> int:
    """Grade katas with visible and hidden tests, in confined workers.

    Exit status: 0 passed or awaiting review, 1 failed or ungradable, 2 could not be graded.
    """
    from graders import report
    from graders.cli import delivery

    chosen = _chosen(slugs)
    drawn = _seed(seed)
    places = {kata.slug: _place(kata, submission, against) for kata in chosen}
    if output is not None:
        delivery.check(output)
    verdicts: list[Verdict] = []
    require = require_confinement.value if require_confinement else None
    settings: dict[str, Any] = {"require": require, "confinement": confinement, "resident": len(chosen) > 1}
    if confinement != "auto" and Session.started is not None:
        Session.started.close()
    begun = time.monotonic()
    with Session.judge(**settings) as judge:
        for kata in _progress(chosen, "grading"):
            verdicts.append(judge.grade(kata.slug, places[kata.slug], seed=drawn))
    if output is not None:
        delivery.deliver(report.render(verdicts, form.value, audience.value), output)
        _say(f"written: {output}")
    elif form is not Format.terminal:
        print(report.render(verdicts, form.value, audience.value).removesuffix("\n"))
    else:
        from graders.report import terminal, wording

        for number, each in enumerate(verdicts):
            if number:
                print()
            terminal.print_verdict(each, audience=audience.value)
        if len(verdicts) > 1:
            print(f"\n{wording.total(verdicts, time.monotonic() - begun)}")
    return max(each.exit_status for each in verdicts)


def _seed(given: str | None) -> bytes | None:
    if given is None:
        return None
    try:
        seed = bytes.fromhex(given)
    except ValueError:
        seed = b""
    if len(seed) != 16:
        raise KataError(f"--seed {given}: 32 hexadecimal digits are expected, as a verdict records them")
    return seed


def _place(kata: catalogue.Kata, submission: str | None, against: str | None) -> Path | None:
    """The folder to grade; None for the repository's own files."""
    if submission is not None and against is not None:
        raise KataError("--submission and --against exclude each other: say what to grade once")
    if submission is not None:
        # Before anything is charged to a submission: an unset variable, or a path that was mistyped.
        if not submission:
            raise KataError("--submission is empty: give the folder to grade (is a variable unset?)")
        if not os.path.isdir(submission):
            raise KataError(f"--submission {submission}: there is no such folder; give the one that holds the files")
        return Path(submission)
    if against is None:
        return None
    place = kata.root / against / kata.slug
    if not place.is_dir():
        raise KataError(f"--against {against}: there is no {place}; name a folder beside katas/, such as solutions")
    return place


def _progress(items: list[Any], doing: str) -> Any:
    """The items one after the other, with a bar on a terminal when there are several."""
    if len(items) < 2 or not sys.stderr.isatty():
        return items
    from rich.console import Console
    from rich.progress import track

    return track(items, doing, console=Console(stderr=True), transient=True)


@app.command()
def check(
    slugs: Slugs = None,
    mutation: Annotated[bool, typer.Option("--mutation", help="Grade every mutant of the solution too.")] = False,
    flakes: Annotated[int, typer.Option(help="Grade right answers so many times more.", metavar="N", min=0)] = 0,
    every: Annotated[int, typer.Option(help="Grade only every Nth wrong and right variant.", metavar="N", min=1)] = 1,
    table: Annotated[Path | None, typer.Option(help="Write the figures to this file.", metavar="FILE")] = None,
    require_confinement: Require = None,
) -> int:
    """Check that katas are fit to be handed out.

    The stub must fail every task, the solution pass; wrong variants must be rejected by the task that they name, and
    accepted ones pass. With --mutation every changed copy of the solution must fail, but for those listed as
    equivalent. With --flakes the solution and the accepted variants must pass again and again, on fresh inputs.

    Exit status: 0 clean, 1 something falls short, 2 could not be checked.
    """
    from graders.cli import checking, delivery

    if table is not None:
        delivery.check(table)
    require = require_confinement.value if require_confinement else None
    with Session.judge(require=require, resident=True) as judge:
        tallies = checking.check_katas(judge, _chosen(slugs), checking.Plan(mutation, flakes, every))
    if table is not None:
        before = table.read_text(encoding="utf-8") if table.is_file() else ""
        delivery.deliver(checking.as_table(tallies, before), table)
        _say(f"written: {table}")
    return 1 if any(tally.faults for tally in tallies) else 0


@app.command()
def figures(slugs: Slugs = None) -> None:
    """Draw the pictures of the READMEs again.

    Each is drawn by the script figure.py beside its solution, and lies beside its README as figure.svg.
    """
    from graders.cli.figures import drawn, picture_of, script_of

    chosen = [kata for kata in _chosen(slugs) if slugs or script_of(kata).is_file()]
    for kata in _progress(chosen, "drawing"):
        if not script_of(kata).is_file():
            raise KataError(
                f"{script_of(kata)}: there is no such file; a kata's picture is drawn by draw(figure) in it"
            )
        text = drawn(kata)
        picture = picture_of(kata)
        same = picture.is_file() and picture.read_text(encoding="utf-8") == text
        picture.write_text(text, encoding="utf-8")
        print(f"{picture.relative_to(Session.root)}: {'as it was' if same else 'drawn anew'}")


@app.command()
def show(
    slug: Annotated[str, typer.Argument(metavar="SLUG", help="The kata, e.g. challenge5.")],
    program: Annotated[str, typer.Argument(metavar="PROGRAM", help="One of its programs, e.g. bug2.")],
    against: Against = None,
    output: Annotated[Path | None, typer.Option(help="A .png, .svg or .pdf; SLUG-PROGRAM.png if none.")] = None,
) -> None:
    """Run a training program and draw its loss and accuracy.

    The program is run as `python program.py` does, in a process of its own, unconfined: it is yours.
    """
    from graders.cli import delivery, showing

    kata = catalogue.load(Session.root, slug)
    picture = output or Path(f"{slug}-{program.removesuffix('.py')}.png")
    delivery.check(picture)
    showing.check_format(picture)
    path = showing.program_of(kata, program, kata.root / (against or "katas") / slug)
    curves = showing.curves_of(path, [kata.folder / name for name in kata.supplied])
    delivery.deliver_bytes(showing.drawn(curves, f"{slug}, {path.name}", picture.suffix), picture)
    print(f"written: {picture}")


@app.command()
def replay(
    record: Annotated[
        Path, typer.Argument(metavar="VERDICT.json", help="A verdict as --audience instructor writes it.")
    ],
    submission: Submission = None,
    against: Against = None,
) -> int:
    """Grade again with the inputs of an earlier verdict.

    Says what does not come out the same: statuses, scores, counterexamples.

    Exit status: 0 the same, 1 something differs, 2 could not be graded.
    """
    from graders.cli.replaying import differences

    try:
        before = verdict.from_json(record.read_bytes())
    except OSError as fault:
        raise KataError(f"{record}: {fault.strerror}") from None
    except KataError as fault:
        raise KataError(f"{record}: {fault}") from None
    if before.seed is None:
        raise KataError(
            f"{record}: no seed in it, as in every verdict for learners: replay one that was written with "
            f"`katas grade {before.kata} --format json --audience instructor --output FILE`"
        )
    kata = catalogue.load(Session.root, before.kata)
    place = _place(kata, submission, against)
    with Session.judge(resident=False) as judge:
        after = judge.grade(kata.slug, place, seed=_seed(before.seed))
    found = differences(before, after)
    for line in found or [f"{kata.slug}: the same statuses, scores and counterexamples ({after.status})"]:
        print(line)
    return 1 if found else 0


@app.command()
def demo() -> int:
    """Grade three bundled submissions: right, wrong, cheating.

    They are of exercise04. Exit status: 0 if each verdict is as it should be, 2 if not.
    """
    from graders.cli.demonstration import demonstrate

    if "exercise04" not in catalogue.slugs(Session.root):
        raise CatalogueError(f"{Session.root}: no exercise04 here, which the demo grades; use this project's own root")
    with Session.judge(resident=True) as judge:
        return demonstrate(judge)


@app.command()
def notebook(
    slug: Annotated[str, typer.Argument(metavar="SLUG", help="The kata, e.g. exercise04.")],
    output: Annotated[Path | None, typer.Option(help="Write it there, not to SLUG.ipynb.", metavar="FILE")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write a kata as a Jupyter notebook that grades itself."""
    from graders.cli import delivery
    from graders.cli.notebook import check, written

    kata = catalogue.load(Session.root, slug)
    place = output or Path(f"{slug}.ipynb")
    check(place, force=force)
    delivery.check(place)
    delivery.deliver(written(kata, place.absolute().parent), place)
    print(f"written: {place}; open it in VS Code, or: pip install jupyterlab; jupyter lab {place}")
