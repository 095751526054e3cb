"""Checks by training that a puzzle's twin is healthy and that only the full fix removes the symptom."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from graders.debugging.programs import TrainingProgram
from graders.debugging.puzzle import Puzzle
from graders.debugging.readings import NO_SCORE, PIECE, Reading, measure, slowdown, truth_of

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


@dataclass(frozen=True)
class Proof:
    """The result of a proof, with a sentence about the symptom or the reason why the proof failed."""

    proven: bool
    reason: str = ""
    symptom: str = ""


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
        return Proof(False, f"{type(error).__name__}: {error}")


def complaints(run: Reading, program: TrainingProgram) -> list[str]:
    """Return phrases that say what is wrong with a single training run, or none if the program is healthy."""
    claimed_train, claimed_validation = run.last
    healthy = {
        "the loss is not finite": all(map(math.isfinite, run.losses)),
        "the loss does not fall": run.losses[-1] < 0.6 * run.losses[0],
        f"the score on fresh data is {run.fresh:.2f}": run.fresh >= program.least_score,
        f"the score is {run.train - run.fresh:.2f} higher on training data than on fresh data": (
            run.train - run.fresh <= program.largest_gap
        ),
        f"the claimed validation score is {claimed_validation:.2f}, the true one {run.validation:.2f}": (
            abs(claimed_validation - run.validation) <= HONEST
        ),
        f"the claimed training score is {claimed_train:.2f}, the true one {run.train:.2f}": (
            abs(claimed_train - run.train) <= HONEST
        ),
        f"for a few rows at a time, the score is {run.pieces:.2f}": run.pieces >= run.fresh - LOW,
        f"{run.rows_seen:.0%} of the rows are seen in an epoch": run.rows_seen >= 0.9,
        f"{run.graphs_kept} graphs are kept": run.graphs_kept < GRAPHS,
        f"a history of one epoch has {run.entries_of_one_epoch} entries": run.entries_of_one_epoch == 1,
    }
    return [complaint for complaint, well in healthy.items() if not well]


def _prove(puzzle: Puzzle) -> Proof:
    twins = []
    for seed in SEEDS:
        twin = measure(puzzle.twin, seed, truth_of(puzzle.twin, seed))
        if ill := complaints(twin, puzzle.program):
            return Proof(False, f"its twin is not healthy at seed {seed}: {'; '.join(ill)}")
        twins.append(twin)
    for fault, left in zip(puzzle.faults, reversed(puzzle.partly_fixed), strict=False):
        if not _evidence(puzzle, left, twins, fault.symptoms, fault.level).symptoms:
            return Proof(False, f"{fault.name} alone shows no symptom")
    symptoms = tuple(dict.fromkeys(kind for fault in puzzle.faults for kind in fault.symptoms))
    evidence = _evidence(puzzle, puzzle.source, twins, symptoms, min(puzzle.level, 2))
    if not evidence.symptoms:
        return Proof(False, f"no symptom shows with every seed; the last training run had {evidence.last}")
    return Proof(True, symptom=_sentence(puzzle, evidence, twins[0]))


@dataclass(frozen=True)
class _Evidence:
    """The symptoms that a program has with every seed, its slowdown, and its training runs."""

    symptoms: tuple[str, ...]
    ratio: float
    runs: tuple[Reading, ...]

    @property
    def last(self) -> str:
        """Describe the last training run, to explain why no symptom was found."""
        if not self.runs:
            return f"{self.ratio:.1f} times the time"
        last = self.runs[-1]
        return f"loss {last.losses[0]:.3g} to {last.losses[-1]:.3g}, score {last.fresh:.3f}"


def _evidence(puzzle: Puzzle, source: str, twins: Sequence[Reading], symptoms: Sequence[str], level: int) -> _Evidence:
    ratio = min(slowdown(source, puzzle.twin, seed) for seed in SEEDS) if SPEED in symptoms else 1.0
    kinds = [kind for kind in symptoms if kind != SPEED]
    runs: list[Reading] = []
    for seed, twin in zip(SEEDS, twins, strict=True):
        if not kinds:
            break
        runs.append(measure(source, seed, truth_of(puzzle.twin, seed)))
        kinds = [kind for kind in kinds if SYMPTOMS[kind].shows(runs[-1], twin, level == 1)]
    slow = [SPEED] if ratio >= (VERY_SLOW if level == 1 else SLOW) else []
    return _Evidence((*slow, *kinds), ratio, tuple(runs))


def _sentence(puzzle: Puzzle, evidence: _Evidence, twin: Reading) -> str:
    """Describe up to two symptoms of a single fault, or one symptom of each of two faults, for the README."""
    own = [[kind for kind in fault.symptoms if kind in evidence.symptoms] for fault in puzzle.faults]
    chosen = own[0][:2] if len(own) == 1 else list(dict.fromkeys(kinds[0] for kinds in own if kinds))
    return " ".join(
        f"Training takes {_about(evidence.ratio)} times as long as it should."
        if kind == SPEED
        else SYMPTOMS[kind].says(evidence.runs[0], twin, puzzle.program)
        for kind in chosen
    )


def _about(ratio: float) -> str:
    """Round a ratio down to one significant digit, so that it should also hold on other machines."""
    step = 10 ** math.floor(math.log10(ratio))
    return f"more than {math.floor(ratio / step) * step:g}"


def _scored(program: TrainingProgram, score: float) -> str:
    if program.metric == "accuracy":
        return f"{score:.0%} of the answers are right"
    return f"R² is {score:.2f}" if score > NO_SCORE else "R² is below -1"


def _number(program: TrainingProgram, score: float) -> str:
    if program.metric == "accuracy":
        return f"{score:.0%}"
    return f"{score:.2f}" if score > NO_SCORE else "less than -1"


def _says_losses(sick: Reading, twin: Reading, _program: TrainingProgram) -> str:
    return (
        f"The loss is {sick.losses[0]:.3g} in the first epoch and {sick.losses[-1]:.3g} in the last; "
        f"in a healthy run it goes from {twin.losses[0]:.3g} to {twin.losses[-1]:.3g}."
    )


def _says_explosion(sick: Reading, twin: Reading, _program: TrainingProgram) -> str:
    finite = sorted((loss for loss in sick.losses if math.isfinite(loss)), key=abs)
    turns = f"reaches {finite[-1]:.3g}" if len(finite) == len(sick.losses) else "stops being a finite number"
    return f"The loss {turns}; in a healthy run it goes from {twin.losses[0]:.3g} to {twin.losses[-1]:.3g}."


def _says_score(sick: Reading, twin: Reading, program: TrainingProgram) -> str:
    return f"On fresh data, {_scored(program, sick.fresh)}; a healthy run reaches {_number(program, twin.fresh)}."


def _says_gap(sick: Reading, twin: Reading, program: TrainingProgram) -> str:
    return (
        f"On the training data {_scored(program, sick.train)}, on fresh data {_number(program, sick.fresh)}; "
        f"a healthy run reaches {_number(program, twin.train)} and {_number(program, twin.fresh)}."
    )


def _says_pieces(sick: Reading, twin: Reading, program: TrainingProgram) -> str:
    return (
        f"If predict gets {PIECE} rows at a time, {_scored(program, sick.pieces)}; "
        f"a healthy run reaches {_number(program, twin.pieces)}."
    )


def _says_claim(sick: Reading, _twin: Reading, program: TrainingProgram) -> str:
    return (
        f"The history claims {_number(program, sick.last[1])} on validation data; "
        f"on rows outside the training data, {_scored(program, sick.validation)}."
    )


def _says_rows(sick: Reading, _twin: Reading, _program: TrainingProgram) -> str:
    return f"Only {sick.rows_seen:.0%} of the training rows enter the network in an epoch."


def _says_graphs(sick: Reading, _twin: Reading, _program: TrainingProgram) -> str:
    return f"After training, the graphs of {sick.graphs_kept} forward passes are still in memory."


def _says_history(sick: Reading, _twin: Reading, _program: TrainingProgram) -> str:
    return f"A second training run, of one epoch, returns a history of {sick.entries_of_one_epoch} epochs."


@dataclass(frozen=True)
class Symptom:
    """A symptom of a fault. `shows(sick, twin, plain)` says whether a program clearly has it: at level 1, plainly.

    `says` describes it in a sentence.
    """

    shows: Callable[[Reading, Reading, bool], bool]
    says: Callable[[Reading, Reading, TrainingProgram], str]


SYMPTOMS: dict[str, Symptom] = {
    "loss-stays": Symptom(
        lambda sick, _, __: STAYS * sick.losses[0] <= sick.losses[-1] <= sick.losses[0] / STAYS, _says_losses
    ),
    "loss-high": Symptom(
        lambda sick, twin, plain: sick.losses[-1] >= (VERY_HIGH if plain else HIGH) * twin.losses[-1], _says_losses
    ),
    "loss-explodes": Symptom(
        lambda sick, twin, _: not max(map(abs, sick.losses)) < EXPLODES * twin.losses[0], _says_explosion
    ),
    "score-low": Symptom(lambda sick, twin, plain: sick.fresh <= twin.fresh - (FAR if plain else LOW), _says_score),
    "pieces-low": Symptom(lambda sick, twin, plain: sick.pieces <= twin.pieces - (FAR if plain else LOW), _says_pieces),
    "gap": Symptom(lambda sick, twin, _: sick.train - sick.fresh >= twin.train - twin.fresh + LOW, _says_gap),
    "claim-high": Symptom(lambda sick, _, __: sick.last[1] >= sick.validation + CLAIM_HIGH, _says_claim),
    "claim-low": Symptom(
        lambda sick, _, plain: sick.last[1] <= sick.validation - (FAR if plain else CLAIM_LOW), _says_claim
    ),
    "rows-unseen": Symptom(lambda sick, _, __: sick.rows_seen <= UNSEEN, _says_rows),
    "graphs-kept": Symptom(lambda sick, _, __: sick.graphs_kept >= GRAPHS, _says_graphs),
    "history-kept": Symptom(lambda sick, _, __: sick.entries_of_one_epoch > 1, _says_history),
}
"""Maps the names of symptoms to the symptoms. "slow" (SPEED) is missing, because no Reading reveals it."""
