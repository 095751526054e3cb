"""Probes for the hidden tests of all bugs. They run in the submission's process and return plain values.

The judge doesn't trust these values. For bugs 1 to 4, it repeats the training. For bugs 1, 2 and 3, it uses the
reported batches. If these are wrong, the judge's weights differ from the submission's. Where the judge doesn't repeat
the training, it makes up `targets`: classes or positions for the training and the validation rows, which replace those
of load_data. For bug 5, it makes up the rows as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_pre_hook
from torch.optim.optimizer import register_optimizer_step_post_hook

torch.set_num_threads(1)  # for networks this small, a second thread is no faster, and on a busy machine it is slower

ACCURACIES = ("train_accuracy", "validation_accuracy")
Targets = Sequence[np.ndarray] | None

# -------------------------------------------------------------------------------------------------------- bug 1: points


def bug1_data(submission: Any, seed: int) -> list[np.ndarray]:
    """Return the arrays of load_data: training points and classes, validation points and classes."""
    return _data(submission.bug1_never_learning, seed)


def bug1_training(submission: Any, seed: int, epochs: int, X: np.ndarray, targets: Targets = None) -> dict[str, Any]:
    """Train a seed's network; record the initial and final weights, the history, the batches and X's classes.

    X (n, 2) holds the points to classify after training.

    Shown as:
        {lines}
    """
    program = submission.bug1_never_learning
    model, run = _watched_training(program, seed, epochs, ACCURACIES, 2, targets=targets)
    return run | {"classes": _array(program.predict(model, torch.tensor(X)))}


def bug1_predictions(submission: Any, seeds: list[int], epochs: int, X: np.ndarray) -> list[dict[str, Any]]:
    """Train a network per seed; with each, predict for X, for X reversed, row by row, and for X again.

    Shown as:
        {lines}
    """
    return _predictions(submission.bug1_never_learning, seeds, epochs, torch.tensor(X))


# --------------------------------------------------------------------------------------------------------- bug 2: poses


def bug2_data(submission: Any, seed: int) -> list[np.ndarray]:
    """Return the arrays of load_data: training angles and positions, validation angles and positions."""
    return _data(submission.bug2_exploding_loss, seed)


def bug2_networks(submission: Any, seeds: list[int]) -> list[list[np.ndarray]]:
    """Return, for each seed, the parameters of its untrained network."""
    return [_weights(submission.bug2_exploding_loss.build_model(seed)) for seed in seeds]


def bug2_training(submission: Any, seed: int, epochs: int, X: np.ndarray, targets: Targets = None) -> dict[str, Any]:
    """Train a seed's network; record the initial and final weights, the history, the batches and X's positions.

    X (n, 2) holds the angles for which the trained network predicts positions.

    Shown as:
        {lines}
    """
    program = submission.bug2_exploding_loss
    model, run = _watched_training(program, seed, epochs, ["validation_loss"], 2, targets=targets)
    return run | {"positions": _array(program.predict(model, torch.tensor(X)))}


def bug2_predictions(submission: Any, seeds: list[int], epochs: int, X: np.ndarray) -> list[dict[str, Any]]:
    """Train a network per seed; with each, predict for X, for X reversed, row by row, and for X again.

    Shown as:
        {lines}
    """
    return _predictions(submission.bug2_exploding_loss, seeds, epochs, torch.tensor(X))


# -------------------------------------------------------------------------------------------------------- bug 3: digits


def bug3_data(submission: Any, seed: int, directions: np.ndarray) -> list[np.ndarray]:
    """Call load_data; for both parts, return the images' products with the directions (784, k), and the classes.

    Shown as:
        {lines}
    """
    X, y, X_validation, y_validation = _data(submission.bug3_plateau, seed)
    products = [images.reshape(len(images), -1).astype(np.float64) @ directions for images in (X, X_validation)]
    return [products[0], y, products[1], y_validation]


def bug3_classes(submission: Any, seed: int, epochs: int, images: np.ndarray, targets: Targets) -> np.ndarray:
    """Train a seed's network and predict the classes of images (n, 28, 28) from 0 to 1.

    Shown as:
        {lines}
    """
    program = submission.bug3_plateau
    model = program.build_model(seed)
    program.train(model, _loaded(program, seed, targets), epochs=epochs, seed=seed)
    return _array(program.predict(model, torch.tensor(images)))


def bug3_training(
    submission: Any, seed: int, epochs: int, directions: np.ndarray, images: np.ndarray
) -> dict[str, Any]:
    """Train a seed's network; record the initial and final weights, the history, and the inputs to the first layer.

    An epoch's inputs are too large to send. Instead, the probe returns each input's products with the judge's
    directions, which identify the input. `inputs` are the first layer's inputs when predict is called with the images
    (n, 28, 28), whose pixels go from 0 to 255.

    Shown as:
        {lines}
    """
    program = submission.bug3_plateau
    asked: list[np.ndarray] = []
    model, run = _watched_training(
        program, seed, epochs, ACCURACIES, 784, lambda batch: batch.astype(np.float64) @ directions
    )
    with _first_inputs(asked):
        program.predict(model, torch.tensor(images))
    return run | {"inputs": asked[0]}


def bug3_predictions(submission: Any, seeds: list[int], epochs: int, images: np.ndarray) -> list[dict[str, Any]]:
    """Train a network per seed, then predict the images with each: as given, reversed, one by one, and as given again.

    The images (n, 28, 28) have pixels from 0 to 1. `inputs` are the first layer's inputs in the first call.

    Shown as:
        {lines}
    """
    asked: list[np.ndarray] = []
    program, X = submission.bug3_plateau, torch.tensor(images)
    runs = _predictions(program, seeds, epochs, X, first=lambda: _first_inputs(asked))
    return [run | {"inputs": inputs} for run, inputs in zip(runs, asked, strict=True)]


@contextmanager
def _first_inputs(asked: list[np.ndarray]) -> Iterator[None]:
    """At the end, append the first layer's last input, or an empty array (0, 784), to the list."""
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


