"""The checks of a puzzle's hidden tests: a fixed program trains as well as its twin, and is still the same program."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np

from graders.checks import Mismatch
from graders.debugging.readings import (
    NO_SCORE,
    PIECE,
    Reading,
    module_of,
    row_keys,
    same_rows,
    target_of_rows,
    truth_of,
)

SEEDS = range(10, 2**30)  # the judge draws its seeds from these; a README's figures are for seed 0
N_SEEDS = 3  # the number of training runs that are judged together
TIMED_EPOCHS = 2

# These margins are about half of those that graders.debugging.proof requires of a broken program with every seed. Means
# are taken over N_SEEDS training runs.
MEAN_SCORE = 0.045  # the score on fresh data may be this much lower than the twin's
MEAN_GAP = 0.06  # the gap between training and fresh data may exceed the twin's gap by this much
MEAN_PIECES = 0.045  # the score for a few rows at a time may be this much lower than the twin's
LOSS_RATIO = 2.0  # the limit for the geometric mean of the final losses, each divided by the twin's
FALLS = 0.6  # the final loss may be at most this share of the first
EXPLODES = 5.0  # the limit for any loss divided by the twin's first loss
CLAIM = 0.025  # a claimed score may differ from the true score by this much; one of 56 rows is 0.018
ROWS = 0.03  # the share of rows seen in an epoch may be this much lower than the twin's
GRAPHS = 10

SLOW = 1.5  # the limit for the training time divided by the twin's; in a slow puzzle, the ratio is at least 2


def complaints(runs: Sequence[Reading], twins: Sequence[Reading], epochs: int, seeds: Sequence[int] = ()) -> list[str]:
    """Return sentences that say how training runs are worse than the twin's with the same seeds, or none for good runs.

    The sentences name the seeds only if `seeds` is given, because the judge keeps its seeds secret.
    """
    which = _Which(len(runs), seeds)
    return [
        *_of_losses(runs, twins, epochs, which),
        *_of_scores(runs, twins, which),
        *_of_claims(runs, twins, which),
        *_of_rows(runs, twins),
    ]


def assert_healthy(runs: Sequence[Reading], twins: Sequence[Reading], epochs: int) -> None:
    """Raise Mismatch with all complaints about the runs, if there are any."""
    if ill := complaints(runs, twins, epochs):
        raise Mismatch(" ".join(ill), None, None)


@dataclass(frozen=True)
class _Which:
    """The words that messages use for the training runs, which name the seeds unless these are secret."""

    n: int
    seeds: Sequence[int]

    def one(self, k: int) -> str:
        return f"seed {self.seeds[k]}" if self.seeds else f"one of {self.n} training runs"

    @property
    def all(self) -> str:
        if not self.seeds:
            return f"{self.n} training runs"
        return f"seed{'s' if self.n > 1 else ''} {_each(map(str, self.seeds))}"


def _of_losses(runs: Sequence[Reading], twins: Sequence[Reading], epochs: int, which: _Which) -> list[str]:
    said = []
    entries = next((set(one.lengths) for one in runs if set(one.lengths) != {epochs}), set())
    if entries:
        said.append(f"A history of {epochs} epochs has {_listed(entries)} entries.")
    first = next((one.entries_of_one_epoch for one in runs if one.entries_of_one_epoch != 1), 1)
    if first != 1:
        said.append(f"A second training run, of one epoch, returns a history of {first} epochs.")
    order = sorted(range(len(runs)), key=lambda k: all(map(math.isfinite, runs[k].losses)))  # the worst one first
    for k in order:
        one, twin = runs[k], twins[k]
        told = _ill_losses(one, twin)
        if told:
            healthy = f"in a healthy run it goes from {twin.losses[0]:.3g} to {twin.losses[-1]:.3g}."
            return [*said, f"The loss {told} ({which.one(k)}, {epochs} epochs); {healthy}"]
    ratios = [math.log(max(one.losses[-1], 1e-12) / twin.losses[-1]) for one, twin in zip(runs, twins, strict=True)]
    if fmean(ratios) >= math.log(LOSS_RATIO):
        last, healthy = (_each(f"{one.losses[-1]:.3g}" for one in many) for many in (runs, twins))
        said.append(f"The loss is {last} at the end ({which.all}, {epochs} epochs); in a healthy run it is {healthy}.")
    return said


def _ill_losses(one: Reading, twin: Reading) -> str:
    """Return what is wrong with the losses of one run, phrased to follow "The loss", or an empty string."""
    if not all(map(math.isfinite, one.losses)):
        return "stops being a finite number"
    if max(map(abs, one.losses)) >= EXPLODES * twin.losses[0]:
        return f"reaches {max(one.losses, key=abs):.3g}"
    if min(one.losses) < 0:
        return f"falls to {min(one.losses):.3g}, below zero"
    if one.losses[-1] >= FALLS * one.losses[0]:
        return f"goes from {one.losses[0]:.3g} to {one.losses[-1]:.3g}"
    return ""


def _of_scores(runs: Sequence[Reading], twins: Sequence[Reading], which: _Which) -> list[str]:
    said = []
    train, fresh, pieces = zip(*((one.train, one.fresh, one.pieces) for one in runs), strict=True)
    well_train, well_fresh, well_pieces = zip(*((twin.train, twin.fresh, twin.pieces) for twin in twins), strict=True)
    low = fmean(fresh) < fmean(well_fresh) - MEAN_SCORE
    if low:
        said.append(
            f"The score on fresh data is {_scores(fresh)} ({which.all}); a healthy run reaches {_scores(well_fresh)}."
        )
    if fmean(train) - fmean(fresh) > fmean(well_train) - fmean(well_fresh) + MEAN_GAP:
        said.append(
            f"The score on training data is {_scores(train)}, on fresh data {_scores(fresh)} ({which.all}); "
            f"a healthy run reaches {_scores(well_train)}, and {_scores(well_fresh)}."
        )
    if not low and fmean(pieces) < fmean(well_pieces) - MEAN_PIECES:
        said.append(
            f"If predict gets {PIECE} rows at a time, the score is {_scores(pieces)} ({which.all}); "
            f"a healthy run reaches {_scores(well_pieces)}."
        )
    return said


def _of_claims(runs: Sequence[Reading], twins: Sequence[Reading], which: _Which) -> list[str]:
    said = []
    epochs = [_epoch_left(one, twins) for one in runs]
    for place, part in enumerate(("training", "validation")):
        pairs = [(_claimed(one, epoch)[place], one.true[place]) for one, epoch in zip(runs, epochs, strict=True)]
        k = max(range(len(pairs)), key=lambda k: abs(pairs[k][0] - pairs[k][1]))
        claimed, true = pairs[k]
        if not abs(claimed - true) <= CLAIM:
            said.append(
                f"The history claims a {part} score of {_number(claimed)} for its {epochs[k]} epoch; the answers "
                f"that the program gives for these data after training score {_number(true)} ({which.one(k)})."
            )
    return said


def _epoch_left(one: Reading, twins: Sequence[Reading]) -> str:
    """Return whether a program keeps its "last" or its "best" network.

    If the program's own claims do not reveal this, the twin's claims decide.
    """
    for epoch in ("last", "best"):
        if _off(one, epoch) <= CLAIM:
            return epoch
    return min(("last", "best"), key=lambda epoch: sum(_off(twin, epoch) for twin in twins))


def _off(one: Reading, epoch: str) -> float:
    return max(abs(claimed - true) for claimed, true in zip(_claimed(one, epoch), one.true, strict=True))


def _claimed(one: Reading, epoch: str) -> tuple[float, float]:
    return one.last if epoch == "last" else one.best


def _of_rows(runs: Sequence[Reading], twins: Sequence[Reading]) -> list[str]:
    said = []
    seen, healthy = min(one.rows_seen for one in runs), min(twin.rows_seen for twin in twins)
    if seen < healthy - ROWS:
        said.append(
            f"Only {seen:.0%} of the training rows enter the network in an epoch; in a healthy run, {healthy:.0%}."
        )
    kept = max(one.graphs_kept for one in runs)
    if kept >= GRAPHS:
        said.append(f"After training, the graphs of {kept} forward passes are still in memory.")
    return said


def _each(words: Iterable[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last


def _scores(values: Sequence[float]) -> str:
    numbers = [_number(value) for value in values]
    return _each(numbers if len(set(numbers)) > 1 else numbers[:1])


def _listed(numbers: set[int]) -> str:
    return " or ".join(map(str, sorted(numbers)))


def _number(value: float) -> str:
    return f"{value:.2f}" if value > NO_SCORE else f"{NO_SCORE:g} or less"


def assert_same_data(data: Mapping[str, np.ndarray], twin: str, broken: str, seed: int) -> None:
    """Check that the arrays of load_data equal the twin's. Raises Mismatch.

    If the arrays of the broken program differ from the twin's, another split of the same rows is also accepted.
    """
    expected = {name: part.numpy() for name, part in vars(module_of(twin).load_data(seed)).items()}
    if _equal(data, expected):
        return
    truth = truth_of(twin, seed)
    given = {name: part.numpy() for name, part in vars(module_of(broken).load_data(seed)).items()}
    if not _equal(given, expected) and same_rows(data, truth):
        target = target_of_rows(truth)
        pairs = [(data[f"X_{name}"], data.get(f"y_{name}", data[f"X_{name}"])) for name in ("train", "validation")]
        if all(np.array_equal(np.stack([target[key] for key in row_keys(X)]), y) for X, y in pairs):
            return
    name = next((name for name in expected if name not in data or not _equal_arrays(data[name], expected[name])), "")
    raise Mismatch(
        f"load_data({seed}): {name or 'the data'} must not differ from the original program's for this seed", None, None
    )


def assert_same_answers(runs: Sequence[Mapping[str, Any]], n: int) -> None:
    """Assert that predict's answer for a row depends only on the row and the parameters, and that it changes neither.

    Raises Mismatch.
    """
    for run in runs:
        before, after = run["before"], run["after"]
        if len(before) != len(after) or not all(map(np.array_equal, before, after)):
            raise Mismatch("predict changes the network", None, None)
        first, *others = run["answers"]
        for answer in (first, *others):
            if len(answer) != n:
                raise Mismatch(f"predict gives {len(answer)} answers for {n} rows", n, len(answer))
        if not all(_near(first, answer) for answer in others):
            raise Mismatch(
                "predict gives different answers for the same rows in a different order, or in a second call",
                None,
                None,
            )
        if not _near(run["zero"], np.broadcast_to(run["zero"][:1], run["zero"].shape)):
            raise Mismatch(
                "predict gives different answers for different rows even if all parameters of the network are zero: "
                "its answers do not come from the network",
                None,
                None,
            )


def _equal(data: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray]) -> bool:
    return all(name in data and _equal_arrays(data[name], part) for name, part in expected.items())


def _equal_arrays(a: np.ndarray, b: np.ndarray) -> bool:
    return a.dtype == b.dtype and np.array_equal(a, b)


def _near(a: np.ndarray, b: np.ndarray) -> bool:
    """Return whether these are the same classes, except for up to two ties, or the same numbers up to rounding."""
    if a.shape != b.shape:
        return False
    if a.dtype.kind in "iu":
        return int(np.sum(a != b)) <= 2
    return bool(np.allclose(a, b, rtol=1e-3, atol=1e-4 * (float(np.abs(b).max(initial=0.0)) + 1e-6)))
