"""Probes that run a training program, in a worker or in the judge, and return plain values."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_post_hook

torch.set_num_threads(1)  # a second thread does not speed up networks this small, and slows them down on a busy machine


def training(
    submission: Any, seed: int, epochs: int, parts: dict[str, np.ndarray], pieces: np.ndarray
) -> dict[str, Any]:
    """Train the network for a seed while observing it. Then predict every part, and the pieces (k, n, …) one by one.

    In the result, `data` holds the program's own data before training. `answers` has an entry for each part, for the
    program's own data ("own_train" and "own_validation"), and for all pieces together ("pieces").
    """
    model, data = submission.build_model(seed), submission.load_data(seed)
    own = _arrays(data)
    watch = _Watch(model, len(parts["train"]))
    try:
        history = submission.train(model, data, epochs=epochs, seed=seed)
    finally:
        watch.close()
    numbers = {name: [_number(value) for value in values] for name, values in vars(history).items()}
    gc.collect()  # graphs that are only waiting for garbage collection do not count as kept
    kept = len(watch.graphs)
    asked = {**parts, "own_train": own["X_train"], "own_validation": own["X_validation"]}
    answers = {name: _array(submission.predict(model, torch.tensor(X))) for name, X in asked.items()}
    answers["pieces"] = np.concatenate([_array(submission.predict(model, torch.tensor(X))) for X in pieces])
    again = submission.train(submission.build_model(seed + 1), submission.load_data(seed + 1), epochs=1, seed=seed + 1)
    return {
        "history": numbers,
        "data": own,
        "answers": answers,
        "rows_seen": len(watch.rows) / len(parts["train"]),
        "graphs_kept": kept,
        "entries_of_one_epoch": len(again.loss),
    }


def one_training(submission: Any, seed: int, epochs: int) -> list[float]:
    """Train the network for a seed without observing it, and return the losses."""
    model = submission.build_model(seed)
    history = submission.train(model, submission.load_data(seed), epochs=epochs, seed=seed)
    return [_number(value) for value in history.loss]


def beginning(submission: Any, seed: int) -> dict[str, Any]:
    """Return the starting point of a training run: the arrays of load_data, the parameters' shapes, and EPOCHS."""
    shapes = [list(parameter.shape) for parameter in submission.build_model(seed).parameters()]
    return {"data": _arrays(submission.load_data(seed)), "shapes": shapes, "epochs": int(submission.EPOCHS)}


def steps(submission: Any, seed: int, epochs: int) -> dict[str, list[int]]:
    """Return the size of the last batch before each optimizer step, and the length of each list in the history."""
    model, data = submission.build_model(seed), submission.load_data(seed)
    last: list[int] = []
    sizes: list[int] = []

    def enter(_model: nn.Module, inputs: tuple[Any, ...]) -> None:
        if inputs and torch.is_grad_enabled():
            last[:] = [len(inputs[0])]

    def step(*_: Any) -> None:
        sizes.extend(last)
        last.clear()  # a step of a second optimizer on the same batch does not count

    hooks = [model.register_forward_pre_hook(enter), register_optimizer_step_post_hook(step)]
    try:
        history = submission.train(model, data, epochs=epochs, seed=seed)
    finally:
        for hook in hooks:
            hook.remove()
    return {"batch_sizes": sizes, "history": [len(values) for values in vars(history).values()]}


def predictions(submission: Any, seeds: list[int], X: np.ndarray) -> list[dict[str, Any]]:
    """For each seed, train a network for one epoch. Then predict X, X reversed, X again, and X with zero parameters.

    `before` and `after` are the network's parameters and buffers before the first and after the third prediction.
    """
    models = [submission.build_model(seed) for seed in seeds]
    for model, seed in zip(models, seeds, strict=True):
        submission.train(model, submission.load_data(seed), epochs=1, seed=seed)

    def ask(model: nn.Module, rows: np.ndarray) -> np.ndarray:
        return _array(submission.predict(model, torch.tensor(rows)))

    backwards = X[::-1].copy()
    found: list[dict[str, Any]] = [{"before": _state(model)} for model in models]
    for model, one in zip(models, found, strict=True):
        one["answers"] = [ask(model, X), ask(model, backwards)[::-1].copy()]
    for model, one in zip(models, found, strict=True):
        one["answers"].append(ask(model, X))
        one["after"] = _state(model)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.zero_()
        one["zero"] = ask(model, X)
    return found


class _Watch:
    """Hooks on a model that count the rows that the model gets in training, and the graphs that stay in memory."""

    def __init__(self, model: nn.Module, n_rows: int) -> None:
        self.graphs: weakref.WeakSet[_Token] = weakref.WeakSet()
        self.rows: set[bytes] = set()
        self._n_rows = n_rows
        self._entered = 0
        self._hooks = [model.register_forward_pre_hook(self._enter), model.register_forward_hook(self._leave)]

    def close(self) -> None:
        for hook in self._hooks:
            hook.remove()

    def _enter(self, _model: nn.Module, inputs: tuple[Any, ...]) -> None:
        if inputs and torch.is_grad_enabled() and self._entered < self._n_rows:
            rows = inputs[0].detach()[: self._n_rows - self._entered]
            self._entered += len(rows)
            self.rows.update(row.tobytes() for row in rows.numpy())

    def _leave(self, _model: nn.Module, _inputs: tuple[Any, ...], output: Any) -> None:
        if getattr(output, "grad_fn", None) is not None:
            token = _Token()
            self.graphs.add(token)
            output.grad_fn.register_hook(token)


class _Token:
    """A hook on a node of a graph. The hook lives as long as the node."""

    def __call__(self, *_: Any) -> None:
        """Leave the gradient unchanged."""


def _arrays(data: Any) -> dict[str, np.ndarray]:
    return {name: _array(part) for name, part in vars(data).items()}


def _state(model: nn.Module) -> list[np.ndarray]:
    return [_array(part) for part in (*model.parameters(), *model.buffers())]


def _number(value: Any) -> float:
    return float(torch.as_tensor(value).detach())


def _array(values: Any) -> np.ndarray:
    return torch.as_tensor(values).detach().numpy().copy()
