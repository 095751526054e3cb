"""What the hidden tests have done beside the submission; plain values come back.

`bug4_run` is what is timed and what is compared with the judge's own training: no hooks, nothing by which a program
could tell the one from the other.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import nn

torch.set_num_threads(1)  # networks this small gain nothing from a second, and lose much on a busy machine


def bug4_run(submission: ModuleType, seed: int, epochs: int) -> dict[str, Any]:
    """From the data of a seed to the trained network of the seed: its weights and the history."""
    program = submission.bug4_slow_learner
    model = program.build_model(seed)
    history = program.train(model, program.load_data(seed), epochs=epochs, seed=seed)
    return {
        "weights": _weights(model),
        "loss": [float(value) for value in history.loss],
        "train_accuracy": [float(value) for value in history.train_accuracy],
        "validation_accuracy": [float(value) for value in history.validation_accuracy],
    }


def bug4_beginning(submission: ModuleType, seed: int) -> dict[str, Any]:
    """What a run begins with: inputs and classes for training and for validation, and the weights.

    Everything is asked for twice, in turns with another seed's; the second answer counts.
    """
    program = submission.bug4_slow_learner
    for number in (seed, seed + 1, seed):
        data, model = program.load_data(number), program.build_model(number)
        arrays = [_array(part) for split in (data.train, data.validation) for part in (split.X, split.y)]
    return {"arrays": arrays, "weights": _weights(model)}


def bug4_generator(submission: ModuleType, seed: int, epochs: int) -> list[np.ndarray]:
    """The states of torch's global generator after the same run, begun in two different states."""
    states = []
    for other in (seed + 1, seed + 2):
        torch.manual_seed(other)
        bug4_run(submission, seed, epochs)
        states.append(torch.get_rng_state().numpy().copy())
    return states


def bug4_predictions(submission: ModuleType, seeds: list[int], X: np.ndarray) -> list[dict[str, Any]]:
    """A network per seed, all trained before any is asked: classes for X, for X backwards, row by row, and once more.

    Weights are those before the first question and those after the last.
    """
    program = submission.bug4_slow_learner
    models = [program.build_model(seed) for seed in seeds]
    for model, seed in zip(models, seeds, strict=True):
        program.train(model, program.load_data(seed), epochs=1, seed=seed)
    before = [_weights(model) for model in models]
    inputs = torch.tensor(X)
    answers = [
        [
            _array(program.predict(model, inputs)),
            _array(program.predict(model, inputs.flip(0)))[::-1].copy(),
            np.array([int(program.predict(model, row[None])[0]) for row in inputs]),
        ]
        for model in models
    ]
    return [
        {"before": weights, "after": _weights(model), "classes": [*answer, _array(program.predict(model, inputs))]}
        for weights, model, answer in zip(before, models, answers, strict=True)
    ]


def _weights(model: nn.Module) -> list[np.ndarray]:
    """Copies of the model's parameters, in their order."""
    return [_array(parameter) for parameter in model.parameters()]


def _array(values: Any) -> np.ndarray:
    """A copy of a tensor, an array or a list, as an array."""
    return torch.as_tensor(values).detach().numpy().copy()
