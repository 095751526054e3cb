"""The checks of a puzzle's hidden tests: a fixed program trains as well as its twin, and is still the same program."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any

import numpy as np

from graders.checks import Mismatch
from katas_practice.readings import (
    NO_SCORE,
    PIECE,
    Arrays,
    Reading,
    data_of,
    same_rows,
    targets,
    targets_of_rows,
    truth_of,
)

SEEDS = range(10, 2**30)  # the judge draws its seeds from these; a README's figures are for seed 0
N_SEEDS = 3  # the number of training runs that are judged together
TIMED_EPOCHS = 2

# These margins are about half of those that katas_practice.proof requires of a broken program with every seed. Means
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
    n = len(runs)
    each = [f"seed {seed}" for seed in seeds] or [f"one of {n} training runs"] * n
    every = f"seed{'s' if n > 1 else ''} {_listed(map(str, seeds))}" if seeds else f"{n} training runs"
    return [
        *_of_losses(runs, twins, epochs, each, every),
        *_of_scores(runs, twins, every),
        *_of_claims(runs, twins, each),
        *_of_rows(runs, twins),
    ]


def assert_healthy(runs: Sequence[Reading], twins: Sequence[Reading], epochs: int) -> None:
    """Raise Mismatch with all complaints about the runs, if there are any."""
    if ill := complaints(runs, twins, epochs):
        raise Mismatch(" ".join(ill), None, None)


def _of_losses(
    runs: Sequence[Reading], twins: Sequence[Reading], epochs: int, each: Sequence[str], every: str
) -> list[str]:
    said = []
    if entries := next((set(one.lengths) for one in runs if set(one.lengths) != {epochs}), set()):
        said.append(f"A history of {epochs} epochs has {' or '.join(map(str, sorted(entries)))} entries.")
    if (first := next((one.entries_of_one_epoch for one in runs if one.entries_of_one_epoch != 1), 1)) != 1:
        said.append(f"A second training run, of one epoch, returns a history of {first} epochs.")
    triples = list(zip(runs, twins, each, strict=True))
    for one, twin, which in sorted(triples, key=lambda triple: all(map(math.isfinite, triple[0].losses))):
        if told := _ill_losses(one, twin):  # that of the worst run
            healthy = f"in a healthy run it goes from {twin.losses[0]:.3g} to {twin.losses[-1]:.3g}."
            return [*said, f"The loss {told} ({which}, {epochs} epochs); {healthy}"]
    ratio = fmean(math.log(max(one.losses[-1], 1e-12) / twin.losses[-1]) for one, twin, _ in triples)
    if ratio >= math.log(LOSS_RATIO):
        last, healthy = (_listed(f"{one.losses[-1]:.3g}" for one in many) for many in (runs, twins))
        said.append(f"The loss is {last} at the end ({every}, {epochs} epochs); in a healthy run it is {healthy}.")
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


def _of_scores(runs: Sequence[Reading], twins: Sequence[Reading], every: str) -> list[str]:
    def drop(part: str) -> float:
        """Return how much lower the mean score is than the twin's."""
        return fmean(getattr(twin, part) for twin in twins) - fmean(getattr(one, part) for one in runs)

    def scores(many: Sequence[Reading], part: str) -> str:
        numbers = [_number(getattr(one, part)) for one in many]
        return _listed(numbers if len(set(numbers)) > 1 else numbers[:1])

    said = []
    low = drop("fresh") > MEAN_SCORE
    if low:
        said.append(
            f"The score on fresh data is {scores(runs, 'fresh')} ({every}); "
            f"a healthy run reaches {scores(twins, 'fresh')}."
        )
    if drop("fresh") - drop("train") > MEAN_GAP:
        said.append(
            f"The score on training data is {scores(runs, 'train')}, on fresh data {scores(runs, 'fresh')} ({every}); "
            f"a healthy run reaches {scores(twins, 'train')}, and {scores(twins, 'fresh')}."
        )
    if not low and drop("pieces") > MEAN_PIECES:
        said.append(
            f"If predict gets {PIECE} rows at a time, the score is {scores(runs, 'pieces')} ({every}); "
            f"a healthy run reaches {scores(twins, 'pieces')}."
        )
    return said


