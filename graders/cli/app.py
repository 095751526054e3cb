"""The commands of `katas`, one function each."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from graders import __version__, catalogue, verdict
from graders.cli import INTERRUPTED, examples, has_screen
from graders.cli.authoring import new
from graders.cli.batching import grade_batch
from graders.cli.data import app as data
from graders.cli.debug import app as debugging
from graders.cli.feedback import feedback
from graders.cli.gradebook import app as gradebook
from graders.cli.gradebook import leaderboard
from graders.cli.paragraphs import folded
from graders.cli.progress import wheel
from graders.cli.releasing import release
from graders.cli.sections import Sections
from graders.cli.session import Session, say, seed_of
from graders.errors import CatalogueError, KataError
from graders.judge.process import JudgeProcess
from graders.verdict import Verdict

app = typer.Typer(
    cls=Sections,
    help="Neural-network katas, and the judge that grades them.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(debugging, name="debug")
app.add_typer(data, name="data")
app.command("grade-batch")(grade_batch)
app.command()(feedback)
app.command()(release)
app.command()(new)
app.add_typer(gradebook, name="gradebook")
app.command()(leaderboard)


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
    html = "html"
    junit = "junit"
    csv = "csv"
    gradescope = "gradescope"
    exercism = "exercism"
    classroom50 = "classroom50"
    prairielearn = "prairielearn"


class Reader(StrEnum):
    """Who a report is for."""

    learner = "learner"
    public = "public"
    instructor = "instructor"


# typer brings its own copy of click, whose base of all complaints about a command line has no public name there.
CommandLineFault: Any = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")

Slugs = Annotated[
    list[str] | None,
    typer.Argument(metavar="SLUG", help="Katas, e.g. exercise04; all if none.", autocompletion=examples.slugs),
]
Slug = Annotated[str, typer.Argument(metavar="SLUG", help="The kata, e.g. exercise04.", autocompletion=examples.slugs)]
Anyway = Annotated[bool, typer.Option("--anyway", help="Before you have passed, too.")]
Submission = Annotated[
    str | None,
    typer.Option(help="What holds the kata's files, or katas/SLUG/: a folder, .zip, .tar, REPO@REF.", metavar="PLACE"),
]
Seed = Annotated[str | None, typer.Option(help="Draw these inputs: 32 hexadecimal digits.", metavar="HEX")]
Against = Annotated[str | None, typer.Option(help="Grade a sibling tree of katas/ instead, e.g. solutions.")]
Output = Annotated[Path | None, typer.Option(help="Write the report to this file.", metavar="FILE")]
Require = Annotated[Strength | None, typer.Option(help="Refuse to grade with weaker confinement.")]
RequireExtras = Annotated[bool, typer.Option("--require-extras", help="Extra tasks must pass too, not only the core.")]


def run(started: JudgeProcess | None) -> int:
    """Run one command line; the exit status."""
    Session.started = started
    try:
        status = int(app(standalone_mode=False) or 0)
        sys.stdout.flush()
    except KataError as fault:
        say(f"katas: {fault}")
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
        say(f"katas: {fault.filename or 'standard output'}: {fault.strerror}")
        return 2
    if status == INTERRUPTED:  # typer has usually made it of the KeyboardInterrupt
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


def _chosen(slugs: list[str] | None) -> list[catalogue.Kata]:
    if slugs:
        return [catalogue.load(Session.root, slug) for slug in dict.fromkeys(slugs)]
    return catalogue.load_all(Session.root)


@app.command("list")
def list_(
    form: Annotated[str, typer.Option("--format", help="terminal or json.")] = "terminal",
) -> None:
    """List the katas: tasks, points, time, what each builds on."""
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
    form: Annotated[
        Format, typer.Option("--format", help=f"The form of the report: {', '.join(Format)}.", metavar="FORM")
    ] = Format.terminal,
    audience: Annotated[Reader, typer.Option(help="Who the report is for.")] = Reader.learner,
    output: Output = None,
    hidden: Annotated[
        Path | None, typer.Option("--hidden", help="Hidden suites that lie elsewhere, a folder a kata.", metavar="DIR")
    ] = None,
    require_confinement: Require = None,
    confinement: Annotated[str, typer.Option(help="auto, or less than there is: partial, none.", hidden=True)] = "auto",
    seed: Seed = None,
    require_extras: RequireExtras = False,
) -> int:
    """Grade katas: visible and hidden tests, confined workers.

    A kata is passed when all its core tasks pass. Extra tasks are worth points; with --require-extras, or where
    kata.toml says so, they must pass too.

    Exit status: 0 passed or awaiting review, 1 failed or ungradable, 2 could not be graded.
    """
    from graders import report
    from graders.cli import delivery
    from graders.hiding import with_hidden

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
    with with_hidden(Session.root, hidden) as root, Session.judge(root, **settings) as judge:
        for kata in _progress(chosen, "grading"):
            with _counting(kata, alone=len(chosen) == 1) as tell:
                policy = require_extras or None
                verdicts.append(judge.grade(kata.slug, places[kata.slug], seed=drawn, tell=tell, require_extras=policy))
    if submission is None and against is None:
        from graders.progress import remember

        remember(verdicts, Session.root)
    if output is not None:
        delivery.deliver(report.render(verdicts, form.value, audience.value), output)
        say(f"written: {output}")
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
    return seed_of(given, 16, "a verdict records them")


def _place(kata: catalogue.Kata, submission: str | None, against: str | None) -> Path | str | None:
    """What to grade (see graders.intake.take); None for the repository's own files."""
    if submission is not None and against is not None:
        raise KataError("--submission and --against exclude each other: say what to grade once")
    if submission is not None:
        if not submission:
            raise KataError("--submission is empty: give what is to be graded (is a variable unset?)")
        from graders import intake

        try:
            return intake.find(submission)
        except KataError as fault:
            raise KataError(f"--submission {fault}") from None
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


