"""The commands of learners. `katas --help` imports this module, so it imports what a command needs when it runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graders import catalogue
from graders.cli.options import Against, Slug, chosen_katas, one_by_one, slug_argument
from graders.cli.session import Invocation, say
from graders.cli.terminal import has_screen
from graders.errors import KataError
from graders.learner.progress import Progress
from graders.output.paragraphs import folded, width_of

if TYPE_CHECKING:
    from graders.catalogue import Kata
    from graders.learner.derivation import Chain

# ------------------------------------------------------------------------------------- choosing a kata


def list_() -> None:
    """List the katas: tasks, points, time and prerequisites."""
    from graders.learner.listing import as_text

    print(as_text(chosen_katas(None, complete=False)))


def next_(
    name: Annotated[
        str | None,
        typer.Option("--for", metavar="NAME", help="Follow another way than the usual order, e.g. weekend."),
    ] = None,
) -> None:
    """Recommend the next kata, and say why.

    With --for, the way is one of these: pytorch (for people who know it), maths (for people who know the maths, not
    NumPy), weekend, term.
    """
    from graders.learner.listing import advice, along
    from graders.learner.ways import way

    katas, chosen = chosen_katas(None, complete=False), way(name) if name is not None else None
    with Progress.of(Invocation.root) as store:
        standings = store.standings([kata.slug for kata in katas])
        print(along(chosen, katas, standings) if chosen else advice(katas, standings))


def progress() -> None:
    """Show which katas you have done, and what to do next.

    This command uses the verdicts that `katas grade` and `katas watch` store on this machine when you grade your own
    files.
    """
    from graders.learner.listing import overview

    katas = chosen_katas(None, complete=False)
    with Progress.of(Invocation.root) as store:
        if store.warning:
            say(f"katas: {store.warning}")
        print(overview(katas, store))


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
    judge = Invocation.judge(resident=True, first=state.kata.slug)
    terminal.watch(judge, state, plain=plain or not has_screen())


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


def derive(
    slug: Slug,
    again: Annotated[bool, typer.Option("--again", help="Begin with the first question again.")] = False,
) -> None:
    """Derive a kata's formulas, one question at a time.

    Answer with a number (0.25, -1/3), a shape or a list ([2, 3]), or a letter. `?` shows the formulas. Your place is
    kept, and nothing is graded.

    Exit status: 0 when you have derived it or stop, 130 after Ctrl-C.
    """
    from graders.learner import derivation

    kata = catalogue.load(Invocation.root, slug, complete=False)
    chain, width = derivation.chain_of(kata), width_of(sys.stdout)
    if not chain.questions:
        raise KataError(derivation.NOTHING.format(slug))
    with Progress.of(Invocation.root) as store:
        if again:
            store.has_answered(slug, 0)
        _ask(kata, chain, store, width)


def _ask(kata: Kata, chain: Chain, store: Progress, width: int) -> None:
    """Ask from where the learner stopped. At the end, show what was derived."""
    from graders.learner.derivation import LETTERS, Unread, revealed
    from graders.output.terminal_markdown import shown

    total, formulas = len(chain.questions), shown(revealed(kata), width)
    print(f"{chain.title}: {total} questions. ? shows the formulas, Ctrl-D stops; next time, the numbers are others.")
    while (number := store.answered(kata.slug)) < total:
        question, seed = chain.questions[number], chain.questions[number].fresh_seed()
        posed = question.posed(seed)
        print(f"\n{shown(f'**{number + 1} of {total}.** {posed.text}', width)}")
        for letter, choice in zip(LETTERS, posed.choices, strict=False):
            print(shown(f"- {letter}) {choice}", width))
        right = False
        while not right:
            try:
                given = input("> ")
            except EOFError:
                print(f"\nTo go on: katas derive {kata.slug}")
                return
            if given.strip() == "?":
                print(f"\n{formulas}\n")
                continue
            right, said = judged = question.judged(seed, given)
            verdict = "Right. " if right else "" if isinstance(judged, Unread) else "Not yet. "
            print(shown(f"{verdict}{said}", width))
        store.has_answered(kata.slug, number + 1)
    print(f"\n{formulas}")
    print(f"\nTo derive it again: katas derive {kata.slug} --again")


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
    from graders import programs

    kata = catalogue.load(Invocation.root, slug)
    path = programs.program_of(kata, program, kata.in_tree(against or "katas"))
    status, unwritten = programs.run(kata, path, context.args)
    for sentence in unwritten:
        say(f"katas: {sentence}")
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
    short: Annotated[
        bool,
        typer.Option(
            "--exercises", help="Write ten short exercises, with solutions and no grading, into one notebook."
        ),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            help="The file to write; by default SLUG.ipynb, exercises.ipynb with --all, or ten_exercises.ipynb.",
            metavar="FILE",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Write a kata as a Jupyter notebook that grades itself."""
    from graders.learner import notebook_file
    from graders.output import delivery

    if [every, short, slug is not None].count(True) != 1:
        raise KataError(
            "specify one kata, e.g. `katas notebook exercise03`, or write all exercises: `katas notebook --all`, "
            "or ten short ones: `katas notebook --exercises`."
        )
    path = output or Path(f"{slug or ('ten_' * short + 'exercises')}.ipynb")
    notebook_file.check(path, force=force)
    delivery.check(path)
    text = notebook_file.written_short() if short else _notebook_of(slug, path.absolute().parent)
    delivery.deliver(text, path)
    print(f"written: {path}; open it in VS Code, or: pip install jupyterlab; jupyter lab {path}")