# --------------------------------------------------------------------------------------------------------- bug 4: speed


def bug4_run(submission: Any, seed: int, epochs: int, targets: Targets = None) -> dict[str, Any]:
    """Load a seed's data and train that seed's network; return its weights and the history.

    The judge calls this probe both to time the training and to compare it with its own. The probe has no hooks, so a
    program can't tell whether it is timed.
    """
    program = submission.bug4_slow_learner
    model = program.build_model(seed)
    history = program.train(model, _loaded(program, seed, targets), epochs=epochs, seed=seed)
    return {"weights": _weights(model), **_told(history, ACCURACIES)}


def bug4_beginning(submission: Any, seed: int) -> dict[str, Any]:
    """Return the start of a run: inputs and classes for training and validation, and the initial weights.

    The probe calls everything twice with this seed and once with another seed in between, and returns the last results.
    """
    program = submission.bug4_slow_learner
    for number in (seed, seed + 1, seed):
        data, model = program.load_data(number), program.build_model(number)
        arrays = [_array(part) for split in (data.train, data.validation) for part in (split.X, split.y)]
    return {"arrays": arrays, "weights": _weights(model)}


def bug4_generator(submission: Any, seed: int, epochs: int) -> list[np.ndarray]:
    """Repeat a training run from two different states of torch's global generator; return the states after it."""
    return [run["state"] for run in _beginnings(submission.bug4_slow_learner, seed, epochs)]


def bug4_predictions(submission: Any, seeds: list[int], X: np.ndarray) -> list[dict[str, Any]]:
    """Train a network per seed; with each, predict for X, for X reversed, row by row, and for X again.

    Shown as:
        {lines}
    """
    return _predictions(submission.bug4_slow_learner, seeds, 1, torch.tensor(X))


# --------------------------------------------------------------------------------------------------- bug 5: overfitting


def bug5_data(submission: Any, seed: int) -> list[np.ndarray]:
    """Return the arrays of load_data: training ratings and orders, validation ratings and orders."""
    return _data(submission.bug5_overfitting, seed)


def bug5_classes(submission: Any, seed: int, epochs: int, parts: Sequence[np.ndarray], X: np.ndarray) -> dict[str, Any]:
    """Train a seed's network on the judge's own guests; return the number of epochs and two answers for X (n, 24).

    Shown as:
        {lines}
    """
    program = submission.bug5_overfitting
    model = program.build_model(seed)
    history = program.train(model, _replaced(program, seed, parts), epochs=epochs, seed=seed)
    guests = torch.tensor(X)
    classes, again = (_array(program.predict(model, guests)) for _ in range(2))
    return {"epochs": len(history.loss), "classes": classes, "again": again}