@contextmanager
def _counting(kata: catalogue.Kata, *, alone: bool) -> Iterator[Callable[[Verdict], None] | None]:
    """On a terminal, how many tests of a kata that is graded alone are over; what is yielded is told after each."""
    if not alone or not sys.stderr.isatty():
        yield None
        return
    with wheel(f"grading {kata.slug}") as show:
        yield lambda found: show(f"grading {kata.slug}: {len(found.tests)} tests are over")


@app.command()
def check(
    slugs: Slugs = None,
    mutation: Annotated[bool, typer.Option("--mutation", help="Grade every mutant of the solution too.")] = False,
    flakes: Annotated[int, typer.Option(help="Grade right answers so many times more.", metavar="N", min=0)] = 0,
    every: Annotated[int, typer.Option(help="Grade only every Nth wrong and right variant.", metavar="N", min=1)] = 1,
    seed: Seed = None,
    table: Annotated[Path | None, typer.Option(help="Write the figures to this file.", metavar="FILE")] = None,
    require_confinement: Require = None,
) -> int:
    """Check that katas are fit to be handed out.

    The stub must fail every task, the solution pass; wrong variants must be rejected by the task that they name, and
    accepted ones pass. With --mutation every changed copy of the solution must fail, but for those listed as
    equivalent. With --flakes the solution and the accepted variants must pass again and again, on fresh inputs.
    The rest is graded on the inputs of --seed where one is given, so that two runs say the same of the same files.

    Exit status: 0 clean, 1 something falls short, 2 could not be checked.
    """
    from graders.cli import checking, delivery

    if table is not None:
        delivery.check(table)
    plan = checking.Plan(mutation, flakes, every, _seed(seed))
    require = require_confinement.value if require_confinement else None
    with Session.judge(require=require, resident=True) as judge:
        tallies = checking.check_katas(judge, _chosen(slugs), plan)
    if table is not None:
        before = table.read_text(encoding="utf-8") if table.is_file() else ""
        delivery.deliver(checking.as_table(tallies, before), table)
        say(f"written: {table}")
    return 1 if any(tally.faults for tally in tallies) else 0


@app.command()
def figures(slugs: Slugs = None) -> None:
    """Draw the pictures of the READMEs again.

    Each is drawn by a script beside its solution, figure.py or figure_NAME.py, and lies beside its README as an .svg.
    """
    from graders.cli.delivery import deliver
    from graders.cli.figures import drawn, picture_of, scripts_of

    chosen = _chosen(slugs)
    lacking = [str(kata.solution / "figure.py") for kata in chosen if slugs and not scripts_of(kata)]
    if lacking:
        raise KataError(f"{', '.join(lacking)}: there is no such file; a kata's picture is drawn by draw(figure) in it")
    scripts = [(kata, script) for kata in chosen for script in scripts_of(kata)]
    for kata, script in _progress(scripts, "drawing"):
        text = drawn(kata, script)
        picture = picture_of(kata, script)
        same = picture.is_file() and picture.read_text(encoding="utf-8") == text
        if not same:
            deliver(text, picture)
        print(f"{picture.relative_to(Session.root)}: {'as it was' if same else 'drawn anew'}")


