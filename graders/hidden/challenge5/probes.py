"""What the hidden tests of all bugs have done beside the submission; plain values come back.

Nothing here is trusted: the judge repeats the training, of bugs 1, 2, 3 and 5 from the batches reported, so that a
report which is not what happened disagrees with the weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from hashlib import blake2b
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_pre_hook
from torch.optim.optimizer import register_optimizer_step_post_hook

torch.set_num_threads(1)  # networks this small gain nothing from a second, and lose much on a busy machine

ACCURACIES = ("train_accuracy", "validation_accuracy")

# -------------------------------------------------------------------------------------------------------- bug 1: points


def bug1_data(submission: Any, seed: int) -> list[np.ndarray]:
    """The arrays of load_data: points and classes for training, points and classes for validation."""
    return _data(submission.bug1_never_learning, seed)


def bug1_training(submission: Any, seed: int, epochs: int, X: np.ndarray) -> dict[str, Any]:
    """Train the network of a seed, watching: weights before and after, history, batches and classes for X (n, 2)."""
    program = submission.bug1_never_learning
    model, run = _watched_training(program, seed, epochs, ACCURACIES, 2)
    return run | {"classes": _array(program.predict(model, torch.tensor(X)))}


def bug1_predictions(submission: Any, seeds: list[int], epochs: int, X: np.ndarray) -> list[dict[str, Any]]:
    """A network per seed, all trained before any is asked: classes for X, for X backwards, row by row, once more."""
    return _predictions(submission.bug1_never_learning, seeds, epochs, torch.tensor(X))


# --------------------------------------------------------------------------------------------------------- bug 2: poses


def bug2_data(submission: Any, seed: int) -> list[np.ndarray]:
    """The arrays of load_data: angles and positions for training, angles and positions for validation."""
    return _data(submission.bug2_exploding_loss, seed)


def bug2_networks(submission: Any, seeds: list[int]) -> list[list[np.ndarray]]:
    """The parameters of the fresh network of every seed."""
    return [_weights(submission.bug2_exploding_loss.build_model(seed)) for seed in seeds]


def bug2_training(submission: Any, seed: int, epochs: int, X: np.ndarray) -> dict[str, Any]:
    """Train the network of a seed, watching: weights before and after, history, batches and positions for X (n, 2)."""
    program = submission.bug2_exploding_loss
    model, run = _watched_training(program, seed, epochs, ["validation_loss"], 2)
    return run | {"positions": _array(program.predict(model, torch.tensor(X)))}


def bug2_predictions(submission: Any, seeds: list[int], epochs: int, X: np.ndarray) -> list[dict[str, Any]]:
    """A network per seed, all trained before any is asked: positions for X, for X backwards, row by row, once more."""
    return _predictions(submission.bug2_exploding_loss, seeds, epochs, torch.tensor(X))


# -------------------------------------------------------------------------------------------------------- bug 3: digits


def bug3_data(submission: Any, seed: int, directions: np.ndarray) -> list[np.ndarray]:
    """What load_data gives: products of the images with the directions (784, k), and classes, of both parts."""
    X, y, X_validation, y_validation = _data(submission.bug3_plateau, seed)
    products = [images.reshape(len(images), -1).astype(np.float64) @ directions for images in (X, X_validation)]
    return [products[0], y, products[1], y_validation]


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

    An epoch of inputs is too much to send: of each input its products with the judge's directions come back, by which
    the judge knows it again. `inputs` are those of the first layer when predict is asked about the images (n, 28, 28)
    of 0 to 255.
    """
    program = submission.bug3_plateau
    asked: list[np.ndarray] = []
    model, run = _watched_training(
        program, seed, epochs, ACCURACIES, 784, lambda batch: batch.astype(np.float64) @ directions
    )
    with _first_inputs(asked):
        program.predict(model, _pixels(images))
    return run | {"inputs": asked[0]}


