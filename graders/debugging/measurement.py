"""Measures a training program from outside, without trusting its own reports."""

from __future__ import annotations

import time
import types
import warnings
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

FRESH = 1_000_003  # added to a seed to make data that no training run has seen
N_FRESH = 6  # this many validation parts make up the fresh data, which has several hundred rows
PIECE = 3  # the number of rows per call when predict gets a few rows at a time
N_PIECES = 60
NO_SCORE = -1.0  # the score of predictions that are not finite, and the lower bound for R²


@dataclass(frozen=True)
class Measurement:
    """The measurements of one training run. Scores are shares of correct classes, or R² (mean over columns).

    Scores are recomputed from predictions, for both parts of the healthy data for this seed and for fresh data.
    `score_in_pieces` is also for fresh data, but predicted PIECE rows at a time. `claimed_train` and
    `claimed_validation` are the last entries of the history. `rows_seen` is the share of the training rows that entered
    the network in the first epoch. `graphs_kept` counts the forward passes whose graph is still in memory after
    training. `history_entries` is the length of the history of a second training run, which lasts one epoch. For
    classes, `spread` is 1 minus the share of the most frequent prediction. For numbers, it is the ratio of the standard
    deviations of predictions and targets.
    """

    losses: tuple[float, ...]
    train_score: float
    validation_score: float
    fresh_score: float
    score_in_pieces: float
    claimed_train: float
    claimed_validation: float
    spread: float
    rows_seen: float
    graphs_kept: int
    history_entries: int

    @property
    def loss_start(self) -> float:
        """The loss of the first epoch in the history."""
        return self.losses[0]

    @property
    def loss_end(self) -> float:
        """The loss of the last epoch in the history."""
        return self.losses[-1]


def load(source: str) -> types.ModuleType:
    """Load a program as a module. Use it only for this package's programs, because they run unconfined."""
    module = types.ModuleType("program")
    exec(compile(source, "program.py", "exec", dont_inherit=True), module.__dict__)
    return module


def measure(source: str, seed: int, *, twin: str | None = None) -> Measurement:
    """Train the program once and measure it on the data of its healthy twin, which defaults to the program itself.

    The seed determines the result. Warnings of the program are raised as errors.
    """
    program = load(source)
    truth = _truth(source if twin is None else twin, seed)
    with _quiet(seed), warnings.catch_warnings():
        warnings.simplefilter("error")
        model, data = program.build_model(seed), program.load_data(seed)
        watch = _Watch(model, len(data.X_train))
        history = program.train(model, data, epochs=program.EPOCHS, seed=seed)
        watch.close()
        graphs_kept = len(watch.graphs)
        X, y = truth.X_fresh, truth.y_fresh
        predicted = _array(program.predict(model, X.clone()))
        n = PIECE * N_PIECES
        pieces = [_array(program.predict(model, X[i : i + PIECE].clone())) for i in range(0, n, PIECE)]
        train_score = score(_array(program.predict(model, truth.X_train.clone())), truth.y_train)
        validation_score = score(_array(program.predict(model, truth.X_validation.clone())), truth.y_validation)
        again = program.train(program.build_model(seed + 1), program.load_data(seed + 1), epochs=1, seed=seed + 1)
        metric = "accuracy" if hasattr(history, "train_accuracy") else "r2"
        return Measurement(
            losses=tuple(_float(loss) for loss in history.loss[: program.EPOCHS]),
            train_score=train_score,
            validation_score=validation_score,
            fresh_score=score(predicted, y),
            score_in_pieces=score(np.concatenate(pieces), y[:n]),
            claimed_train=_float(getattr(history, f"train_{metric}")[program.EPOCHS - 1]),
            claimed_validation=_float(getattr(history, f"validation_{metric}")[program.EPOCHS - 1]),
            spread=_spread(predicted, y),
            rows_seen=watch.rows_seen,
            graphs_kept=graphs_kept,
            history_entries=len(again.loss),
        )


