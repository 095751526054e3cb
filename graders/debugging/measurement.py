"""What can be measured of a training program from outside, without believing what it says of itself."""

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

FRESH = 1_000_003  # added to a seed, gives the seed of data that no training has seen
N_FRESH = 6  # validation parts that make up the fresh data: several hundred rows
PIECE = 3  # rows that predict is asked for at a time, once more
N_PIECES = 60
NO_SCORE = -1.0  # of predictions that are not finite, and the least that R² is counted as


@dataclass(frozen=True)
class Measurement:
    """One training. Scores are shares of correct classes, or R² (mean over columns), recomputed from predictions.

    They are of the healthy data of this seed, both parts, and of fresh data; `score_in_pieces` is asked for PIECE rows
    at a time. `claimed_train` and `claimed_validation` are the last entries of the history. `rows_seen` is the share of
    the training rows that entered the network in the first epoch, 1.0 for all; `graphs_kept` counts the forward passes
    whose graph is alive when training is over; `history_entries` is how long the history of a second training, of one
    epoch, is; `spread` is the share of the most frequent class taken from 1, or the standard deviation of predictions
    by that of targets.
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
        """The loss of the first epoch, as the history has it."""
        return self.losses[0]

    @property
    def loss_end(self) -> float:
        """The loss of the last epoch, as the history has it."""
        return self.losses[-1]


def load(source: str) -> types.ModuleType:
    """A program as a module of its own. Only for programs of this package: it runs here, unconfined."""
    module = types.ModuleType("program")
    exec(compile(source, "program.py", "exec", dont_inherit=True), module.__dict__)
    return module


def measure(source: str, seed: int, *, twin: str | None = None) -> Measurement:
    """Train the program once and measure it on the data of its healthy twin, which is itself by default.

    Deterministic in the seed. A warning of the program is raised as the error that it would be.
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
    """The share of equal classes where targets are whole numbers, else R², mean over the columns, NO_SCORE at least."""
    if predicted.size != targets.size or not np.isfinite(predicted).all():
        return NO_SCORE
    predicted = predicted.reshape(targets.shape)
    if targets.dtype.kind in "iu":
        return float(np.mean(predicted == targets))
    residual = np.mean((predicted.astype(float) - targets) ** 2, axis=0)
    return max(NO_SCORE, float(np.mean(1 - residual / np.var(targets, axis=0))))


def slowdown(source: str, twin: str, seed: int, *, epochs: int = 1, rounds: int = 3) -> float:
    """How many times as long as in its twin a training takes: processor time, the least of some rounds, in turns."""
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
    """Counts, from hooks on a model in training, rows that enter and graphs that stay."""

    def __init__(self, model: nn.Module, n_rows: int) -> None:
        self.graphs: weakref.WeakSet[_Token] = weakref.WeakSet()
        self._rows: set[bytes] = set()
        self._n_rows = n_rows
        self._entered = 0
        self._hooks = [model.register_forward_pre_hook(self._enter), model.register_forward_hook(self._leave)]

    @property
    def rows_seen(self) -> float:
        """Distinct rows among the first that entered, as many as an epoch has, as a share of these."""
        return len(self._rows) / self._n_rows

    def close(self) -> None:
        """Watch no longer."""
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
    """Hung on a node of a graph, lives as long as the node."""

    def __call__(self, *_: Any) -> None:
        """A hook that changes no gradient."""


@contextmanager
def _quiet(seed: int) -> Iterator[None]:
    """One thread, and a global generator that starts from the seed and is afterwards what it was."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # networks this small gain nothing from a second, and lose much on a busy machine
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)


class _Truth(NamedTuple):
    """The data of a healthy program: both parts of those of a seed, and data that belong to no training."""

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
    """The targets of a part of the data: the inputs themselves where there are no others."""
    return _array(getattr(data, f"y_{part}", getattr(data, f"X_{part}")))


def _spread(predicted: np.ndarray, targets: np.ndarray) -> float:
    if targets.dtype.kind in "iu":
        return 1 - float(np.unique(predicted, return_counts=True)[1].max()) / predicted.size
    return float(np.mean(np.std(predicted, axis=0)) / np.mean(np.std(targets, axis=0)))


def _array(values: Any) -> np.ndarray:
    return torch.as_tensor(values).detach().numpy().copy()


def _float(value: Any) -> float:
    return float(torch.as_tensor(value).detach())
