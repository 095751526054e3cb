"""What the hidden tests of bug 2 have done beside the submission; plain values come back.

Nothing here is trusted: the judge repeats the training from the batches reported, so that a report which is not
what happened disagrees with the weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_pre_hook
from torch.optim.optimizer import register_optimizer_step_post_hook

torch.set_num_threads(1)  # networks this small gain nothing from a second, and lose much on a busy machine


def bug2_data(submission: Any, seed: int) -> list[np.ndarray]:
    """The arrays of load_data: angles and positions for training, angles and positions for validation."""
    data = submission.bug2_exploding_loss.load_data(seed)
    return [_array(part) for part in (data.X_train, data.y_train, data.X_validation, data.y_validation)]


def bug2_networks(submission: Any, seeds: list[int]) -> list[list[np.ndarray]]:
    """The parameters of the fresh network of every seed."""
    return [_weights(submission.bug2_exploding_loss.build_model(seed)) for seed in seeds]


def bug2_training(submission: Any, seed: int, epochs: int, X: np.ndarray) -> dict[str, Any]:
    """Train the network of a seed, watching: weights before and after, history, batches and positions for X (n, 2).

    A batch is what went last through the first layer, with gradients on, before an optimizer stepped.
    """
    program = submission.bug2_exploding_loss
    model = program.build_model(seed)
    data = program.load_data(seed)
    before = _weights(model)
    seen: list[np.ndarray] = []
    steps: list[np.ndarray] = []

    def see(module: nn.Module, inputs: tuple[Any, ...]) -> None:
        if inputs and isinstance(module, nn.Linear) and module.in_features == 2 and torch.is_grad_enabled():
            seen[:] = [_array(inputs[0])]

    def count(*_: Any) -> None:
        steps.extend(seen)
        seen.clear()  # a second optimizer that steps on the same batch is no second step

    hooks = [register_module_forward_pre_hook(see), register_optimizer_step_post_hook(count)]
    try:
        history = program.train(model, data, epochs=epochs, seed=seed)
    finally:
        for hook in hooks:
            hook.remove()
    return {
        "before": before,
        "after": _weights(model),
        "loss": [float(value) for value in history.loss],
        "validation_loss": [float(value) for value in history.validation_loss],
        "batches": np.concatenate(steps) if steps else np.zeros((0, 2), np.float32),
        "batch_sizes": [len(step) for step in steps],
        "positions": _array(program.predict(model, torch.tensor(X))),
    }


def bug2_predictions(submission: Any, seeds: list[int], epochs: int, X: np.ndarray) -> list[dict[str, Any]]:
    """A network per seed, all trained before any is asked: positions for X, for X backwards, row by row, and once more.

    Weights are those before the first question and those after the last.
    """
    program = submission.bug2_exploding_loss
    models = [program.build_model(seed) for seed in seeds]
    for model, seed in zip(models, seeds, strict=True):
        program.train(model, program.load_data(seed), epochs=epochs, seed=seed)
    before = [_weights(model) for model in models]
    poses = torch.tensor(X)
    answers = [
        [
            _array(program.predict(model, poses)),
            _array(program.predict(model, poses.flip(0)))[::-1].copy(),
            np.concatenate([_array(program.predict(model, row[None])) for row in poses]),
        ]
        for model in models
    ]
    return [
        {"before": weights, "after": _weights(model), "positions": [*answer, _array(program.predict(model, poses))]}
        for weights, model, answer in zip(before, models, answers, strict=True)
    ]


def _weights(model: nn.Module) -> list[np.ndarray]:
    """Copies of the model's parameters, in their order."""
    return [_array(parameter) for parameter in model.parameters()]


def _array(values: Any) -> np.ndarray:
    """A copy of a tensor, an array or a list, as an array."""
    return torch.as_tensor(values).detach().numpy().copy()
