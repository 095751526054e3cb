"""What the hidden tests of bug 3 have done beside the submission; plain values come back.

Nothing here is trusted: the judge repeats the training from the batches reported, so that a report which is not
what happened disagrees with the weights. An epoch of inputs is too much to send: of each input its products with the
judge's directions come back, by which the judge knows it again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_pre_hook
from torch.optim.optimizer import register_optimizer_step_post_hook

torch.set_num_threads(1)  # networks this small gain nothing from a second, and lose much on a busy machine


def bug3_data(submission: Any, seed: int, directions: np.ndarray) -> list[np.ndarray]:
    """What load_data gives: products of the images with the directions (784, k), and classes, of both parts."""
    data = submission.bug3_plateau.load_data(seed)
    products = [_flat(images) @ directions for images in (data.X_train, data.X_validation)]
    return [products[0], _array(data.y_train), products[1], _array(data.y_validation)]


def bug3_classes(submission: Any, seed: int, epochs: int, images: np.ndarray) -> np.ndarray:
    """Train the network of a seed: its classes for images (n, 28, 28) of 0 to 255."""
    program = submission.bug3_plateau
    model = program.build_model(seed)
    program.train(model, program.load_data(seed), epochs=epochs, seed=seed)
    return _array(program.predict(model, _pixels(images)))


def bug3_training(
    submission: Any, seed: int, epochs: int, directions: np.ndarray, images: np.ndarray
) -> dict[str, Any]:
    """Train the network of a seed, watching: weights before and after, history, and what the first layer was given.

    A batch is what went last through the first layer, with gradients on, before an optimizer stepped. `inputs` are
    those of the first layer when predict is asked about the images (n, 28, 28) of 0 to 255.
    """
    program = submission.bug3_plateau
    model = program.build_model(seed)
    data = program.load_data(seed)
    before = _weights(model)
    seen: list[np.ndarray] = []
    steps: list[np.ndarray] = []
    asked: list[np.ndarray] = []

    def see(module: nn.Module, inputs: tuple[Any, ...]) -> None:
        if inputs and isinstance(module, nn.Linear) and module.in_features == 784 and torch.is_grad_enabled():
            seen[:] = [_array(inputs[0])]

    def count(*_: Any) -> None:
        steps.extend(batch.astype(np.float64) @ directions for batch in seen)
        seen.clear()  # a second optimizer that steps on the same batch is no second step

    hooks = [register_module_forward_pre_hook(see), register_optimizer_step_post_hook(count)]
    try:
        history = program.train(model, data, epochs=epochs, seed=seed)
    finally:
        for hook in hooks:
            hook.remove()
    with _first_inputs(asked):
        program.predict(model, _pixels(images))
    return {
        "before": before,
        "after": _weights(model),
        "loss": [float(value) for value in history.loss],
        "train_accuracy": [float(value) for value in history.train_accuracy],
        "validation_accuracy": [float(value) for value in history.validation_accuracy],
        "batches": np.concatenate(steps) if steps else np.zeros((0, directions.shape[1])),
        "batch_sizes": [len(step) for step in steps],
        "inputs": asked[0],
    }


def bug3_predictions(submission: Any, seeds: list[int], epochs: int, images: np.ndarray) -> list[dict[str, Any]]:
    """A network per seed, all trained before any is asked: classes for the images (n, 28, 28) of 0 to 255, for them
    backwards, one by one, and once more.

    Weights are those before the first question and those after the last; `inputs` are the first layer's in the first.
    """
    program = submission.bug3_plateau
    models = [program.build_model(seed) for seed in seeds]
    for model, seed in zip(models, seeds, strict=True):
        program.train(model, program.load_data(seed), epochs=epochs, seed=seed)
    before = [_weights(model) for model in models]
    X = _pixels(images)
    asked: list[np.ndarray] = []
    answers: list[list[np.ndarray]] = []
    for model in models:
        with _first_inputs(asked):
            classes = _array(program.predict(model, X))
        backwards = _array(program.predict(model, X.flip(0)))[::-1].copy()
        answers.append([classes, backwards, np.array([int(program.predict(model, image[None])[0]) for image in X])])
    return [
        {
            "before": weights,
            "after": _weights(model),
            "inputs": inputs,
            "classes": [*answer, _array(program.predict(model, X))],
        }
        for weights, model, inputs, answer in zip(before, models, asked, answers, strict=True)
    ]


@contextmanager
def _first_inputs(asked: list[np.ndarray]) -> Iterator[None]:
    """Add to the list what the first layer was given last, nothing (0, 784) if it was not asked."""
    found = [np.zeros((0, 784), np.float32)]

    def see(module: nn.Module, inputs: tuple[Any, ...]) -> None:
        if inputs and isinstance(module, nn.Linear) and module.in_features == 784:
            found[:] = [_array(inputs[0])]

    hook = register_module_forward_pre_hook(see)
    try:
        yield
    finally:
        hook.remove()
        asked.extend(found)


def _pixels(images: np.ndarray) -> torch.Tensor:
    """Images of 0 to 255 as load_digits gives them: float32, from 0 to 1."""
    return torch.tensor(images.astype(np.float32) / 255)


def _flat(images: Any) -> np.ndarray:
    """Images (n, 28, 28) as rows (n, 784) in float64."""
    pixels = _array(images)
    return pixels.reshape(len(pixels), -1).astype(np.float64)


def _weights(model: nn.Module) -> list[np.ndarray]:
    """Copies of the model's parameters, in their order."""
    return [_array(parameter) for parameter in model.parameters()]


def _array(values: Any) -> np.ndarray:
    """A copy of a tensor, an array or a list, as an array."""
    return torch.as_tensor(values).detach().numpy().copy()