def bug3_predictions(submission: Any, seeds: list[int], epochs: int, images: np.ndarray) -> list[dict[str, Any]]:
    """A network per seed, all trained before any is asked: classes for the images (n, 28, 28) of 0 to 255, for them
    backwards, one by one, and once more. `inputs` are the first layer's in the first question.
    """
    asked: list[np.ndarray] = []
    program, X = submission.bug3_plateau, _pixels(images)
    runs = _predictions(program, seeds, epochs, X, first=lambda: _first_inputs(asked))
    return [run | {"inputs": inputs} for run, inputs in zip(runs, asked, strict=True)]


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


def _pixels(images: np.ndarray) -> Tensor:
    """Images of 0 to 255 as load_digits gives them: float32, from 0 to 1."""
    return torch.tensor(images.astype(np.float32) / 255)


# --------------------------------------------------------------------------------------------------------- bug 4: speed


def bug4_run(submission: Any, seed: int, epochs: int) -> dict[str, Any]:
    """From the data of a seed to the trained network of the seed: its weights and the history.

    This is what is timed and what is compared with the judge's own training: no hooks, nothing by which a program
    could tell the one from the other.
    """
    program = submission.bug4_slow_learner
    model = program.build_model(seed)
    history = program.train(model, program.load_data(seed), epochs=epochs, seed=seed)
    return {"weights": _weights(model), **_told(history, ACCURACIES)}


def bug4_beginning(submission: Any, seed: int) -> dict[str, Any]:
    """What a run begins with: inputs and classes for training and for validation, and the weights.

    Everything is asked for twice, in turns with another seed's; the second answer counts.
    """
    program = submission.bug4_slow_learner
    for number in (seed, seed + 1, seed):
        data, model = program.load_data(number), program.build_model(number)
        arrays = [_array(part) for split in (data.train, data.validation) for part in (split.X, split.y)]
    return {"arrays": arrays, "weights": _weights(model)}


def bug4_generator(submission: Any, seed: int, epochs: int) -> list[np.ndarray]:
    """The states of torch's global generator after the same run, begun in two different states."""
    return [run["state"] for run in _beginnings(submission.bug4_slow_learner, seed, epochs)]


def bug4_predictions(submission: Any, seeds: list[int], X: np.ndarray) -> list[dict[str, Any]]:
    """A network per seed, all trained before any is asked: classes for X, for X backwards, row by row, once more."""
    return _predictions(submission.bug4_slow_learner, seeds, 1, torch.tensor(X))


# ------------------------------------------------------------------------------------------------------- bug 5: dropout


def bug5_data(submission: Any, seed: int) -> list[np.ndarray]:
    """The arrays of load_data: images and labels for training, images and labels for validation."""
    return _data(submission.bug5_overfitting, seed)