def _notebook_of(slug: str | None, beside: Path) -> str:
    """Return the text of the notebook of a kata, or of all exercises."""
    from graders.learner import notebook_file

    if slug:
        return notebook_file.written(chosen_katas([slug])[0], beside)
    katas = [kata for kata in chosen_katas(None) if kata.kind == "exercise"]
    if not katas:
        raise KataError(f"{Invocation.root}: there are no exercises. Choose a kata: `katas list` shows them.")
    return notebook_file.written_together(katas, beside)


def show(
    slug: Annotated[str | None, slug_argument("The kata, e.g. challenge5.")] = None,
    program: Annotated[
        str | None, typer.Argument(metavar="PROGRAM", help="One of the kata's programs, e.g. bug2.")
    ] = None,
    against: Against = None,
    output: Annotated[
        Path | None,
        typer.Option(help="A .png, .svg or .pdf to write; default: SLUG-PROGRAM.png.", metavar="FILE"),
    ] = None,
    readme: Annotated[
        bool, typer.Option("--readme", help="For authors: redraw the README's pictures, by default of all katas.")
    ] = False,
) -> None:
    """Plot a program's training curves, or redraw README pictures.

    With PROGRAM, this runs the program like `python program.py`, without confinement, and plots its loss and accuracy.
    If the program draws a picture itself, as a milestone's does, you get that one.
    With --readme, the scripts figure.py and figure_NAME.py, next to the solution, draw .svg files next to the README.
    """
    if readme == (program is not None):
        raise KataError("name either a PROGRAM to run, as in `katas show challenge5 bug2`, or --readme")
    if readme:
        _redraw([slug] if slug else None)
        return
    from graders import programs
    from graders.output import delivery

    kata = catalogue.load(Invocation.root, str(slug))
    picture = output or Path(f"{slug}-{str(program).removesuffix('.py')}.png")
    delivery.check(picture)
    programs.check_format(picture)
    path = programs.program_of(kata, program, kata.in_tree(against or "katas"))
    delivery.deliver_bytes(programs.picture_of(kata, path, picture.suffix), picture)
    print(f"written: {picture}")


def _redraw(slugs: list[str] | None) -> None:
    """Redraw the pictures of these katas, by default of all, and print which have changed."""
    from graders.authoring import figures

    scripts = [(kata, figures.scripts_of(kata)) for kata in chosen_katas(slugs)]
    lacking = [str(kata.solution / "figure.py") for kata, own in scripts if slugs and not own]
    if lacking:
        raise KataError(f"{', '.join(lacking)}: no such file. Write it, with a function draw(figure).")
    for kata, script in one_by_one([(kata, script) for kata, own in scripts for script in own], "drawing"):
        print(figures.redraw(kata, script))


# --------------------------------------------------------------------------------------- after a pass


def solution(
    slug: Slug,
    diff: Annotated[bool, typer.Option("--diff", help="Compare your files with the solution.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Explain why the solution works.")] = False,
    anyway: Annotated[bool, typer.Option("--anyway", help="Show it even if you have not passed yet.")] = False,
) -> None:
    """Show, compare or explain the solution, once you have passed.

    The explanation also shows other ways to write it, where PyTorch does it, and what goes wrong in practice. It ends
    with the answer to its question.
    """
    from graders.learner import guidance
    from graders.output.terminal_markdown import shown

    if diff and explain:
        raise KataError("--diff and --explain exclude each other. Give one of them.")
    kata = catalogue.load(Invocation.root, slug)
    with Progress.of(Invocation.root) as store:
        done = guidance.is_done(kata, store)
    if explain:
        text = guidance.explanation(kata, allowed=done or anyway)
        if not done:
            say(f"katas: you have not passed {slug} yet. This explanation shows how others solve it.")
        print(shown(text, width_of(sys.stdout)))
        return
    guidance.allow_solution(kata, allowed=done or anyway)
    if diff:
        print(guidance.difference(kata) or f"{slug}: your files are identical to the solution")
        return
    files = guidance.solution_files(kata)
    print("\n".join(f"# {name}\n\n{text}" for name, text in files.items()).rstrip("\n"))
