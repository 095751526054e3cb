"""Whether a training program is healthy, and still the same program, by the measure of its healthy twin.

Answers are asked for on data that the judge makes, and scored here; of what a program says about itself only that is
believed which agrees with this.
"""

from __future__ import annotations

import math
import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations
from statistics import fmean
from typing import Any

import numpy as np
import torch

from graders.checks import Mismatch
from graders.debugging.diagnosis import Diagnosis, diagnosis_of
from graders.debugging.kata import probes
from graders.debugging.measurement import FRESH, N_FRESH, N_PIECES, NO_SCORE, PIECE, load, score

PROGRAM_FILE, DIAGNOSIS_FILE = "program.py", "diagnosis.toml"
SEEDS = range(10, 2**30)  # that the judge draws from: a README's numbers are those of seed 0
N_SEEDS = 3  # trainings that are judged together

# Margins, about half of what graders.debugging.proof demands of a broken program at every seed. Means are over N_SEEDS.
MEAN_SCORE = 0.045  # that fresh data may give less than in the twin
MEAN_GAP = 0.06  # that training may be better than fresh data, beyond the twin's gap
MEAN_PIECES = 0.045  # that a few rows at a time may give less than in the twin
LOSS_RATIO = 2.0  # of the last losses, geometric mean
FALLS = 0.6  # of the first loss is left at the end, at most
EXPLODES = 5.0  # times the twin's first loss
CLAIM = 0.025  # what a history says to what is so: the rounding of a share of 56 rows is 0.018
ROWS = 0.03  # of the rows in an epoch, fewer than in the twin
GRAPHS = 10

SLOW = 1.5  # times the twin's time, at most; a puzzle that is slow takes twice as long at least
TIMED_EPOCHS = 2


@dataclass(frozen=True)
class Truth:
    """The twin's data of a seed, and fresh data: `X` are what a probe asks about, `y` the targets, by part."""

    X: dict[str, np.ndarray]
    y: dict[str, np.ndarray]

    @property
    def pieces(self) -> np.ndarray:
        """The first fresh rows (N_PIECES, PIECE, …)."""
        rows = self.X["fresh"][: PIECE * N_PIECES]
        return rows.reshape(N_PIECES, PIECE, *rows.shape[1:])


@dataclass(frozen=True)
class Reading:
    """One training as it was seen from outside.

    Pairs are of training and validation: the scores that the history has for the `last` epoch and for the one that is
    `best` in validation, and the `true` ones, of the answers that are given when training is over.
    """

    losses: tuple[float, ...]
    lengths: tuple[int, ...]
    entries_of_one_epoch: int
    train: float
    fresh: float
    pieces: float
    last: tuple[float, float]
    best: tuple[float, float]
    true: tuple[float, float]
    rows_seen: float
    graphs_kept: int


@lru_cache(maxsize=4)
def module_of(source: str) -> types.ModuleType:
    """A program of ours as a module. Never of a submission: it runs here."""
    return load(source)


def truth_of(twin: str, seed: int) -> Truth:
    """Data of the seed and data that belong to no training, made with the twin."""
    program = module_of(twin)
    own = program.load_data(seed)
    parts = [program.load_data(seed + FRESH + k) for k in range(N_FRESH)]
    X = {"train": own.X_train.numpy(), "validation": own.X_validation.numpy()}
    X["fresh"] = np.concatenate([part.X_validation.numpy() for part in parts])
    y = {name: _targets(own, name) for name in ("train", "validation")}
    y["fresh"] = np.concatenate([_targets(part, "validation") for part in parts])
    return Truth(X, y)