@app.command()
def watch(
    slug: Annotated[
        str | None,
        typer.Argument(
            metavar="SLUG",
            help="The kata; the one of the folder you are in, or the next, if none.",
            autocompletion=examples.slugs,
        ),
    ] = None,
    plain: Annotated[bool, typer.Option("--plain", help="Print text, control no screen.")] = False,
) -> None:
    """Grade a kata at every save, and show what comes of it.

    A full screen: tasks, the first failure with the smallest input that fails, hints, the next kata, all by keys. What
    is printed without a terminal is as with --plain. Every new verdict counts for `katas progress`.

    Exit status: 0 when you quit, 130 after Ctrl-C.
    """
    from graders.watch import forms, session

    state = session.opened(Session.root, slug)
    forms.watch(Session.judge(resident=True), state, plain=plain or not has_screen())


@app.command()
def doctor(
    form: Annotated[str, typer.Option("--format", help="terminal or json.")] = "terminal",
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 for what is limited, too.")] = False,
) -> int:
    """Say what is missing here, and how to mend it.

    Python, packages, PyTorch, confinement (a worker is really started), graphics card, pytest's settings, folders.

    Exit status: 0 the katas work here (some with less, marked ~), 1 something is at fault (✗), 2 it could not look.
    """
    from graders.cli import doctor as looking

    if form not in ("terminal", "json"):
        raise KataError(f"--format {form}: terminal or json is expected")
    root = Session.given
    if root is None:
        try:
            root = catalogue.find_root(Path.cwd())
        except CatalogueError:
            root = None
    found = looking.report(root)
    print(looking.as_json(found) if form == "json" else looking.as_text(found))
    return found.exit_status(strict=strict)


@app.command("next")
def next_() -> None:
    """Say which kata to do next, and why."""
    from graders.cli.learning import advice
    from graders.progress import Progress

    katas = _chosen(None)
    with Progress.of(Session.root) as progress:
        print(advice(katas, progress.standings([kata.slug for kata in katas])))


@app.command()
def progress(
    page: Annotated[
        Path | None, typer.Option("--html", help="Write it as a page to this file.", metavar="FILE")
    ] = None,
) -> None:
    """Show what is done, and what to do next.

    It is made of the verdicts of `katas grade` on your own files, which are kept in a file of yours.
    """
    import datetime

    from graders.cli.learning import overview
    from graders.progress import Progress

    katas = _chosen(None)
    with Progress.of(Session.root) as kept:
        if kept.warning:
            say(f"katas: {kept.warning}")
        today = datetime.datetime.now().astimezone().date()
        if page is None:
            print(overview(katas, kept, today))
            return
        from graders.cli import checklist, delivery

        standings = kept.standings([kata.slug for kata in katas])
        delivery.deliver(checklist.render(katas, standings, kept.days(), today), page)
    print(f"written: {page}")


@app.command()
def hint(
    slug: Slug,
    number: Annotated[int | None, typer.Argument(metavar="N", help="Which; the next new one if none.", min=1)] = None,
) -> None:
    """Show a hint: a small one first, then more."""
    from graders.cli import learning
    from graders.progress import Progress

    kata = catalogue.load(Session.root, slug)
    with Progress.of(Session.root) as progress:
        print(folded(learning.hint(kata, number, progress), sys.stdout))


@app.command()
def reset(slug: Slug) -> None:
    """Begin a kata again: the stubs as they were handed out.

    What you had is kept, in .katas/backup/.
    """
    from graders.cli import learning

    print("\n".join(learning.reset(catalogue.load(Session.root, slug, complete=False))))


