"""Turns one training run of a program into a reading: for the judge, for `pytest`, and for the proof of a puzzle.

The program's answers are scored here, on data made with the twin. A program's claims about itself count only if they
agree with these scores.
"""

from __future__ import annotations

import time
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from graders.checks import Mismatch
from katas_practice.kata import probes

FRESH = 1_000_003  # added to a seed to make data that no training run has seen
N_FRESH = 6  # this many validation parts make up the fresh data, which has several hundred rows
PIECE = 3  # the number of rows per call when predict gets a few rows at a time
N_PIECES = 60
NO_SCORE = -1.0  # the score of predictions that are not finite, and the lower bound for R²
ROUNDS = 3  # in which the training time is measured

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Truth:
    """The twin's data for a seed, and fresh data. `X` and `y` map the name of a part to its inputs and its targets."""

    X: dict[str, np.ndarray]
    y: dict[str, np.ndarray]

    @property
    def pieces(self) -> np.ndarray:
        """The first rows of the fresh data, as an array (N_PIECES, PIECE, …)."""
        rows = self.X["fresh"][: PIECE * N_PIECES]
        return rows.reshape(N_PIECES, PIECE, *rows.shape[1:])


@dataclass(frozen=True)
class Reading:
    """One training run of a program, as observed from outside.

    Scores are shares of correct classes, or R² (mean over columns). `train`, `validation` and `fresh` are those on the
    twin's data; `pieces` is also for fresh data, predicted PIECE rows at a time. `last`, `best` and `true` are pairs of
    a training and a validation score. `last` and `best` are the history's claims for the last epoch and for the epoch
    with the best validation score; `true` is the score on the program's own split, if it has the twin's rows.
    `entries_of_one_epoch` is the length of the history of a second training run, which lasts one epoch. `rows_seen` is
    the share of the training rows that entered the network in the first epoch. `graphs_kept` counts the forward passes
    whose graph is still in memory after training.
    """

    losses: tuple[float, ...]
    lengths: tuple[int, ...]
    entries_of_one_epoch: int
    train: float
    validation: float
    fresh: float
    pieces: float
    last: tuple[float, float]
    best: tuple[float, float]
    true: tuple[float, float]
    rows_seen: float
    graphs_kept: int


def load(source: str) -> types.ModuleType:
    """Load a program of this package as a module. Never load a submission, because modules run in this process."""
    module = types.ModuleType("program")
    exec(compile(source, "program.py", "exec", dont_inherit=True), module.__dict__)
    return module


module_of = lru_cache(maxsize=4)(load)  # a module that several callers share


def data_of(source: str, seed: int) -> Arrays:
    """Return the arrays that load_data gives in a program of this package."""
    return {name: part.numpy() for name, part in vars(module_of(source).load_data(seed)).items()}


def targets(data: Arrays, part: str) -> np.ndarray:
    """Return the targets of a part of a program's data. Those of an autoencoder are its inputs."""
    return data.get(f"y_{part}", data[f"X_{part}"])


def truth_of(twin: str, seed: int) -> Truth:
    """Return the twin's data for a seed, and fresh data."""
    own = data_of(twin, seed)
    others = [data_of(twin, seed + FRESH + k) for k in range(N_FRESH)]
    X = {part: own[f"X_{part}"] for part in ("train", "validation")}
    y = {part: targets(own, part) for part in ("train", "validation")}
    X["fresh"] = np.concatenate([other["X_validation"] for other in others])
    y["fresh"] = np.concatenate([targets(other, "validation") for other in others])
    return Truth(X, y)