def own_training(program: Any, seed: int, epochs: int, truth: Truth) -> dict[str, Any]:
    """What the probe of that name finds, in this process; the global generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        return probes.training(program, seed, epochs, truth.X, truth.pieces)


def reading_of(run: Mapping[str, Any], truth: Truth) -> Reading:
    """Scores of the answers in a run, and what its history says beside them. Raises Mismatch for an empty history."""
    answers, history = run["answers"], run["history"]
    metrics = {key.partition("_")[0]: values for key, values in history.items() if "_" in key}
    lengths = tuple(len(values) for values in history.values())
    if not history.get("loss") or not metrics.get("train") or not metrics.get("validation") or min(lengths) < 1:
        raise Mismatch("the history has no entries: one for loss and both scores an epoch", None, sorted(history))
    scores = {name: score(answers[name], truth.y[name]) for name in ("train", "validation", "fresh")}
    best = int(np.argmax(metrics["validation"]))
    return Reading(
        losses=tuple(history["loss"]),
        lengths=lengths,
        entries_of_one_epoch=run["entries_of_one_epoch"],
        train=scores["train"],
        fresh=scores["fresh"],
        pieces=score(answers["pieces"], truth.y["fresh"][: PIECE * N_PIECES]),
        last=_claims(metrics, -1),
        best=_claims(metrics, min(best, len(metrics["train"]) - 1)),
        true=_true_scores(run, truth) or (scores["train"], scores["validation"]),
        rows_seen=run["rows_seen"],
        graphs_kept=run["graphs_kept"],
    )


def twin_reading(twin: str, seed: int, epochs: int, truth: Truth) -> Reading:
    """The reading of the twin, taken in this process."""
    return reading_of(own_training(module_of(twin), seed, epochs, truth), truth)


def complaints(found: Sequence[Reading], twins: Sequence[Reading], epochs: int, seeds: Sequence[int] = ()) -> list[str]:
    """What is ill about trainings beside those of the twin at the same seeds, in sentences; empty in health.

    Seeds that are given are named beside the numbers; the judge keeps its own to itself.
    """
    which = _Which(len(found), seeds)
    return [
        *_of_losses(found, twins, epochs, which),
        *_of_scores(found, twins, which),
        *_of_claims(found, twins, which),
        *_of_rows(found, twins),
    ]


@dataclass(frozen=True)
class _Which:
    """How trainings are spoken of: so many, with these seeds if they may be named."""

    n: int
    seeds: Sequence[int]

    def one(self, k: int) -> str:
        return f"seed {self.seeds[k]}" if self.seeds else f"one of {self.n} trainings"

    @property
    def all(self) -> str:
        if not self.seeds:
            return f"{self.n} trainings"
        return f"seed{'s' if self.n > 1 else ''} {_each(map(str, self.seeds))}"


def assert_healthy(found: Sequence[Reading], twins: Sequence[Reading], epochs: int) -> None:
    """No complaints. Raises Mismatch with all of them."""
    if ill := complaints(found, twins, epochs):
        raise Mismatch(" ".join(ill), None, None)


def _of_losses(found: Sequence[Reading], twins: Sequence[Reading], epochs: int, which: _Which) -> list[str]:
    said = []
    entries = next((set(one.lengths) for one in found if set(one.lengths) != {epochs}), set())
    if entries:
        said.append(f"A history of {epochs} epochs has {_listed(entries)} entries.")
    first = next((one.entries_of_one_epoch for one in found if one.entries_of_one_epoch != 1), 1)
    if first != 1:
        said.append(f"A second training, of one epoch, returns a history of {first} epochs.")
    order = sorted(range(len(found)), key=lambda k: all(map(math.isfinite, found[k].losses)))  # the worst one first
    for k in order:
        one, twin = found[k], twins[k]
        told = _ill_losses(one, twin)
        if told:
            healthy = f"in a healthy run it goes from {twin.losses[0]:.3g} to {twin.losses[-1]:.3g}."
            return [*said, f"The loss {told} ({which.one(k)}, {epochs} epochs); {healthy}"]
    ratios = [math.log(max(one.losses[-1], 1e-12) / twin.losses[-1]) for one, twin in zip(found, twins, strict=True)]
    if fmean(ratios) >= math.log(LOSS_RATIO):
        last, healthy = (_each(f"{one.losses[-1]:.3g}" for one in many) for many in (found, twins))
        said.append(f"The loss is {last} at the end ({which.all}, {epochs} epochs); in a healthy run it is {healthy}.")
    return said


def _ill_losses(one: Reading, twin: Reading) -> str:
    """What is ill about the losses of one training, as the end of a clause; empty if nothing."""
    if not all(map(math.isfinite, one.losses)):
        return "stops being a finite number"
    if max(map(abs, one.losses)) >= EXPLODES * twin.losses[0]:
        return f"gets to {max(one.losses, key=abs):.3g}"
    if min(one.losses) < 0:
        return f"falls to {min(one.losses):.3g}, below zero"
    if one.losses[-1] >= FALLS * one.losses[0]:
        return f"goes from {one.losses[0]:.3g} to {one.losses[-1]:.3g}"
    return ""


def _of_scores(found: Sequence[Reading], twins: Sequence[Reading], which: _Which) -> list[str]:
    said = []
    train, fresh, pieces = zip(*((one.train, one.fresh, one.pieces) for one in found), strict=True)
    well_train, well_fresh, well_pieces = zip(*((twin.train, twin.fresh, twin.pieces) for twin in twins), strict=True)
    low = fmean(fresh) < fmean(well_fresh) - MEAN_SCORE
    if low:
        said.append(
            f"The score on fresh data is {_scores(fresh)} ({which.all}); a healthy run has {_scores(well_fresh)}."
        )
    if fmean(train) - fmean(fresh) > fmean(well_train) - fmean(well_fresh) + MEAN_GAP:
        said.append(
            f"The score on training data is {_scores(train)}, on fresh data {_scores(fresh)} ({which.all}); "
            f"a healthy run has {_scores(well_train)}, and {_scores(well_fresh)}."
        )
    if not low and fmean(pieces) < fmean(well_pieces) - MEAN_PIECES:
        said.append(
            f"Asked for {PIECE} rows at a time, the score is {_scores(pieces)} ({which.all}); "
            f"a healthy run has {_scores(well_pieces)}."
        )
    return said


def _of_claims(found: Sequence[Reading], twins: Sequence[Reading], which: _Which) -> list[str]:
    said = []
    epochs = [_epoch_left(one, twins) for one in found]
    for place, part in enumerate(("training", "validation")):
        pairs = [(_claimed(one, epoch)[place], one.true[place]) for one, epoch in zip(found, epochs, strict=True)]
        k = max(range(len(pairs)), key=lambda k: abs(pairs[k][0] - pairs[k][1]))
        claimed, true = pairs[k]
        if not abs(claimed - true) <= CLAIM:
            said.append(
                f"The history claims a score of {_number(claimed)} in {part} for its {epochs[k]} epoch; the answers "
                f"that the program gives to these data after training score {_number(true)} ({which.one(k)})."
            )
    return said


def _epoch_left(one: Reading, twins: Sequence[Reading]) -> str:
    """Whose network is left, the "last" epoch's or the "best" one's: that whose claims fit, else that of the twins."""
    for epoch in ("last", "best"):
        if _off(one, epoch) <= CLAIM:
            return epoch
    return min(("last", "best"), key=lambda epoch: sum(_off(twin, epoch) for twin in twins))


def _off(one: Reading, epoch: str) -> float:
    return max(abs(claimed - true) for claimed, true in zip(_claimed(one, epoch), one.true, strict=True))


def _claimed(one: Reading, epoch: str) -> tuple[float, float]:
    return one.last if epoch == "last" else one.best


def _of_rows(found: Sequence[Reading], twins: Sequence[Reading]) -> list[str]:
    said = []
    seen, healthy = min(one.rows_seen for one in found), min(twin.rows_seen for twin in twins)
    if seen < healthy - ROWS:
        said.append(f"Of the training rows, {seen:.0%} enter the network in an epoch; in a healthy run {healthy:.0%}.")
    kept = max(one.graphs_kept for one in found)
    if kept >= GRAPHS:
        said.append(f"When training is over, the graphs of {kept} forward passes are still in memory.")
    return said


def same_rows(data: Mapping[str, np.ndarray], truth: Truth) -> bool:
    """Whether both parts have as many rows as the twin's, and are together the same rows, in any order."""
    for name in ("train", "validation"):
        part = data.get(f"X_{name}")
        if part is None or part.shape != truth.X[name].shape or part.dtype != truth.X[name].dtype:
            return False
    own = _keys(data["X_train"], data["X_validation"])
    return sorted(own) == sorted(_keys(truth.X["train"], truth.X["validation"]))