@app.command()
def solution(slug: Slug, anyway: Anyway = False) -> None:
    """Show the solution, once you have passed."""
    from graders.cli import learning
    from graders.progress import Progress

    kata = catalogue.load(Session.root, slug)
    with Progress.of(Session.root) as progress:
        learning.allow_solution(kata, progress, anyway=anyway)
    print(learning.solution(kata).rstrip("\n"))


@app.command()
def diff(slug: Slug, anyway: Anyway = False) -> None:
    """Compare your files with the solution, once you have passed."""
    from graders.cli import learning
    from graders.progress import Progress

    kata = catalogue.load(Session.root, slug)
    with Progress.of(Session.root) as progress:
        learning.allow_solution(kata, progress, anyway=anyway)
    print(learning.difference(kata) or f"{slug}: your files and the solution are the same")


@app.command()
def show(
    slug: Slug,
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


@app.command("run", context_settings={"allow_extra_args": True})
def run_(
    context: typer.Context,
    slug: Slug,
    program: Annotated[str | None, typer.Option(help="Which of its programs, if there are several.")] = None,
    against: Annotated[
        str | None, typer.Option(help="Run the one in a sibling tree of katas/, e.g. solutions.", metavar="TREE")
    ] = None,
) -> int:
    """Run a kata's program, which makes what is to be handed in.

    As `python PROGRAM` in its own folder: in a process of its own, unconfined, as it is yours. What stands after `--`
    is given to the program. Exit status: the program's.
    """
    from graders.cli import running

    kata = catalogue.load(Session.root, slug)
    path = running.main_of(kata, kata.root / (against or "katas") / slug, program)
    return running.run_program(kata, path, context.args)


@app.command()
def replay(
    record: Annotated[
        Path, typer.Argument(metavar="VERDICT.json", help="A verdict as --audience instructor writes it.")
    ],
    submission: Submission = None,
    against: Against = None,
) -> int:
    """Grade again with the inputs of an earlier verdict.

    Says what does not come out the same: statuses, scores, counterexamples. Extra tasks are required if they were then.

    Exit status: 0 the same, 1 something differs, 2 could not be graded.
    """
    from graders.cli.replaying import differences

    before = _verdict_in(record)
    if before.seed is None:
        raise KataError(
            f"{record}: no seed in it, as in every verdict for learners: replay one that was written with "
            f"`katas grade {before.kata} --format json --audience instructor --output FILE`"
        )
    kata = catalogue.load(Session.root, before.kata)
    place = _place(kata, submission, against)
    with Session.judge(resident=False) as judge:
        after = judge.grade(kata.slug, place, seed=_seed(before.seed), require_extras=before.require_extras)
    found = differences(before, after)
    for line in found or [f"{kata.slug}: the same statuses, scores and counterexamples ({after.status})"]:
        print(line)
    return 1 if found else 0


def _verdict_in(record: Path) -> Verdict:
    try:
        return verdict.from_json(record.read_bytes())
    except OSError as fault:
        raise KataError(f"{record}: {fault.strerror}") from None
    except KataError as fault:
        raise KataError(f"{record}: {fault}") from None


@app.command()
def review(
    record: Annotated[Path, typer.Argument(metavar="VERDICT.json", help="A verdict of `katas grade --format json`.")],
    by: Annotated[str, typer.Option("--by", help="Who gives the points; recorded in the verdict.", metavar="NAME")],
    award: Annotated[
        list[str] | None, typer.Option("--award", help="Points for a task; asked for if none.", metavar="TASK=POINTS")
    ] = None,
    comment: Annotated[
        list[str] | None, typer.Option("--comment", help="What its author is told of them.", metavar="TASK=TEXT")
    ] = None,
    submission: Submission = None,
) -> int:
    """Give the points that a person gives.

    Shows the rubric of every task that awaits them, and with --submission the text that was handed in, asks for the
    points and a comment, and writes them into the verdict, where its author reads them. Given again, each replaces
    what was there; TASK= alone takes a comment back. A mark is its last reviewer's: points of another drop the
    comment, a comment by another takes the points over.

    Exit status: that of the verdict afterwards; 2 if nothing could be written.
    """
    from graders.cli.reviewing import review_verdict

    before = _verdict_in(record)
    kata = catalogue.load(Session.root, before.kata)
    place = _place(kata, submission, None)
    return review_verdict(kata, record, before, by=by, awards=award or [], comments=comment or [], submission=place)


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
    slug: Slug,
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


examples.attach(app)