def score(predicted: np.ndarray, targets: np.ndarray) -> float:
    """Return the accuracy for integer targets, and otherwise the mean R² over columns (at least NO_SCORE)."""
    if predicted.size != targets.size or not np.isfinite(predicted).all():
        return NO_SCORE
    predicted = predicted.reshape(targets.shape)
    if targets.dtype.kind in "iu":
        return float(np.mean(predicted == targets))
    residual = np.mean((predicted.astype(float) - targets) ** 2, axis=0)
    return max(NO_SCORE, float(np.mean(1 - residual / np.var(targets, axis=0))))


def slowdown(source: str, twin: str, seed: int, *, epochs: int = 1, rounds: int = 3) -> float:
    """Return the program's training time divided by its twin's.

    Each time is the least CPU time of several alternating rounds.
    """
    programs = [load(source), load(twin)]
    least = [float("inf"), float("inf")]
    with _quiet(seed):
        for _ in range(rounds):
            for which, program in enumerate(programs):
                model, data = program.build_model(seed), program.load_data(seed)
                start = time.thread_time()
                program.train(model, data, epochs=epochs, seed=seed)
                least[which] = min(least[which], time.thread_time() - start)
    return least[0] / least[1]


class _Watch:
    """Hooks on a model that count the rows that the model gets in training, and the graphs that stay in memory."""

    def __init__(self, model: nn.Module, n_rows: int) -> None:
        self.graphs: weakref.WeakSet[_Token] = weakref.WeakSet()
        self._rows: set[bytes] = set()
        self._n_rows = n_rows
        self._entered = 0
        self._hooks = [model.register_forward_pre_hook(self._enter), model.register_forward_hook(self._leave)]

    @property
    def rows_seen(self) -> float:
        """The number of distinct rows among the first `n_rows` that entered the network, divided by `n_rows`."""
        return len(self._rows) / self._n_rows

    def close(self) -> None:
        """Remove the hooks."""
        for hook in self._hooks:
            hook.remove()

    def _enter(self, _model: nn.Module, inputs: tuple[Any, ...]) -> None:
        if torch.is_grad_enabled() and self._entered < self._n_rows:
            rows = inputs[0].detach()[: self._n_rows - self._entered]
            self._entered += len(rows)
            self._rows.update(row.tobytes() for row in rows.numpy())

    def _leave(self, _model: nn.Module, _inputs: tuple[Any, ...], output: Tensor) -> None:
        if output.grad_fn is not None:
            token = _Token()
            self.graphs.add(token)
            output.grad_fn.register_hook(token)


class _Token:
    """A hook on a node of a graph. The hook lives as long as the node."""

    def __call__(self, *_: Any) -> None:
        """Leave the gradient unchanged."""


@contextmanager
def _quiet(seed: int) -> Iterator[None]:
    """Use one thread and seed the global generator. Restore both afterwards."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # a second thread does not speed up networks this small
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)


class _Truth(NamedTuple):
    X_train: Tensor
    y_train: np.ndarray
    X_validation: Tensor
    y_validation: np.ndarray
    X_fresh: Tensor
    y_fresh: np.ndarray


@lru_cache(maxsize=8)
def _truth(source: str, seed: int) -> _Truth:
    program = load(source)
    data = program.load_data(seed)
    parts = [program.load_data(seed + FRESH + k) for k in range(N_FRESH)]
    targets = np.concatenate([_targets(part, "validation") for part in parts])
    return _Truth(
        data.X_train,
        _targets(data, "train"),
        data.X_validation,
        _targets(data, "validation"),
        torch.cat([part.X_validation for part in parts]),
        targets,
    )


def _targets(data: Any, part: str) -> np.ndarray:
    """Return the targets of a part of the data, which are its inputs if the data have no separate targets."""
    return _array(getattr(data, f"y_{part}", getattr(data, f"X_{part}")))


def _spread(predicted: np.ndarray, targets: np.ndarray) -> float:
    if targets.dtype.kind in "iu":
        return 1 - float(np.unique(predicted, return_counts=True)[1].max()) / predicted.size
    return float(np.mean(np.std(predicted, axis=0)) / np.mean(np.std(targets, axis=0)))


def _array(values: Any) -> np.ndarray:
    return torch.as_tensor(values).detach().numpy().copy()


def _float(value: Any) -> float:
    return float(torch.as_tensor(value).detach())