def _of_claims(runs: Sequence[Reading], twins: Sequence[Reading], each: Sequence[str]) -> list[str]:
    said = []
    epochs = [_epoch_left(one, twins) for one in runs]
    for place, part in enumerate(("training", "validation")):
        claims = [
            (getattr(one, epoch)[place], one.true[place], epoch, which)
            for one, epoch, which in zip(runs, epochs, each, strict=True)
        ]
        claimed, true, epoch, which = max(claims, key=lambda claim: abs(claim[0] - claim[1]))
        if not abs(claimed - true) <= CLAIM:
            said.append(
                f"The history claims a {part} score of {_number(claimed)} for its {epoch} epoch; the answers "
                f"that the program gives for these data after training score {_number(true)} ({which})."
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
    claims: tuple[float, float] = getattr(one, epoch)
    return max(abs(claimed - true) for claimed, true in zip(claims, one.true, strict=True))


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


def _listed(words: Iterable[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last


def _number(value: float) -> str:
    return f"{value:.2f}" if value > NO_SCORE else f"{NO_SCORE:g} or less"


def assert_same_data(data: Arrays, twin: str, broken: str, seed: int) -> None:
    """Check that the arrays of load_data equal the twin's. Raises Mismatch.

    If the arrays of the broken program differ from the twin's, another split of the same rows is also accepted.
    """
    expected = data_of(twin, seed)
    different = _different(data, expected)
    if not different:
        return
    truth = truth_of(twin, seed)
    if _different(data_of(broken, seed), expected) and same_rows(data, truth):
        parts = [(data[f"X_{part}"], targets(data, part)) for part in ("train", "validation")]
        if all(np.array_equal(targets_of_rows(X, truth), y) for X, y in parts):
            return
    raise Mismatch(f"load_data({seed}): {different} must not differ from the original program's for this seed")


def _different(data: Arrays, expected: Arrays) -> str:
    """Return the name of the first array that differs, or an empty string."""
    return next(
        (
            name
            for name, part in expected.items()
            if name not in data or data[name].dtype != part.dtype or not np.array_equal(data[name], part)
        ),
        "",
    )


def assert_same_answers(runs: Sequence[Mapping[str, Any]], n: int) -> None:
    """Assert that predict's answer for a row depends only on the row and the parameters, and that it changes neither.

    Raises Mismatch.
    """
    for run in runs:
        before, after = run["before"], run["after"]
        if len(before) != len(after) or not all(map(np.array_equal, before, after)):
            raise Mismatch("predict changes the network")
        for answer in run["answers"]:
            if len(answer) != n:
                raise Mismatch(f"predict gives {len(answer)} answers for {n} rows", n, len(answer))
        first, *others = run["answers"]
        if not all(_near(first, answer) for answer in others):
            raise Mismatch(
                "predict gives different answers for the same rows in a different order, or in a second call"
            )
        if not _near(run["zero"], np.broadcast_to(run["zero"][:1], run["zero"].shape)):
            raise Mismatch(
                "predict gives different answers for different rows even if all parameters of the network are zero: "
                "its answers do not come from the network"
            )


def _near(a: np.ndarray, b: np.ndarray) -> bool:
    """Return whether these are the same classes, except for up to two ties, or the same numbers up to rounding."""
    if a.shape != b.shape:
        return False
    if a.dtype.kind in "iu":
        return int(np.sum(a != b)) <= 2
    return bool(np.allclose(a, b, rtol=1e-3, atol=1e-4 * (float(np.abs(b).max(initial=0.0)) + 1e-6)))
