"""Whether a training program is healthy, and still the same program, by the measure of its healthy twin.

Answers are asked for on data that the judge makes, and scored here; of what a program says about itself only that is
believed which agrees with this.
"""

from __future__ import annotations

import math
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import fmean
from typing import Any

import numpy as np
import torch

from graders.checks import Mismatch
from graders.debugging.diagnosis import diagnosis_of
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
    """One training as it was seen from outside. A claim is what the history says less what is so."""

    losses: tuple[float, ...]
    lengths: tuple[int, ...]
    entries_of_one_epoch: int
    train: float
    fresh: float
    pieces: float
    claimed_train: float
    claimed_validation: float
    true_train: float
    true_validation: float
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
    true = _true_scores(run, truth) or (scores["train"], scores["validation"])
    train, validation = _claims(metrics["train"], metrics["validation"], true)
    return Reading(
        losses=tuple(history["loss"]),
        lengths=lengths,
        entries_of_one_epoch=run["entries_of_one_epoch"],
        train=scores["train"],
        fresh=scores["fresh"],
        pieces=score(answers["pieces"], truth.y["fresh"][: PIECE * N_PIECES]),
        claimed_train=train,
        claimed_validation=validation,
        true_train=true[0],
        true_validation=true[1],
        rows_seen=run["rows_seen"],
        graphs_kept=run["graphs_kept"],
    )


def twin_reading(twin: str, seed: int, epochs: int, truth: Truth) -> Reading:
    """The reading of the twin, taken in this process."""
    return reading_of(own_training(module_of(twin), seed, epochs, truth), truth)


def complaints(found: Sequence[Reading], twins: Sequence[Reading], epochs: int) -> list[str]:
    """What is ill about trainings beside those of the twin at the same seeds, in sentences; empty in health."""
    return [*_of_losses(found, twins, epochs), *_of_scores(found, twins), *_of_claims(found), *_of_rows(found, twins)]


def assert_healthy(found: Sequence[Reading], twins: Sequence[Reading], epochs: int) -> None:
    """No complaints. Raises Mismatch with all of them."""
    if ill := complaints(found, twins, epochs):
        raise Mismatch(" ".join(ill), None, None)


def _of_losses(found: Sequence[Reading], twins: Sequence[Reading], epochs: int) -> list[str]:
    said = []
    entries = next((set(one.lengths) for one in found if set(one.lengths) != {epochs}), set())
    if entries:
        said.append(f"A history of {epochs} epochs has {_listed(entries)} entries.")
    first = next((one.entries_of_one_epoch for one in found if one.entries_of_one_epoch != 1), 1)
    if first != 1:
        said.append(f"A second training, of one epoch, returns a history of {first} epochs.")
    start, end = fmean(twin.losses[0] for twin in twins), fmean(twin.losses[-1] for twin in twins)
    healthy = f"in a healthy run it goes from {start:.3g} to {end:.3g}."
    if not all(math.isfinite(loss) for one in found for loss in one.losses):
        return [*said, f"The loss stops being a finite number; {healthy}"]
    for one, twin in zip(found, twins, strict=True):
        if max(map(abs, one.losses)) >= EXPLODES * twin.losses[0]:
            return [*said, f"The loss gets to {max(one.losses, key=abs):.3g}; {healthy}"]
        if min(one.losses) < 0:
            return [*said, f"The loss becomes negative, {min(one.losses):.3g}; {healthy}"]
        if one.losses[-1] >= FALLS * one.losses[0]:
            return [*said, f"The loss goes from {one.losses[0]:.3g} to {one.losses[-1]:.3g}; {healthy}"]
    ratios = [math.log(max(one.losses[-1], 1e-12) / twin.losses[-1]) for one, twin in zip(found, twins, strict=True)]
    if fmean(ratios) >= math.log(LOSS_RATIO):
        last = fmean(one.losses[-1] for one in found)
        said.append(f"The loss is {last:.3g} at the end; {healthy}")
    return said


def _of_scores(found: Sequence[Reading], twins: Sequence[Reading]) -> list[str]:
    said = []
    fresh, healthy = fmean(one.fresh for one in found), fmean(twin.fresh for twin in twins)
    if fresh < healthy - MEAN_SCORE:
        said.append(f"The score on fresh data is {_number(fresh)}; a healthy run has {_number(healthy)}.")
    gap, healthy_gap = (fmean(one.train - one.fresh for one in many) for many in (found, twins))
    if gap > healthy_gap + MEAN_GAP:
        said.append(f"Training data score {gap:.2f} better than fresh data; in a healthy run it is {healthy_gap:.2f}.")
    pieces, healthy_pieces = (fmean(one.pieces for one in many) for many in (found, twins))
    if pieces < healthy_pieces - MEAN_PIECES and fresh >= healthy - MEAN_SCORE:
        said.append(
            f"Asked for {PIECE} rows at a time, the score is {_number(pieces)}; "
            f"a healthy run has {_number(healthy_pieces)}."
        )
    return said


def _of_claims(found: Sequence[Reading]) -> list[str]:
    said = []
    for name in ("train", "validation"):
        pairs = [(getattr(one, f"claimed_{name}"), getattr(one, f"true_{name}")) for one in found]
        claimed, true = max(pairs, key=lambda pair: abs(pair[0] - pair[1]))
        if not abs(claimed - true) <= CLAIM:
            part = "training" if name == "train" else "validation"
            said.append(
                f"The history claims a score of {_number(claimed)} in {part}; the answers that the program gives "
                f"to these data score {_number(true)}."
            )
    return said


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


def assert_named(table: Mapping[str, Any], tables: Sequence[str], truth: Mapping[str, Any], lines: int) -> None:
    """One of the tables of a diagnosis names the fault: its cause, and a line that it is on. Raises Mismatch."""
    told = []
    for name in tables:
        try:
            found = diagnosis_of(table, name, PROGRAM_FILE, lines)
        except Mismatch as fault:
            told.append(str(fault))
            continue
        if found.cause == truth["cause"]:
            if found.line in truth["lines"]:
                return
            raise Mismatch(f"[{name}]: the cause is right; it is not in line {found.line}", None, found.line)
        told.append(f"[{name}]: {found.cause} is not what causes it")
    whole = len(tables) > 1
    raise Mismatch(("one of the two faults is not named: " if whole else "") + "; ".join(told), None, None)


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


def _claims(train: Sequence[float], validation: Sequence[float], true: tuple[float, float]) -> tuple[float, float]:
    """What a history says of the network that is left: its last entries, or those of the best epoch if these fit."""
    best = int(np.argmax(validation))
    pairs = [(train[-1], validation[-1]), (train[min(best, len(train) - 1)], validation[best])]
    pairs = [(max(NO_SCORE, a), max(NO_SCORE, b)) for a, b in pairs]  # as the scores are counted
    return min(pairs, key=lambda pair: max(abs(pair[0] - true[0]), abs(pair[1] - true[1])))


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


def _listed(numbers: set[int]) -> str:
    return " or ".join(map(str, sorted(numbers)))


def _number(value: float) -> str:
    return f"{value:.2f}" if value > NO_SCORE else f"{NO_SCORE:g} or less"
