"""Decides whether training runs are healthy by comparing their readings with those of the twin for the same seeds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from graders.checks import Mismatch
from graders.debugging.measurement import NO_SCORE, PIECE
from graders.debugging.readings import Reading

# These margins are about half of those that graders.debugging.proof requires of a broken program with every seed. Means
# are taken over N_SEEDS training runs (graders.debugging.judging).
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


def complaints(found: Sequence[Reading], twins: Sequence[Reading], epochs: int, seeds: Sequence[int] = ()) -> list[str]:
    """Return sentences that say how training runs are worse than the twin's with the same seeds, or none for good runs.

    The sentences name the seeds only if `seeds` is given, because the judge keeps its seeds secret.
    """
    which = _Which(len(found), seeds)
    return [
        *_of_losses(found, twins, epochs, which),
        *_of_scores(found, twins, which),
        *_of_claims(found, twins, which),
        *_of_rows(found, twins),
    ]


def assert_healthy(found: Sequence[Reading], twins: Sequence[Reading], epochs: int) -> None:
    """Raise Mismatch with all complaints about the runs, if there are any."""
    if ill := complaints(found, twins, epochs):
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


def _of_losses(found: Sequence[Reading], twins: Sequence[Reading], epochs: int, which: _Which) -> list[str]:
    said = []
    entries = next((set(one.lengths) for one in found if set(one.lengths) != {epochs}), set())
    if entries:
        said.append(f"A history of {epochs} epochs has {_listed(entries)} entries.")
    first = next((one.entries_of_one_epoch for one in found if one.entries_of_one_epoch != 1), 1)
    if first != 1:
        said.append(f"A second training run, of one epoch, returns a history of {first} epochs.")
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


def _of_scores(found: Sequence[Reading], twins: Sequence[Reading], which: _Which) -> list[str]:
    said = []
    train, fresh, pieces = zip(*((one.train, one.fresh, one.pieces) for one in found), strict=True)
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


def _of_claims(found: Sequence[Reading], twins: Sequence[Reading], which: _Which) -> list[str]:
    said = []
    epochs = [_epoch_left(one, twins) for one in found]
    for place, part in enumerate(("training", "validation")):
        pairs = [(_claimed(one, epoch)[place], one.true[place]) for one, epoch in zip(found, epochs, strict=True)]
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


def _of_rows(found: Sequence[Reading], twins: Sequence[Reading]) -> list[str]:
    said = []
    seen, healthy = min(one.rows_seen for one in found), min(twin.rows_seen for twin in twins)
    if seen < healthy - ROWS:
        said.append(
            f"Only {seen:.0%} of the training rows enter the network in an epoch; in a healthy run, {healthy:.0%}."
        )
    kept = max(one.graphs_kept for one in found)
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
