"""The commands of learners. `katas --help` imports this module, so it imports what a command needs when it runs."""

from __future__ import annotations

import datetime
import sys
from pathlib import Path
from typing import Annotated

import typer

from graders import catalogue
from graders.cli.options import Against, Anyway, Slug, chosen_katas, slug_argument
from graders.cli.session import Invocation, say
from graders.cli.terminal import has_screen
from graders.errors import KataError
from graders.learner.progress import Progress
from graders.output.paragraphs import folded, width_of


def _today() -> datetime.date:
    return datetime.datetime.now().astimezone().date()


# ------------------------------------------------------------------------------------- choosing a kata


def list_(
    form: Annotated[str, typer.Option("--format", help="The output format: terminal or json.")] = "terminal",
) -> None:
    """List the katas: tasks, points, time and prerequisites."""
    katas = chosen_katas(None)
    from graders.learner import listing

    forms = {"terminal": listing.as_text, "json": listing.as_json}
    if form not in forms:
        raise KataError(f"--format {form}: expected terminal or json.")
    print(forms[form](katas))


def next_() -> None:
    """Recommend the next kata, and say why."""
    from graders.learner.again import suggestion
    from graders.learner.listing import advice

    katas = chosen_katas(None)
    with Progress.of(Invocation.root) as store:
        said = [advice(katas, store.standings([kata.slug for kata in katas])), suggestion(katas, store, _today())]
    print("\n".join(filter(None, said)))


def progress(
    page: Annotated[
        Path | None, typer.Option("--html", help="Write an HTML page to this file instead.", metavar="FILE")
    ] = None,
) -> None:
    """Show which katas you have done, and what to do next.

    This command uses the verdicts that `katas grade` and `katas watch` store on this machine when you grade your own
    files.
    """
    katas = chosen_katas(None)
    with Progress.of(Invocation.root) as store:
        if store.warning:
            say(f"katas: {store.warning}")
        if page is None:
            from graders.learner.listing import overview

            print(overview(katas, store))
            return
        from graders.learner.listing import as_page
        from graders.output import delivery

        standings = store.standings([kata.slug for kata in katas])
        delivery.deliver(as_page(katas, standings, _today()), page)
    print(f"written: {page}")


def again(
    slug: Annotated[
        str | None, slug_argument("The exercise; by default, the one that you have not solved for longest.")
    ] = None,
    days: Annotated[
        int | None, typer.Option(help="Offer exercises not solved for N days; by default, 3.", metavar="N", min=0)
    ] = None,
) -> None:
    """Solve an exercise once more, from memory.

    This creates a fresh stub in .katas/again/, where all commands work. The file with which you passed stays as it is,
    and your progress keeps its points: repetitions are recorded apart.
    """
    from graders.learner import again as repetition

    katas = chosen_katas(None)
    kata = catalogue.load(Invocation.root, slug) if slug is not None else None
    with Progress.of(Invocation.root) as store:
        passed = repetition.passed_exercises(katas, store)
    print(repetition.repeat(passed, kata, _today(), repetition.DAYS if days is None else days))


# ----------------------------------------------------------------------------------- working on a kata


def watch(
    slug: Annotated[
        str | None, slug_argument("The kata; by default, the one whose folder you are in, or else the next one to do.")
    ] = None,
    plain: Annotated[
        bool, typer.Option("--plain", help="Print lines of text instead of drawing a full screen.")
    ] = False,
) -> None:
    """Regrade a kata each time you save, and show the result.

    The screen shows the tasks and the first failure with the smallest input that fails. Single keys show hints and move
    to the next kata. Without a terminal, --plain is the default. Every new verdict counts for `katas progress`.

    Exit status: 0 when you quit, 130 after Ctrl-C.
    """
    from graders.learner.watch import session, terminal

    state = session.opened(Invocation.root, slug)
    terminal.watch(Invocation.judge(resident=True), state, plain=plain or not has_screen())


def hint(
    slug: Slug,
    number: Annotated[
        int | None, typer.Argument(metavar="N", help="The number of the hint; by default, the next new one.", min=1)
    ] = None,
) -> None:
    """Show a kata's hints one at a time, the smallest first."""
    from graders.learner import guidance

    kata = catalogue.load(Invocation.root, slug)
    with Progress.of(Invocation.root) as store:
        print(folded(guidance.hint(kata, number, store), sys.stdout))


def run_(
    context: typer.Context,
    slug: Slug,
    program: Annotated[
        str | None, typer.Option(help="The program to run, if the kata has several.", metavar="NAME")
    ] = None,
    against: Annotated[
        str | None, typer.Option(help="Run the program in this folder next to katas/, e.g. solutions.", metavar="TREE")
    ] = None,
) -> int:
    """Run a kata's program, which writes the files you submit.

    This runs `python PROGRAM` in the program's folder, without confinement. Arguments after `--` go to the program.

    Exit status: that of the program.
    """
    from graders.learner import programs

    kata = catalogue.load(Invocation.root, slug)
    path = programs.program_of(kata, program, kata.root / (against or "katas") / slug)
    status, unwritten = programs.run(kata, path, context.args)
    if unwritten:
        say(
            f"katas: {path.name} is not written yet: {', '.join(unwritten)}. `katas watch {slug}` shows where to start."
        )
    return status


