"""Checks by training that a puzzle's twin is healthy and that only the full fix removes the symptom."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from katas_practice import judging
from katas_practice.programs import TrainingProgram
from katas_practice.puzzle import Puzzle
from katas_practice.readings import Reading, measure, slowdown, truth_of

SEEDS = (0, 1, 2)  # seeds of the training runs in a proof; the README gives the numbers for seed 0

# From seed to seed, healthy runs of one variation differ by a few hundredths in score and by a third in the last loss.
# Each of these margins is at least twice that, so a symptom that appears with three seeds also appears with others.
LOW = 0.08  # the smallest drop in score at level 2
FAR = 0.25  # the smallest drop in score at level 1
HONEST = 0.03  # a healthy run's claimed score may be off by at most this much
CLAIM_HIGH = 0.04  # a claimed score must be at least this much too high
CLAIM_LOW = 0.15  # a claimed score must be at least this much too low
STAYS = 0.8  # the last loss stays within this factor of the first
HIGH, VERY_HIGH = 2.5, 5.0  # the least ratio of the last loss to the twin's, at levels 2 and 1
EXPLODES = 5.0  # the least ratio of some loss to the twin's first loss
SLOW, VERY_SLOW = 2.0, 4.0  # the least ratio of the training time to the twin's, at levels 2 and 1
GRAPHS = 10  # at least this many graphs are still in memory after a training run
UNSEEN = 0.85  # at most this share of the training rows is seen in an epoch

SPEED = "slow"

SYMPTOMS: dict[str, Callable[[Reading, Reading, bool], bool]] = {
    "loss-stays": lambda sick, _, __: STAYS * sick.losses[0] <= sick.losses[-1] <= sick.losses[0] / STAYS,
    "loss-high": lambda sick, twin, plain: sick.losses[-1] >= (VERY_HIGH if plain else HIGH) * twin.losses[-1],
    "loss-explodes": lambda sick, twin, _: not max(map(abs, sick.losses)) < EXPLODES * twin.losses[0],
    "score-low": lambda sick, twin, plain: sick.fresh <= twin.fresh - (FAR if plain else LOW),
    "pieces-low": lambda sick, twin, plain: sick.pieces <= twin.pieces - (FAR if plain else LOW),
    "gap": lambda sick, twin, _: sick.train - sick.fresh >= twin.train - twin.fresh + LOW,
    "claim-high": lambda sick, _, __: sick.last[1] >= sick.validation + CLAIM_HIGH,
    "claim-low": lambda sick, _, plain: sick.last[1] <= sick.validation - (FAR if plain else CLAIM_LOW),
    "rows-unseen": lambda sick, _, __: sick.rows_seen <= UNSEEN,
    "graphs-kept": lambda sick, _, __: sick.graphs_kept >= GRAPHS,
    "history-kept": lambda sick, _, __: sick.entries_of_one_epoch > 1,
}
"""Maps the name of a symptom to a function that says whether a sick run clearly has it, compared with its twin's.

The third argument asks for a plain symptom, as at level 1. "slow" (SPEED) is missing, because no Reading reveals it.
"""


@dataclass(frozen=True)
class Proof:
    """The result of a proof: sentences about the symptom, or the reason why the proof failed."""

    symptom: str = ""
    reason: str = ""


def prove(puzzle: Puzzle) -> Proof:
    """Train the twin, the broken program and, at level 3, both half-fixed programs with each of SEEDS.

    With a single fault, the fixed program is the twin, so a healthy twin proves that the fix works. A program that
    warns proves nothing.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return _prove(puzzle)
    except Exception as error:  # noqa: BLE001 a broken program must not raise anything
        return Proof(reason=f"{type(error).__name__}: {error}")


def _prove(puzzle: Puzzle) -> Proof:
    twins = [measure(puzzle.twin, seed, truth_of(puzzle.twin, seed)) for seed in SEEDS]
    for seed, twin in zip(SEEDS, twins, strict=True):
        if ill := complaints(twin, puzzle.program):
            return Proof(reason=f"its twin is not healthy at seed {seed}: {'; '.join(ill)}")
    for fault, left in zip(puzzle.faults, reversed(puzzle.partly_fixed), strict=False):
        if not _evidence(puzzle, left, twins, fault.symptoms, fault.level)[0]:
            return Proof(reason=f"{fault.name} alone shows no symptom")
    symptoms = list(dict.fromkeys(kind for fault in puzzle.faults for kind in fault.symptoms))
    shown, ratio, runs = _evidence(puzzle, puzzle.source, twins, symptoms, min(puzzle.level, 2))
    if not shown:
        return Proof(reason="no symptom shows with every seed")
    said = judging.complaints(runs[:1], twins[:1], puzzle.epochs, SEEDS[:1]) if runs else []
    if SPEED in shown:
        step = 10 ** math.floor(math.log10(ratio))  # one digit, so that it also holds on other machines
        said.append(f"Training takes more than {math.floor(ratio / step) * step:g} times as long as it should.")
    return Proof(symptom=" ".join(said), reason="" if said else "the judge has no complaint")


def complaints(run: Reading, program: TrainingProgram) -> list[str]:
    """Return phrases that say what is wrong with a single training run, or none if the program is healthy."""
    (claimed_train, claimed_validation), gap = run.last, run.train - run.fresh
    well = {
        "the loss is not finite": all(map(math.isfinite, run.losses)),
        "the loss does not fall": run.losses[-1] < 0.6 * run.losses[0],
        f"the score on fresh data is {run.fresh:.2f}": run.fresh >= program.least_score,
        f"the score is {gap:.2f} higher on training data than on fresh data": gap <= program.largest_gap,
        f"the claimed validation score is {claimed_validation:.2f}": abs(claimed_validation - run.validation) <= HONEST,
        f"the claimed training score is {claimed_train:.2f}": abs(claimed_train - run.train) <= HONEST,
        f"for a few rows at a time, the score is {run.pieces:.2f}": run.pieces >= run.fresh - LOW,
        f"{run.rows_seen:.0%} of the rows are seen in an epoch": run.rows_seen >= 0.9,
        f"{run.graphs_kept} graphs are kept": run.graphs_kept < GRAPHS,
        f"a history of one epoch has {run.entries_of_one_epoch} entries": run.entries_of_one_epoch == 1,
    }
    return [complaint for complaint, is_well in well.items() if not is_well]


def _evidence(
    puzzle: Puzzle, source: str, twins: Sequence[Reading], symptoms: Sequence[str], level: int
) -> tuple[list[str], float, list[Reading]]:
    """Return which of these symptoms a program has with every seed, its slowdown, and its training runs."""
    ratio = min(slowdown(source, puzzle.twin, seed) for seed in SEEDS) if SPEED in symptoms else 1.0
    kinds = [kind for kind in symptoms if kind != SPEED]
    runs: list[Reading] = []
    for seed, twin in zip(SEEDS, twins, strict=True):
        if kinds:
            runs.append(measure(source, seed, truth_of(puzzle.twin, seed)))
            kinds = [kind for kind in kinds if SYMPTOMS[kind](runs[-1], twin, level == 1)]
    slow = [SPEED] if ratio >= (VERY_SLOW if level == 1 else SLOW) else []
    return slow + kinds, ratio, runs