def assert_same_data(data: Mapping[str, np.ndarray], twin: str, broken: str, seed: int) -> None:
    """The arrays are those of the twin; where the broken program's are not, they may be split another way.

    Raises Mismatch.
    """
    expected = {name: part.numpy() for name, part in vars(module_of(twin).load_data(seed)).items()}
    if _equal(data, expected):
        return
    truth = truth_of(twin, seed)
    given = {name: part.numpy() for name, part in vars(module_of(broken).load_data(seed)).items()}
    if not _equal(given, expected) and same_rows(data, truth):
        target = _target_of(truth)
        pairs = [(data[f"X_{name}"], data.get(f"y_{name}", data[f"X_{name}"])) for name in ("train", "validation")]
        if all(np.array_equal(np.stack([target[key] for key in _keys(X)]), y) for X, y in pairs):
            return
    name = next((name for name in expected if name not in data or not _equal_arrays(data[name], expected[name])), "")
    raise Mismatch(f"load_data({seed}): {name or 'its parts'} are not the data that belong to this seed", None, None)


def assert_same_answers(runs: Sequence[Mapping[str, Any]], n: int) -> None:
    """predict gives a row the same answer in any company, from the network's own parameters, and leaves these alone.

    Raises Mismatch.
    """
    for run in runs:
        before, after = run["before"], run["after"]
        if len(before) != len(after) or not all(map(np.array_equal, before, after)):
            raise Mismatch("predict changes the network that it is given", None, None)
        first, *others = run["answers"]
        for answer in (first, *others):
            if len(answer) != n:
                raise Mismatch(f"predict gives {len(answer)} answers for {n} rows", n, len(answer))
        if not all(_near(first, answer) for answer in others):
            raise Mismatch("predict answers otherwise when the same rows come in another order, or again", None, None)
        if not _near(run["zero"], np.broadcast_to(run["zero"][:1], run["zero"].shape)):
            raise Mismatch(
                "predict still tells rows apart when all parameters of the network are zero: "
                "its answers come from something else",
                None,
                None,
            )