def own_training(program: Any, seed: int, epochs: int, truth: Truth) -> dict[str, Any]:
    """Run the probe `training` in this process and return its result. The global generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return probes.training(program, seed, epochs, truth.X, truth.pieces)


def reading_of(run: Mapping[str, Any], truth: Truth) -> Reading:
    """Score the answers of a run, and combine them with its history. Raises Mismatch for an empty history."""
    answers, history = run["answers"], run["history"]
    metrics = {key.partition("_")[0]: values for key, values in history.items() if "_" in key}
    lengths = tuple(len(values) for values in history.values())
    if not history.get("loss") or not metrics.get("train") or not metrics.get("validation") or min(lengths) < 1:
        raise Mismatch("the history is empty; each epoch adds the loss and both scores", None, sorted(history))
    scores = {name: score(answers[name], truth.y[name]) for name in ("train", "validation", "fresh")}
    best = int(np.argmax(metrics["validation"]))
    return Reading(
        **scores,
        losses=tuple(history["loss"]),
        lengths=lengths,
        entries_of_one_epoch=run["entries_of_one_epoch"],
        pieces=score(answers["pieces"], truth.y["fresh"][: PIECE * N_PIECES]),
        last=_claims(metrics, -1),
        best=_claims(metrics, min(best, len(metrics["train"]) - 1)),
        true=_true_scores(run, truth) or (scores["train"], scores["validation"]),
        rows_seen=run["rows_seen"],
        graphs_kept=run["graphs_kept"],
    )


def measure(source: str, seed: int, truth: Truth) -> Reading:
    """Train one of this package's programs in this process, and return its reading. The seed determines the result."""
    program = load(source)
    return reading_of(own_training(program, seed, program.EPOCHS, truth), truth)


def slowdown(source: str, twin: str, seed: int) -> float:
    """Return the time of a training run of one epoch, divided by its twin's.

    Each time is the least CPU time of several alternating rounds.
    """
    programs = [load(source), load(twin)]
    least = [float("inf"), float("inf")]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for _ in range(ROUNDS):
            for which, program in enumerate(programs):
                model, data = program.build_model(seed), program.load_data(seed)
                start = time.thread_time()
                program.train(model, data, epochs=1, seed=seed)
                least[which] = min(least[which], time.thread_time() - start)
    return least[0] / least[1]


def score(predicted: np.ndarray, targets: np.ndarray) -> float:
    """Return the accuracy for integer targets, and otherwise the mean R² over columns (at least NO_SCORE)."""
    if predicted.size != targets.size or not np.isfinite(predicted).all():
        return NO_SCORE
    predicted = predicted.reshape(targets.shape)
    if targets.dtype.kind in "iu":
        return float(np.mean(predicted == targets))
    residual = np.mean((predicted.astype(float) - targets) ** 2, axis=0)
    return max(NO_SCORE, float(np.mean(1 - residual / np.var(targets, axis=0))))


def same_rows(data: Arrays, truth: Truth) -> bool:
    """Return whether both parts are as long as the twin's and together hold the same rows, in any order."""
    for name in ("train", "validation"):
        part = data.get(f"X_{name}")
        if part is None or part.shape != truth.X[name].shape or part.dtype != truth.X[name].dtype:
            return False
    own = row_keys(data["X_train"], data["X_validation"])
    return sorted(own) == sorted(row_keys(truth.X["train"], truth.X["validation"]))


def targets_of_rows(X: np.ndarray, truth: Truth) -> np.ndarray:
    """Return the targets of these rows, which must be rows of the twin's data."""
    keys = row_keys(truth.X["train"], truth.X["validation"])
    target = dict(zip(keys, [*truth.y["train"], *truth.y["validation"]], strict=True))
    return np.stack([target[key] for key in row_keys(X)])


def row_keys(*parts: np.ndarray) -> list[bytes]:
    """Return the bytes of each row of these parts, which serve as keys."""
    return [np.ascontiguousarray(row).tobytes() for part in parts for row in part]


def _true_scores(run: Mapping[str, Any], truth: Truth) -> tuple[float, float] | None:
    """Score the answers on the program's own split. Return None if the twin does not split the same rows."""
    answers, data = run["answers"], run["data"]
    if not same_rows(data, truth):
        return None
    train, validation = (
        score(answers[f"own_{part}"], targets_of_rows(data[f"X_{part}"], truth)) for part in ("train", "validation")
    )
    return train, validation


def _claims(metrics: Mapping[str, Sequence[float]], epoch: int) -> tuple[float, float]:
    return max(NO_SCORE, metrics["train"][epoch]), max(NO_SCORE, metrics["validation"][epoch])
