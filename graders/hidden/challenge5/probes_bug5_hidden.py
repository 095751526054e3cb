"""What the hidden tests have done beside the submission; plain values come back.

Nothing here is trusted: the judge repeats the training from the batches and the masks reported, so that a report which
is not what happened disagrees with the weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.optimizer import register_optimizer_step_post_hook

torch.set_num_threads(1)  # networks this small gain nothing from a second, and lose much on a busy machine


def bug5_data(submission: ModuleType, seed: int) -> list[np.ndarray]:
    """The arrays of load_data: images and labels for training, images and labels for validation."""
    data = submission.bug5_overfitting.load_data(seed)
    return [_array(part) for part in (data.X_train, data.y_train, data.X_validation, data.y_validation)]


def bug5_training(submission: ModuleType, seed: int, epochs: int) -> dict[str, Any]:
    """Train the network of a seed, watching: weights before and after, history, and of every step the batch and masks.

    A batch is told by a fingerprint of every image, a mask by a bit for every unit of every image (1: left in).
    """
    program = submission.bug5_overfitting
    model, data = program.build_model(seed), program.load_data(seed)
    before = _weights(model)
    with _watched() as steps:
        history = program.train(model, data, epochs=epochs, seed=seed)
    return {
        "before": before,
        "after": _weights(model),
        "loss": [float(value) for value in history.loss],
        "train_accuracy": [float(value) for value in history.train_accuracy],
        "validation_accuracy": [float(value) for value in history.validation_accuracy],
        "batch_sizes": [len(step[0]) for step in steps],
        "masks": [len(step) - 1 for step in steps],
        "images": _stack([step[0] for step in steps], 1),
        "input_masks": _stack([step[1] for step in steps], 784 // 8),
        "hidden_masks": _stack([step[2] for step in steps if len(step) > 2], 256 // 8),
    }


def bug5_beginnings(submission: ModuleType, seed: int, epochs: int) -> list[dict[str, Any]]:
    """The same training twice, begun in different states of the global generator: the weights, and its state after."""
    program = submission.bug5_overfitting
    runs = []
    for other in (seed + 1, seed + 2):
        torch.manual_seed(other)
        model = program.build_model(seed)
        program.train(model, program.load_data(seed), epochs=epochs, seed=seed)
        runs.append({"weights": _weights(model), "state": torch.get_rng_state().numpy().copy()})
    return runs


def bug5_predictions(submission: ModuleType, seeds: list[int], X: np.ndarray) -> list[dict[str, Any]]:
    """A network per seed, all trained before any is asked: classes for X, for X backwards, row by row, and once more.

    Before the last question the network is put into the mode for training. Weights are those before the first
    question and those after the last.
    """
    program = submission.bug5_overfitting
    models = [program.build_model(seed) for seed in seeds]
    for model, seed in zip(models, seeds, strict=True):
        program.train(model, program.load_data(seed), epochs=2, seed=seed)
    before = [_weights(model) for model in models]
    images = torch.tensor(X)
    answers = [
        [
            _array(program.predict(model, images)),
            _array(program.predict(model, images.flip(0)))[::-1].copy(),
            np.array([int(program.predict(model, row[None])[0]) for row in images]),
            _array(program.predict(model.train(), images)),
        ]
        for model in models
    ]
    return [
        {"before": weights, "after": _weights(model), "classes": answer}
        for weights, model, answer in zip(before, models, answers, strict=True)
    ]


@contextmanager
def _watched() -> Iterator[list[list[np.ndarray]]]:
    """Yields what grows by an entry a step: fingerprints of the batch, and the masks in the order of the layers."""
    steps: list[list[np.ndarray]] = []
    passed: list[np.ndarray] = []
    dropout = nn.functional.dropout

    def seen(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
        mask = dropout(torch.ones_like(input), p, training)
        if input.shape[-1] == 784:
            passed[:] = [_fingerprints(input)]
        passed.append(np.packbits(mask.numpy() != 0, axis=1))
        return input.mul_(mask) if inplace else input * mask

    def count(*_: Any) -> None:
        if passed:
            steps.append(list(passed))
        passed.clear()  # a second optimizer that steps on the same batch is no second step

    hook = register_optimizer_step_post_hook(count)
    nn.functional.dropout = seen
    try:
        yield steps
    finally:
        nn.functional.dropout = dropout
        hook.remove()


def _fingerprints(images: Tensor) -> np.ndarray:
    """Eight bytes (n, 8) for every image (n, 784), of its pixels in 255ths."""
    pixels = np.rint(images.detach().numpy() * 255).clip(0, 255).astype(np.uint8)
    return np.array([list(blake2b(row.tobytes(), digest_size=8).digest()) for row in pixels], np.uint8)


def _stack(arrays: list[np.ndarray], width: int) -> np.ndarray:
    """All rows of the arrays, one after the other; (0, width) where there are none."""
    return np.concatenate(arrays) if arrays else np.zeros((0, width), np.uint8)


def _weights(model: nn.Module) -> list[np.ndarray]:
    """Copies of the model's parameters, in their order."""
    return [_array(parameter) for parameter in model.parameters()]


def _array(values: Any) -> np.ndarray:
    """A copy of a tensor, an array or a list, as an array."""
    return torch.as_tensor(values).detach().numpy().copy()
