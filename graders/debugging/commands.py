"""`katas debug`: practise on generated, broken training programs."""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Annotated

import typer

from graders.cli.session import Invocation
from graders.output.paragraphs import folded
from graders.output.progress_bar import progress_bar, timed_spinner

if TYPE_CHECKING:
    from graders.debugging.puzzle import Puzzle

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
    from graders.debugging import practice
    from graders.debugging.generate import candidate, generate

    root = Invocation.root
    chosen = practice.free_seed(root) if seed is None else seed
    practice.check_free(root, chosen)
    candidate(chosen, level, family)  # rejects an unknown level or family before the slow part starts
    with timed_spinner("breaking a program, and checking that its fix works"):
        puzzle = generate(chosen, level, family)
    folder = practice.write(puzzle, root, level, family).relative_to(root)
    print(f"{puzzle.symptom}\n\nwritten: {folder}/ (level {puzzle.level}, {puzzle.program.name})")
    print(f"Read {folder}/README.md, then: pytest {folder}; katas debug grade {chosen}")


@app.command()
def grade(
    seed: MaybeSeed = None,
) -> int:
    """Grade a repaired program and its diagnosis.

    Exit status: 0 passed, 1 failed or ungradable, 2 could not be graded.
    """
    from graders.debugging import practice
    from graders.report import terminal

    folder = practice.newest(Invocation.root) if seed is None else practice.folder_of(Invocation.root, seed)
    with (
        practice.PuzzleJudge(folder, started=Invocation.started, resident=False) as judge,
        timed_spinner("grading: running a few training runs"),
    ):
        verdict = judge.grade()
    terminal.print_verdict(verdict)
    for note in practice.notes(folder):
        print(f"note (no points): {note}")
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
    from graders.debugging import practice

    root = Invocation.root
    folder = practice.newest(root) if seed is None else practice.folder_of(root, seed)
    number, text = practice.hint(folder, number)
    print(folded(f"Hint {number} of 3: {text}", sys.stdout))


@app.command()
def solution(
    seed: Seed,
    give_up: Annotated[bool, typer.Option("--give-up", help="Show it even if no attempt has been graded.")] = False,
) -> None:
    """Show what was broken, why it is wrong, and how to fix it."""
    from graders.debugging import practice
    from graders.debugging.texts import as_text
    from graders.errors import KataError

    folder = practice.folder_of(Invocation.root, seed)
    puzzle = practice.puzzle_in(folder)
    if not practice.attempts(folder) and not give_up:
        raise KataError(
            f"{folder}: no attempt has been graded yet. Run `katas debug grade {seed}` first, or add --give-up."
        )
    print(as_text(puzzle).rstrip("\n"))


@app.command("list")
def list_() -> None:
    """List your puzzles and your best scores."""
    from graders.debugging import practice

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


@app.command()
def check(
    seeds: Annotated[int, typer.Option(help="How many puzzles to generate, from seed 0 up.", metavar="N", min=1)] = 20,
    level: Level = None,
) -> int:
    """Generate puzzles, and check that each is broken and can be fixed.

    Exit status: 0 all puzzles work and no two are equal, 1 otherwise, 130 interrupted.
    """
    from graders.debugging.generate import GenerationError, candidate, generate

    candidate(0, level)
    made: list[tuple[Puzzle, float]] = []
    faults: list[str] = []
    try:
        with progress_bar() as progress:
            for seed in progress.track(range(seeds), description="checking puzzles"):
                started = time.monotonic()
                try:
                    made.append((generate(seed, level), time.monotonic() - started))
                except GenerationError as fault:
                    faults.append(str(fault))
    finally:
        print("\n".join(_report(made, faults)))
    return 0 if len({puzzle.source for puzzle, _ in made}) == seeds else 1


def _report(made: list[tuple[Puzzle, float]], faults: list[str]) -> list[str]:
    """Summarise the puzzles, with the seconds that each took, and the reasons why others could not be made."""
    from graders.debugging.faults import FAMILIES, FAULTS
    from graders.debugging.programs import PROGRAMS

    seeds, seconds = defaultdict(list), defaultdict(list)
    for puzzle, took in made:
        seeds[puzzle.source].append(puzzle.seed)
        seconds[puzzle.program.name].append(took)
    used = {fault.name: fault.family for puzzle, _ in made for fault in puzzle.faults}
    lines = [
        f"{len(made)} of {len(made) + len(faults)} puzzles work, {len(seeds)} distinct",
        f"families {len(set(used.values()))} of {len(FAMILIES)}, faults {len(used)} of {len(FAULTS)}, "
        f"programs {len(seconds)} of {len(PROGRAMS)}",
    ]
    for name, times in sorted(seconds.items()):
        lines.append(f"  {name:<9} {len(times):5d}, {sum(times) / len(times):.1f} s each")
    if made:
        share = sum(puzzle.attempt > 0 for puzzle, _ in made) / len(made)
        lines.append(f"needed more than one variation: {share:.1%}")
    equal = [same for same in seeds.values() if len(same) > 1]
    lines += [f"the same program from seeds {', '.join(map(str, same))}" for same in equal]
    return [*lines, *(f"no puzzle: {reason}" for reason in faults)]
