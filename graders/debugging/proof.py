"""Checks by training that a puzzle's twin is healthy and that only the full fix removes the symptom."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from graders.debugging.measurement import NO_SCORE, PIECE, Measurement, measure, slowdown
from graders.debugging.programs import TrainingProgram
from graders.debugging.puzzle import Puzzle

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
class Symptom:
    """A symptom of a fault. `shows` says whether a program clearly has it, and `says` describes it in a sentence."""

    shows: Callable[[Measurement, Measurement, int], bool]
    says: Callable[[Measurement, Measurement, TrainingProgram], str]


@dataclass(frozen=True)
class Proof:
    """The result of a proof, with a sentence about the symptom or the reason why the proof failed."""

    proven: bool
    reason: str = ""
    symptom: str = ""
    twin: tuple[Measurement, ...] = ()
    broken: tuple[Measurement, ...] = ()


def prove(puzzle: Puzzle) -> Proof:
    """Train the twin, the broken program and, at level 3, both half-fixed programs with each of SEEDS.

    With a single fault, the fixed program is the twin, so a healthy twin proves that the fix works.
    """
    try:
        return _prove(puzzle)
    except Exception as error:  # noqa: BLE001 a broken program must not raise anything
        return Proof(False, f"{type(error).__name__}: {error}")


def complaints(found: Measurement, program: TrainingProgram) -> list[str]:
    """Return phrases that say what is wrong with a single training run, or none if the program is healthy."""
    told = {
        "the loss is not finite": not all(map(math.isfinite, found.losses)),
        "the loss does not fall": not found.loss_end < 0.6 * found.loss_start,
        f"the score on fresh data is {found.fresh_score:.2f}": not found.fresh_score >= program.least_score,
        f"the score is {found.train_score - found.fresh_score:.2f} higher on training data than on fresh data": not (
            found.train_score - found.fresh_score <= program.largest_gap
        ),
        f"the claimed validation score is {found.claimed_validation:.2f}, the true one "
        f"{found.validation_score:.2f}": not (abs(found.claimed_validation - found.validation_score) <= HONEST),
        f"the claimed training score is {found.claimed_train:.2f}, the true one {found.train_score:.2f}": not (
            abs(found.claimed_train - found.train_score) <= HONEST
        ),
        f"for a few rows at a time, the score is {found.score_in_pieces:.2f}": not (
            found.score_in_pieces >= found.fresh_score - LOW
        ),
        f"{found.rows_seen:.0%} of the rows are seen in an epoch": not found.rows_seen >= 0.9,
        f"{found.graphs_kept} graphs are kept": not found.graphs_kept < GRAPHS,
        f"a history of one epoch has {found.history_entries} entries": found.history_entries != 1,
    }
    return [complaint for complaint, ill in told.items() if ill]


def _prove(puzzle: Puzzle) -> Proof:
    twins = []
    for seed in SEEDS:
        twin = measure(puzzle.twin, seed)
        if ill := complaints(twin, puzzle.program):
            return Proof(False, f"its twin is not healthy at seed {seed}: {'; '.join(ill)}")
        twins.append(twin)
    for fault, left in zip(puzzle.faults, reversed(puzzle.partly_fixed), strict=False):
        if not _show(puzzle, left, twins, fault.symptoms, fault.level).kinds:
            return Proof(False, f"{fault.name} alone shows no symptom")
    symptoms = tuple(dict.fromkeys(kind for fault in puzzle.faults for kind in fault.symptoms))
    shown = _show(puzzle, puzzle.source, twins, symptoms, min(puzzle.level, 2))
    if not shown.kinds:
        return Proof(False, f"no symptom shows with every seed; the last training run had {shown.last}")
    return Proof(True, symptom=_sentence(puzzle, shown, twins[0]), twin=tuple(twins), broken=shown.measured)


@dataclass(frozen=True)
class _Shown:
    kinds: tuple[str, ...]
    ratio: float
    measured: tuple[Measurement, ...]

    @property
    def last(self) -> str:
        """Describe the last training run, to explain why no symptom was found."""
        if not self.measured:
            return f"{self.ratio:.1f} times the time"
        last = self.measured[-1]
        return f"loss {last.loss_start:.3g} to {last.loss_end:.3g}, score {last.fresh_score:.3f}"


def _show(puzzle: Puzzle, source: str, twins: Sequence[Measurement], symptoms: Sequence[str], level: int) -> _Shown:
    """Train a broken program with each of SEEDS, and return the symptoms that it has with every seed."""
    ratio = min(slowdown(source, puzzle.twin, seed) for seed in SEEDS) if SPEED in symptoms else 1.0
    kinds = [kind for kind in symptoms if kind != SPEED]
    measured: list[Measurement] = []
    for seed, twin in zip(SEEDS, twins, strict=True):
        if not kinds:
            break
        sick = measure(source, seed, twin=puzzle.twin)
        measured.append(sick)
        kinds = [kind for kind in kinds if SYMPTOMS[kind].shows(sick, twin, level)]
    slow = [SPEED] if ratio >= (VERY_SLOW if level == 1 else SLOW) else []
    return _Shown((*slow, *kinds), ratio, tuple(measured))


def _sentence(puzzle: Puzzle, shown: _Shown, twin: Measurement) -> str:
    """Describe up to two symptoms of a single fault, or one symptom of each of two faults, for the README."""
    own = [[kind for kind in fault.symptoms if kind in shown.kinds] for fault in puzzle.faults]
    told = own[0][:2] if len(own) == 1 else list(dict.fromkeys(kinds[0] for kinds in own if kinds))
    return " ".join(
        f"Training takes {_about(shown.ratio)} times as long as it should."
        if kind == SPEED
        else SYMPTOMS[kind].says(shown.measured[0], twin, puzzle.program)
        for kind in told
    )


def _about(ratio: float) -> str:
    """Round a ratio down to one significant digit, so that it should also hold on other machines."""
    step = 10 ** math.floor(math.log10(ratio))
    return f"more than {math.floor(ratio / step) * step:g}"


def _loss_stays(sick: Measurement, _twin: Measurement, _level: int) -> bool:
    return STAYS * sick.loss_start <= sick.loss_end <= sick.loss_start / STAYS


def _loss_high(sick: Measurement, twin: Measurement, level: int) -> bool:
    return sick.loss_end >= (VERY_HIGH if level == 1 else HIGH) * twin.loss_end


def _loss_explodes(sick: Measurement, twin: Measurement, _level: int) -> bool:
    return not max(map(abs, sick.losses)) < EXPLODES * twin.loss_start


def _score_low(sick: Measurement, twin: Measurement, level: int) -> bool:
    return sick.fresh_score <= twin.fresh_score - (FAR if level == 1 else LOW)


def _pieces_low(sick: Measurement, twin: Measurement, level: int) -> bool:
    return sick.score_in_pieces <= twin.score_in_pieces - (FAR if level == 1 else LOW)


def _gap(sick: Measurement, twin: Measurement, _level: int) -> bool:
    return sick.train_score - sick.fresh_score >= twin.train_score - twin.fresh_score + LOW


def _claim_high(sick: Measurement, _twin: Measurement, _level: int) -> bool:
    return sick.claimed_validation >= sick.validation_score + CLAIM_HIGH


def _claim_low(sick: Measurement, _twin: Measurement, level: int) -> bool:
    return sick.claimed_validation <= sick.validation_score - (FAR if level == 1 else CLAIM_LOW)


def _said_losses(sick: Measurement, twin: Measurement, _program: TrainingProgram) -> str:
    return (
        f"The loss is {sick.loss_start:.3g} in the first epoch and {sick.loss_end:.3g} in the last; "
        f"in a healthy run it goes from {twin.loss_start:.3g} to {twin.loss_end:.3g}."
    )


def _said_explosion(sick: Measurement, twin: Measurement, _program: TrainingProgram) -> str:
    finite = sorted((loss for loss in sick.losses if math.isfinite(loss)), key=abs)
    turns = f"reaches {finite[-1]:.3g}" if len(finite) == len(sick.losses) else "stops being a finite number"
    return f"The loss {turns}; in a healthy run it goes from {twin.loss_start:.3g} to {twin.loss_end:.3g}."


def _said_score(sick: Measurement, twin: Measurement, program: TrainingProgram) -> str:
    return (
        f"On fresh data, {_scored(program, sick.fresh_score)}; "
        f"a healthy run reaches {_number(program, twin.fresh_score)}."
    )


def _said_gap(sick: Measurement, twin: Measurement, program: TrainingProgram) -> str:
    return (
        f"On the training data {_scored(program, sick.train_score)}, "
        f"on fresh data {_number(program, sick.fresh_score)}; "
        f"a healthy run reaches {_number(program, twin.train_score)} and {_number(program, twin.fresh_score)}."
    )


def _said_pieces(sick: Measurement, twin: Measurement, program: TrainingProgram) -> str:
    return (
        f"If predict gets {PIECE} rows at a time, {_scored(program, sick.score_in_pieces)}; "
        f"a healthy run reaches {_number(program, twin.score_in_pieces)}."
    )


def _said_claim(sick: Measurement, _twin: Measurement, program: TrainingProgram) -> str:
    return (
        f"The history claims {_number(program, sick.claimed_validation)} on validation data; "
        f"on rows outside the training data, {_scored(program, sick.validation_score)}."
    )


def _said_rows(sick: Measurement, _twin: Measurement, _program: TrainingProgram) -> str:
    return f"Only {sick.rows_seen:.0%} of the training rows enter the network in an epoch."


def _said_graphs(sick: Measurement, _twin: Measurement, _program: TrainingProgram) -> str:
    return f"After training, the graphs of {sick.graphs_kept} forward passes are still in memory."


def _said_history(sick: Measurement, _twin: Measurement, _program: TrainingProgram) -> str:
    return f"A second training run, of one epoch, returns a history of {sick.history_entries} epochs."


def _scored(program: TrainingProgram, score: float) -> str:
    if program.metric == "accuracy":
        return f"{score:.0%} of the answers are right"
    return f"R² is {score:.2f}" if score > NO_SCORE else "R² is below -1"


def _number(program: TrainingProgram, score: float) -> str:
    if program.metric == "accuracy":
        return f"{score:.0%}"
    return f"{score:.2f}" if score > NO_SCORE else "less than -1"


SYMPTOMS: dict[str, Symptom] = {
    "loss-stays": Symptom(_loss_stays, _said_losses),
    "loss-high": Symptom(_loss_high, _said_losses),
    "loss-explodes": Symptom(_loss_explodes, _said_explosion),
    "score-low": Symptom(_score_low, _said_score),
    "pieces-low": Symptom(_pieces_low, _said_pieces),
    "gap": Symptom(_gap, _said_gap),
    "claim-high": Symptom(_claim_high, _said_claim),
    "claim-low": Symptom(_claim_low, _said_claim),
    "rows-unseen": Symptom(lambda sick, _twin, _level: sick.rows_seen <= UNSEEN, _said_rows),
    "graphs-kept": Symptom(lambda sick, _twin, _level: sick.graphs_kept >= GRAPHS, _said_graphs),
    "history-kept": Symptom(lambda sick, _twin, _level: sick.history_entries > 1, _said_history),
}
"""Maps the names of symptoms to the symptoms. "slow" (SPEED) is missing, because no Measurement reveals it."""