def bug5_training(submission: Any, seed: int, epochs: int) -> dict[str, Any]:
    """Train the network of a seed, watching: weights before and after, history, and of every step the batch and masks.

    A batch is told by a fingerprint of every image, a mask by a bit for every unit of every image (1: left in).
    """
    program = submission.bug5_overfitting
    model, data = program.build_model(seed), program.load_data(seed)
    before = _weights(model)
    with _masks() as steps:
        history = program.train(model, data, epochs=epochs, seed=seed)
    return {
        "before": before,
        "after": _weights(model),
        **_told(history, ACCURACIES),
        "batch_sizes": [len(step[0]) for step in steps],
        "masks": [len(step) - 1 for step in steps],
        "images": _stack([step[0] for step in steps], 1),
        "input_masks": _stack([step[1] for step in steps], 784 // 8),
        "hidden_masks": _stack([step[2] for step in steps if len(step) > 2], 256 // 8),
    }


def bug5_beginnings(submission: Any, seed: int, epochs: int) -> list[dict[str, Any]]:
    """The same training twice, begun in different states of the global generator: the weights, and its state after."""
    return _beginnings(submission.bug5_overfitting, seed, epochs)


def bug5_predictions(submission: Any, seeds: list[int], X: np.ndarray) -> list[dict[str, Any]]:
    """A network per seed, all trained before any is asked: classes for X, for X backwards, row by row, and once more.

    Before the last question the network is put into the mode for training.
    """
    return _predictions(submission.bug5_overfitting, seeds, 2, torch.tensor(X), last=nn.Module.train)


@contextmanager
def _masks() -> Iterator[list[list[np.ndarray]]]:
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


# --------------------------------------------------------------------------------------------------------- of every bug


def _data(program: Any, seed: int) -> list[np.ndarray]:
    """The arrays of load_data."""
    data = program.load_data(seed)
    return [_array(part) for part in (data.X_train, data.y_train, data.X_validation, data.y_validation)]


def _told(history: Any, kinds: Sequence[str]) -> dict[str, list[float]]:
    """The loss and these other kinds of what a history tells."""
    return {kind: [float(value) for value in getattr(history, kind)] for kind in ("loss", *kinds)}


def _watched_training(
    program: Any,
    seed: int,
    epochs: int,
    kinds: Sequence[str],
    n_inputs: int,
    report: Callable[[np.ndarray], np.ndarray] = np.asarray,
) -> tuple[nn.Module, dict[str, Any]]:
    """Train the network of a seed, watching its first layer, which has so many inputs.

    A batch is what went last through that layer, with gradients on, before an optimizer stepped; `report` is what
    comes back of it.
    """
    model, data = program.build_model(seed), program.load_data(seed)
    before = _weights(model)
    seen: list[np.ndarray] = []
    steps: list[np.ndarray] = []

    def see(module: nn.Module, inputs: tuple[Any, ...]) -> None:
        if inputs and isinstance(module, nn.Linear) and module.in_features == n_inputs and torch.is_grad_enabled():
            seen[:] = [_array(inputs[0])]

    def count(*_: Any) -> None:
        steps.extend(map(report, seen))
        seen.clear()  # a second optimizer that steps on the same batch is no second step

    hooks = [register_module_forward_pre_hook(see), register_optimizer_step_post_hook(count)]
    try:
        history = program.train(model, data, epochs=epochs, seed=seed)
    finally:
        for hook in hooks:
            hook.remove()
    return model, {
        "before": before,
        "after": _weights(model),
        **_told(history, kinds),
        "batches": np.concatenate(steps) if steps else report(np.zeros((0, n_inputs), np.float32)),
        "batch_sizes": [len(step) for step in steps],
    }


def _beginnings(program: Any, seed: int, epochs: int) -> list[dict[str, Any]]:
    """The same training twice, begun in different states of the global generator: the weights, and its state after."""
    runs = []
    for other in (seed + 1, seed + 2):
        torch.manual_seed(other)
        model = program.build_model(seed)
        program.train(model, program.load_data(seed), epochs=epochs, seed=seed)
        runs.append({"weights": _weights(model), "state": torch.get_rng_state().numpy().copy()})
    return runs


def _predictions(
    program: Any,
    seeds: list[int],
    epochs: int,
    X: Tensor,
    first: Callable[[], AbstractContextManager[None]] = nullcontext,
    last: Callable[[nn.Module], object] = lambda _: None,
) -> list[dict[str, Any]]:
    """A network per seed, all trained before any is asked: answers for X, for X backwards, row by row, and once more.

    Weights are those before the first question and those after the last. The first question is asked inside `first()`,
    the last after `last(model)`.
    """
    models = [program.build_model(seed) for seed in seeds]
    for model, seed in zip(models, seeds, strict=True):
        program.train(model, program.load_data(seed), epochs=epochs, seed=seed)
    before = [_weights(model) for model in models]
    answers: list[list[np.ndarray]] = []
    for model in models:
        with first():
            whole = _array(program.predict(model, X))
        backwards = _array(program.predict(model, X.flip(0)))[::-1].copy()
        answers.append([whole, backwards, np.concatenate([_array(program.predict(model, row[None])) for row in X])])
    for model, answer in zip(models, answers, strict=True):
        last(model)
        answer.append(_array(program.predict(model, X)))
    return [
        {"before": weights, "after": _weights(model), "answers": answer}
        for weights, model, answer in zip(before, models, answers, strict=True)
    ]


def _weights(model: nn.Module) -> list[np.ndarray]:
    """Copies of the model's parameters, in their order."""
    return [_array(parameter) for parameter in model.parameters()]


def _array(values: Any) -> np.ndarray:
    """A copy of a tensor, an array or a list, as an array."""
    return torch.as_tensor(values).detach().numpy().copy()