def reset(slug: Slug) -> None:
    """Restore a kata's original stubs, so that you can start again.

    Your version is saved in .katas/backup/.
    """
    from graders.catalogue.stubs import handed_out
    from graders.learner import guidance

    kata = catalogue.load(Invocation.root, slug, complete=False)
    print("\n".join(guidance.reset(kata, handed_out(kata))))


def notebook(
    slug: Annotated[str | None, slug_argument("The kata, e.g. exercise04.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Write all exercises into one notebook.")] = False,
    output: Annotated[
        Path | None,
        typer.Option(help="The file to write; by default SLUG.ipynb, or exercises.ipynb with --all.", metavar="FILE"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Write a kata as a Jupyter notebook that grades itself."""
    from graders.learner import notebook_file
    from graders.output import delivery

    if every == (slug is not None):
        raise KataError(
            "specify one kata, e.g. `katas notebook exercise03`, or write all exercises: `katas notebook --all`."
        )
    path = output or Path(f"{slug or 'exercises'}.ipynb")
    katas = [kata for kata in chosen_katas([slug] if slug else None) if slug or kata.kind == "exercise"]
    if not katas:
        raise KataError(f"{Invocation.root}: there are no exercises. Choose a kata: `katas list` shows them.")
    notebook_file.check(path, force=force)
    delivery.check(path)
    beside = path.absolute().parent
    text = notebook_file.written_together(katas, path) if every else notebook_file.written(katas[0], beside)
    delivery.deliver(text, path)
    print(f"written: {path}; open it in VS Code, or: pip install jupyterlab; jupyter lab {path}")
    if every and notebook_file.address_of(Invocation.root) is None:
        print(notebook_file.NO_ADDRESS)


def show(
    slug: Slug,
    program: Annotated[
        str | None, typer.Argument(metavar="PROGRAM", help="One of the kata's programs, e.g. bug2.")
    ] = None,
    against: Against = None,
    output: Annotated[
        Path | None,
        typer.Option(help="A .png, .svg or .pdf to write; default: SLUG-PROGRAM.png.", metavar="FILE"),
    ] = None,
    variant: Annotated[
        str | None, typer.Option(help="Print the diff of this variant, from wrong/ or accept/.", metavar="NAME")
    ] = None,
) -> None:
    """Plot a program's training curves, or print a variant's diff.

    With PROGRAM, this runs the program like `python program.py`, without confinement, and plots its loss and accuracy.
    If the program draws a picture itself, as a milestone's does, you get that one.
    With --variant, it prints how a wrong or an accepted variant differs from the solution.
    """
    kata = catalogue.load(Invocation.root, slug)
    if program is None and variant is not None:
        from graders.authoring import variants

        print(variants.shown(kata, variant))
        return
    if program is None or variant is not None:
        raise KataError("name either a PROGRAM to run or a --variant to compare, but not both")
    from graders.learner import programs
    from graders.output import delivery

    picture = output or Path(f"{slug}-{program.removesuffix('.py')}.png")
    delivery.check(picture)
    programs.check_format(picture)
    path = programs.program_of(kata, program, kata.root / (against or "katas") / slug)
    delivery.deliver_bytes(programs.picture_of(kata, path, picture.suffix), picture)
    print(f"written: {picture}")


# --------------------------------------------------------------------------------------- after a pass


def solution(slug: Slug, anyway: Anyway = False) -> None:
    """Show the solution, once you have passed."""
    from graders.learner import guidance

    files = guidance.solution_files(_passed(slug, anyway=anyway))
    print("\n".join(f"# {name}\n\n{text}" for name, text in files.items()).rstrip("\n"))


def diff(slug: Slug, anyway: Anyway = False) -> None:
    """Compare your files with the solution, once you have passed."""
    from graders.learner import guidance

    print(guidance.difference(_passed(slug, anyway=anyway)) or f"{slug}: your files are identical to the solution")


def _passed(slug: str, *, anyway: bool) -> catalogue.Kata:
    from graders.learner import guidance

    kata = catalogue.load(Invocation.root, slug)
    with Progress.of(Invocation.root) as store:
        guidance.allow_solution(kata, store, anyway=anyway)
    return kata


def explain(
    slug: Slug,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Show the explanation even if you have not passed yet.")
    ] = False,
) -> None:
    """Explain why a kata's solution works, once you have passed.

    The text also shows other ways to write it, where PyTorch does it, and what goes wrong in practice. It ends with the
    answer to its question.
    """
    from graders.learner import guidance
    from graders.output.terminal_markdown import shown

    kata = catalogue.load(Invocation.root, slug)
    with Progress.of(Invocation.root) as store:
        done = guidance.is_done(kata, store)
    text = guidance.explanation(kata, allowed=done or anyway)
    if not done:
        say(f"katas: you have not passed {slug} yet. This explanation shows how others solve it.")
    print(shown(text, width_of(sys.stdout)))
