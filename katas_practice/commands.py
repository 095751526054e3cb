"""`katas debug`: practise on generated, broken training programs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from graders.cli.session import Invocation
from graders.errors import KataError
from graders.output.paragraphs import folded
from graders.output.progress_bar import timed_spinner

app = typer.Typer(
    help="Practise on broken training programs.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Level = Annotated[
    int | None, typer.Option(help="1 (plain), 2 (subtle) or 3 (two faults); by default, any.", metavar="1-3")
]
Seed = Annotated[int, typer.Argument(metavar="SEED", help="The puzzle's number.", min=0)]
MaybeSeed = Annotated[
    int | None, typer.Argument(metavar="SEED", help="The puzzle's number; by default, the newest.", min=0)
]


@app.command()
def new(
    seed: Annotated[
        int | None, typer.Option(help="The puzzle's number; by default, a free one.", metavar="N", min=0)
    ] = None,
    level: Level = None,
    family: Annotated[str | None, typer.Option(help="The kind of fault, e.g. update.", metavar="NAME")] = None,
) -> None:
    """Create a puzzle in katas/debug/SEED/."""
    from katas_practice import practice

    root = Invocation.root
    chosen = practice.free_seed(root) if seed is None else seed
    practice.check_free(root, chosen, level, family)
    with timed_spinner("breaking a program, and checking that its fix works"):
        puzzle = practice.create(root, chosen, level, family)
    folder = practice.folder_of(root, chosen).relative_to(root)
    print(f"{puzzle.symptom}\n\nwritten: {folder}/ (level {puzzle.level}, {puzzle.program.name})")
    print(f"Read {folder}/README.md, then: pytest {folder}; katas debug grade {chosen}")


def _folder(seed: int | None) -> Path:
    from katas_practice import practice

    return practice.newest(Invocation.root) if seed is None else practice.folder_of(Invocation.root, seed)


@app.command()
def grade(seed: MaybeSeed = None) -> int:
    """Grade a repaired program and its diagnosis.

    Exit status: 0 passed, 1 failed or ungradable, 2 could not be graded.
    """
    from graders.report import terminal
    from katas_practice import practice

    folder = _folder(seed)
    with (
        practice.PuzzleJudge(folder, resident=False) as judge,
        timed_spinner("grading: running a few training runs"),
    ):
        verdict = judge.grade()
    terminal.print_verdict(verdict)
    practice.record(folder, verdict)
    return verdict.exit_status


@app.command()
def hint(
    seed: MaybeSeed = None,
    number: Annotated[
        int | None, typer.Argument(metavar="N", help="The number of the hint; by default, the next.", min=1, max=3)
    ] = None,
) -> None:
    """Show a puzzle's next hint (of three), or an earlier one again."""
    from katas_practice import practice

    number, text = practice.hint(_folder(seed), number)
    print(folded(f"Hint {number} of 3: {text}", sys.stdout))


@app.command()
def solution(
    seed: Seed,
    give_up: Annotated[bool, typer.Option("--give-up", help="Show it even if no attempt has been graded.")] = False,
) -> None:
    """Show what was broken, why it is wrong, and how to fix it."""
    from katas_practice import practice
    from katas_practice.puzzle import as_markdown, fix

    folder = _folder(seed)
    puzzle = practice.puzzle_in(folder)
    if not practice.attempts(folder) and not give_up:
        raise KataError(
            f"{folder}: no attempt has been graded yet. Run `katas debug grade {seed}` first, or add --give-up."
        )
    print(f"{as_markdown(puzzle)}\n\n{fix(puzzle)}", end="")


@app.command("list")
def list_() -> None:
    """List your puzzles and your best scores."""
    from katas_practice import practice

    folders = practice.puzzles(Invocation.root)
    if not folders:
        print("no puzzles yet; `katas debug new` creates one")
    for each in map(practice.standing, folders):
        if each.puzzle is None:
            print(f"{each.folder.name:>6}  {each.fault}")
            continue
        best = f"best {each.best:g} of {practice.POINTS:g}; graded attempts: {len(each.scores)}"
        reached = best if each.scores else "not graded yet"
        print(f"{each.folder.name:>6}  level {each.puzzle.level}  {each.puzzle.program.name:<9}  {reached}")