def assert_named(
    table: Mapping[str, Any], tables: Sequence[str], truths: Sequence[Mapping[str, Any]], which: int, lines: int
) -> None:
    """The table of a diagnosis that is about this one of the faults names it: its cause, and a line that it is on.

    `tables` has as many names as there are faults, and may name them in any order. Raises Mismatch.
    """
    found: dict[str, Diagnosis | Mismatch] = {}
    for name in tables:
        try:
            found[name] = diagnosis_of(table, name, PROGRAM_FILE, lines)
        except Mismatch as fault:
            found[name] = fault
    about = _assigned(found, truths)
    name, truth = about[which], truths[which]
    own = found[name]
    if isinstance(own, Diagnosis) and own.cause == truth["cause"]:
        if own.line in truth["lines"]:
            return
        raise Mismatch(f"[{name}]: the cause is right; it is not in line {own.line}", None, own.line)
    if isinstance(own, Mismatch):
        told = str(own)
    elif len(tables) == 1:
        told = f"[{name}]: {own.cause} is not what causes it"
    elif same := [about[k] for k, other in enumerate(truths) if other["cause"] == own.cause]:
        told = f"[{name}] is about the same fault as [{same[0]}]"
    else:
        told = f"[{name}]: {own.cause} is neither of the two causes"
    raise Mismatch(f"{'one of the two faults is not named: ' if len(tables) > 1 else ''}{told}", None, None)


def _assigned(found: Mapping[str, Diagnosis | Mismatch], truths: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """For each fault the table that is about it: as many as can be with cause and line, then as many with the cause.

    What is left over is given out in order, so that every table is spoken of once.
    """

    def agreement(names: Sequence[str]) -> tuple[int, int]:
        both = cause = 0
        for name, truth in zip(names, truths, strict=True):
            own = found[name]
            if isinstance(own, Diagnosis) and own.cause == truth["cause"]:
                cause += 1
                both += own.line in truth["lines"]
        return both, cause

    return max(permutations(found), key=agreement)


def _true_scores(run: Mapping[str, Any], truth: Truth) -> tuple[float, float] | None:
    """Scores on the program's own split, if its rows are the twin's and only split another way."""
    if not same_rows(run["data"], truth):
        return None
    target = _target_of(truth)
    train, validation = (
        score(run["answers"][f"own_{name}"], np.stack([target[key] for key in _keys(run["data"][f"X_{name}"])]))
        for name in ("train", "validation")
    )
    return train, validation


def _claims(metrics: Mapping[str, Sequence[float]], epoch: int) -> tuple[float, float]:
    """What a history says of an epoch, NO_SCORE at least, as the scores are counted."""
    return max(NO_SCORE, metrics["train"][epoch]), max(NO_SCORE, metrics["validation"][epoch])


def _target_of(truth: Truth) -> dict[bytes, Any]:
    keys = _keys(truth.X["train"], truth.X["validation"])
    return dict(zip(keys, [*truth.y["train"], *truth.y["validation"]], strict=True))


def _keys(*parts: Any) -> list[bytes]:
    return [np.ascontiguousarray(row).tobytes() for part in parts for row in part]


def _equal(data: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray]) -> bool:
    return all(name in data and _equal_arrays(data[name], part) for name, part in expected.items())


def _equal_arrays(a: np.ndarray, b: np.ndarray) -> bool:
    return a.dtype == b.dtype and np.array_equal(a, b)


def _near(a: np.ndarray, b: np.ndarray) -> bool:
    """The same classes, but for two ties; the same numbers, but for the rounding of another order of summing."""
    if a.shape != b.shape:
        return False
    if a.dtype.kind in "iu":
        return int(np.sum(a != b)) <= 2
    return bool(np.allclose(a, b, rtol=1e-3, atol=1e-4 * (float(np.abs(b).max(initial=0.0)) + 1e-6)))


def _targets(data: Any, part: str) -> np.ndarray:
    """The targets of a part of the data: the inputs themselves where there are no others."""
    values: np.ndarray = getattr(data, f"y_{part}", getattr(data, f"X_{part}")).numpy()
    return values


def _each(words: Iterable[str]) -> str:
    """Words one after the other: a, b and c."""
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last


def _scores(values: Sequence[float]) -> str:
    """The scores of all trainings, said once where they are all the same."""
    numbers = [_number(value) for value in values]
    return _each(numbers if len(set(numbers)) > 1 else numbers[:1])


def _listed(numbers: set[int]) -> str:
    return " or ".join(map(str, sorted(numbers)))


def _number(value: float) -> str:
    return f"{value:.2f}" if value > NO_SCORE else f"{NO_SCORE:g} or less"
