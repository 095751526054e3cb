"""`katas debug`: practise on generated, broken training programs."""

from __future__ import annotations

import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer

from graders.cli.session import Invocation
from graders.output.paragraphs import folded
from graders.output.progress_bar import progress_bar, timed_spinner

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
    from graders.debugging.opened import PuzzleJudge, record
    from graders.report import terminal

    folder = practice.newest(Invocation.root) if seed is None else practice.folder_of(Invocation.root, seed)
    with (
        PuzzleJudge(folder, started=Invocation.started, resident=False) as judge,
        timed_spinner("grading: running a few training runs"),
    ):
        verdict = judge.grade()
    terminal.print_verdict(verdict)
    for note in practice.notes(folder):
        print(f"note (no points): {note}")
    record(folder, verdict)
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
    from graders.debugging.explanation import as_text
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
    from graders.debugging.opened import POINTS, standings

    if not practice.puzzles(Invocation.root):
        print("no puzzles yet; `katas debug new` creates one")
    for each in standings(Invocation.root):
        if each.puzzle is None:
            print(f"{each.folder.name:>6}  {each.fault}")
            continue
        best = f"best {each.best:g} of {POINTS:g}; graded attempts: {len(each.scores)}"
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
    tally = ProofTally(seeds)
    try:
        with progress_bar() as progress:
            for seed in progress.track(range(seeds), description="checking puzzles"):
                started = time.monotonic()
                try:
                    tally.add(generate(seed, level), time.monotonic() - started)
                except GenerationError as fault:
                    tally.unproven.append(str(fault))
    finally:
        print("\n".join(tally.report()))
    return 0 if tally.clean else 1


@dataclass
class ProofTally:
    """The results of `check` so far. `made` maps a program's text to the seeds that generated it."""

    wanted: int
    made: dict[str, list[int]] = field(default_factory=dict)
    unproven: list[str] = field(default_factory=list)
    families: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    second_variations: int = 0

    @property
    def proven(self) -> int:
        return sum(map(len, self.made.values()))

    @property
    def clean(self) -> bool:
        """Whether every seed generated a working puzzle, and no two seeds generated the same program."""
        return not self.unproven and self.proven == len(self.made) == self.wanted

    def add(self, puzzle: Any, seconds: float) -> None:
        self.made.setdefault(puzzle.source, []).append(puzzle.seed)
        self.families.update({fault.family for fault in puzzle.faults})
        self.faults.update(fault.name for fault in puzzle.faults)
        self.seconds.setdefault(puzzle.program.name, []).append(seconds)
        self.second_variations += puzzle.attempt > 0

    def report(self) -> list[str]:
        from graders.debugging.faults import FAMILIES, FAULTS
        from graders.debugging.programs import PROGRAMS

        tried = self.proven + len(self.unproven)
        lines = [
            f"{self.proven} of {tried} puzzles work, {len(self.made)} distinct",
            f"families {len(self.families)} of {len(FAMILIES)}, faults {len(self.faults)} of {len(FAULTS)}, "
            f"programs {len(self.seconds)} of {len(PROGRAMS)}",
        ]
        for name, times in sorted(self.seconds.items()):
            lines.append(f"  {name:<9} {len(times):5d}, {sum(times) / len(times):.1f} s each")
        if self.proven:
            lines.append(f"needed more than one variation: {self.second_variations / self.proven:.1%}")
        equal = [seeds for seeds in self.made.values() if len(seeds) > 1]
        lines += [f"the same program from seeds {', '.join(map(str, seeds))}" for seeds in equal]
        return [*lines, *(f"no puzzle: {reason}" for reason in self.unproven)]