def bug5_one_epoch(submission: Any, seed: int, parts: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Train a seed's network on the judge's own guests for one epoch; return its weights.

    Shown as:
        {lines}
    """
    program = submission.bug5_overfitting
    model = program.build_model(seed)
    program.train(model, _replaced(program, seed, parts), epochs=1, seed=seed)
    return _weights(model)


def bug5_training(submission: Any, seed: int, epochs: int) -> dict[str, Any]:
    """Train a seed's network; record the initial and final weights, the history, the steps and the optimizer."""
    program = submission.bug5_overfitting
    model = program.build_model(seed)
    before, sizes, last, optimizers = _weights(model), [], [], set()

    def see(module: nn.Module, inputs: tuple[Any, ...]) -> None:
        if inputs and isinstance(module, nn.Linear) and torch.is_grad_enabled():
            last[:] = [len(inputs[0])]

    def count(optimizer: Any, *_: Any) -> None:
        sizes.extend(last)
        last.clear()  # a second optimizer on the same batch isn't a second step
        optimizers.update((type(optimizer).__name__, g["lr"], g.get("momentum")) for g in optimizer.param_groups)

    hooks = [register_module_forward_pre_hook(see), register_optimizer_step_post_hook(count)]
    try:
        history = program.train(model, program.load_data(seed), epochs=epochs, seed=seed)
    finally:
        for hook in hooks:
            hook.remove()
    return {
        "before": before,
        "after": _weights(model),
        **_told(history, ACCURACIES),
        "steps": len(sizes),
        "batch_sizes": sorted(set(sizes)),
        "optimizers": [list(each) for each in sorted(optimizers, key=str)],
    }


def bug5_beginnings(submission: Any, seed: int, epochs: int) -> list[dict[str, Any]]:
    """Train twice, starting from different states of torch's global generator; return weights and final states."""
    return _beginnings(submission.bug5_overfitting, seed, epochs)


def bug5_predictions(submission: Any, seeds: list[int], X: np.ndarray) -> list[dict[str, Any]]:
    """Train a network per seed; with each, predict for X, for X reversed, row by row, and for X again.

    Before the last call to predict, the network is put into training mode.

    Shown as:
        {lines}
    """
    return _predictions(submission.bug5_overfitting, seeds, 2, torch.tensor(X), last=nn.Module.train)


def _replaced(program: Any, seed: int, parts: Sequence[np.ndarray]) -> Any:
    """Load a seed's data, and write other guests and orders over all of them."""
    data = program.load_data(seed)
    for tensor, values in zip(_tensors(data), parts, strict=True):
        tensor.copy_(torch.tensor(values))
    return data


def _tensors(data: Any) -> tuple[Any, ...]:
    return data.X_train, data.y_train, data.X_validation, data.y_validation


# ------------------------------------------------------------------------------------------------------ shared helpers


def _data(program: Any, seed: int) -> list[np.ndarray]:
    data = program.load_data(seed)
    return [_array(part) for part in _tensors(data)]


def _loaded(program: Any, seed: int, targets: Targets) -> Any:
    """Load a seed's data; if targets are given, write them over those for training and for validation."""
    data = program.load_data(seed)
    if targets is not None:
        both = (data.train.y, data.validation.y) if hasattr(data, "train") else (data.y_train, data.y_validation)
        for part, values in zip(both, targets, strict=True):
            torch.as_tensor(part).copy_(torch.tensor(values))
    return data


def _told(history: Any, kinds: Sequence[str]) -> dict[str, list[float]]:
    """Return a history's losses and its entries of these kinds as floats."""
    return {kind: [float(value) for value in getattr(history, kind)] for kind in ("loss", *kinds)}


def _watched_training(
    program: Any,
    seed: int,
    epochs: int,
    kinds: Sequence[str],
    n_inputs: int,
    report: Callable[[np.ndarray], np.ndarray] = np.asarray,
    targets: Targets = None,
) -> tuple[nn.Module, dict[str, Any]]:
    """Train a seed's network, and record the batches that pass through its first layer.

    That layer has `n_inputs` inputs. A batch is the layer's last input before an optimizer step, with gradients
    enabled. `report` converts it to the value that is returned.
    """
    model, data = program.build_model(seed), _loaded(program, seed, targets)
    before = _weights(model)
    seen: list[np.ndarray] = []
    steps: list[np.ndarray] = []

    def see(module: nn.Module, inputs: tuple[Any, ...]) -> None:
        if inputs and isinstance(module, nn.Linear) and module.in_features == n_inputs and torch.is_grad_enabled():
            seen[:] = [_array(inputs[0])]

    def count(*_: Any) -> None:
        steps.extend(map(report, seen))
        seen.clear()  # a second optimizer on the same batch isn't a second step

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
    """Train twice from different states of torch's global generator, and return weights and final states."""
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
    """Train a network per seed. With each, predict for X, for X reversed, row by row, and for X again.

    All networks are trained before the first prediction. The returned weights were taken before a network's first call
    to predict and after its last. The first call happens inside `first()`, and the last one after `last(model)`.
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
    return [_array(parameter) for parameter in model.parameters()]


def _array(values: Any) -> np.ndarray:
    return torch.as_tensor(values).detach().numpy().copy()
