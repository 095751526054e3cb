"""Test the fix of bug 1 by repeating the training, without trusting the history.

The judge has its own copy of the rings, the network and the training, so it can check points, classes and weights. It
repeats the training on the reported batches. If the report is false, or if the submission's weights come from another
training run, the judge ends up with different weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from graders.checks import MadeUpClasses, assert_close, assert_equal, cases, made_up_classes, task
from graders.hidden.challenge5.replay import (
    MADE_UP,
    Data,
    Descent,
    Replay,
    assert_classes,
    assert_fresh,
    assert_shapes,
    assert_whole_epochs,
    batches_by_content,
    distance,
    predicted_by,
    share_right,
    tanh_logits,
    trained_by,
    weights_of,
)

EPOCHS = 100
N_POINTS, BATCH_SIZE = 256, 32
LEARNING_RATE, MOMENTUM, WEIGHT_DECAY = 0.05, 0.9, 1e-4
SHAPES = [(16, 2), (16,), (16, 16), (16,), (2, 16), (2,)]

# Thresholds, each with the values that the solution had over many seeds.
# Loss on the training points after training, divided by the loss before. It was at most 0.27 in 10 000 runs, and would
# be 1.0 if nothing was learned.
FALL = 0.5
# Accuracy on new points. It was at least 0.924 in 10 000 runs and at least 0.959 in 99.9 % of them; guessing gives 0.5.
FRESH_ACCURACY = 0.85
# Distance between the judge's weights and the submission's, divided by the distance from the initial weights. Rounding
# causes 1e-6, and a learning rate that is 2 % larger causes 1e-2.
DRIFT = 1e-3
# Share of the points whose predicted class rounding may change: 2 of 256 are allowed, and none changed in 200 runs.
POINTS_ON_EDGE = 0.01


MADE_UP_CLASSES = """from graders.checks import made_up_classes
made_up = made_up_classes(program.rings(2000, np.random.default_rng({}))[0].numpy(), {}, 2, 4)
rng = np.random.default_rng({})
for classes in (data.y_train, data.y_validation):
    classes.copy_(torch.tensor(made_up.of(program.rings({}, rng)[0].numpy())))"""
NEW_POINTS = """points = program.rings(2000, np.random.default_rng({}))[0]
right = program.predict(model, points).numpy() == made_up.of(points.numpy())
print("right for new points:", right.mean())"""
LOSS = {
    "what": "loss on the training points",
    "measured": "torch.nn.functional.cross_entropy(model(data.X_train), data.y_train).item()",
}


def ring_points(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw points on rings with radii 1 and 2 and radial noise of 0.2, and return them with their ring numbers."""
    y = rng.integers(0, 2, n)
    angle = rng.uniform(0, 2 * np.pi, n)
    radius = np.array([1.0, 2.0])[y] + rng.normal(0, 0.2, n)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).astype(np.float32), y


def data_of(seed: int) -> Data:
    """Return a seed's points (n, 2) float32 and classes (n,) int64."""
    rng = np.random.default_rng(seed)
    return Data(*ring_points(N_POINTS, rng), *ring_points(N_POINTS, rng))


def fresh_network(seed: int) -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 2))


def mean_loss(weights: list[np.ndarray], X: np.ndarray, y: np.ndarray) -> float:
    return float(F.cross_entropy(torch.tensor(tanh_logits(weights, X)), torch.tensor(y)))


def batches_of(run: dict[str, Any], data: Data, epochs: int) -> list[Tensor]:
    """Check that the reported epochs are complete, and return the batches as row numbers of the training points."""
    batches = batches_by_content(run["batches"], run["batch_sizes"], data.X_train, "points")
    assert_whole_epochs(batches, epochs, BATCH_SIZE, N_POINTS, "points")
    return batches


def replay(seed: int, data: Data, batches: list[Tensor]) -> Replay:
    """Train the seed's network on these batches in float64."""
    network = fresh_network(seed).double()
    descent = Descent(network.parameters(), LEARNING_RATE, MOMENTUM, WEIGHT_DECAY)
    X, y = torch.tensor(data.X_train, dtype=torch.float64), torch.tensor(data.y_train)
    losses: list[float] = []
    accuracies: list[tuple[float, float]] = []
    for step, batch in enumerate(batches, start=1):
        loss = F.cross_entropy(network(X[batch]), y[batch])
        descent.step(loss)
        losses.append(loss.item())
        if step * BATCH_SIZE % N_POINTS == 0:
            weights = weights_of(network)
            accuracies.append((share_right(weights, data.X_train, data.y_train), share_right(weights, *data[2:])))
    per_epoch = np.reshape(losses, (-1, N_POINTS // BATCH_SIZE)).mean(axis=1)
    return Replay(weights_of(network), per_epoch.tolist(), *map(list, zip(*accuracies, strict=True)))


def made_up_targets(draw: Any, seed: int) -> tuple[MadeUpClasses, list[np.ndarray], str]:
    """Make up classes 0 and 1, by the nearest of four points; return them for a seed's data, and a program's lines."""
    of_points, of_classes = draw.seed(), draw.seed()
    made_up = made_up_classes(ring_points(2000, np.random.default_rng(of_points))[0], of_classes, 2, 4)
    lines, data = MADE_UP_CLASSES.format(of_points, of_classes, seed, N_POINTS), data_of(seed)
    return made_up, [made_up.of(data.X_train), made_up.of(data.X_validation)], lines


@task("bug1_learns", title="Bug 1: the loss falls, every layer learns, and new points are classified")
@cases(3)
def test_bug1_every_layer_learns_and_new_points_are_classified(kata: Any, draw: Any, probes: Any) -> None:
    seed, of_new = draw.seed(), draw.seed()
    new, _ = ring_points(2000, np.random.default_rng(of_new))
    made_up, targets, lines = made_up_targets(draw, seed)
    lines = trained_by("bug1_never_learning", seed, EPOCHS, made_up=lines, report=NEW_POINTS.format(of_new), **LOSS)
    run = kata.run(probes.bug1_training, seed, EPOCHS, new, targets, lines=lines)
    assert_shapes(run["before"], SHAPES)
    assert_shapes(run["after"], SHAPES)
    X, y = data_of(seed).X_train, targets[0]
    first, last = mean_loss(run["before"], X, y), mean_loss(run["after"], X, y)
    assert last < FALL * first, f"{MADE_UP}: the loss is {first:.4f} before training and {last:.4f} after it"
    moved = [not np.array_equal(a, b) for a, b in zip(run["before"], run["after"], strict=True)]
    assert all(moved), f"{moved.count(False)} of {len(moved)} parameters are the same after training as before"

    y, classes = made_up.of(new), run["classes"]
    assert classes.shape == y.shape, f"predict returns shape {classes.shape} for {len(y)} points"
    correct = float(np.mean(classes == y))
    assert correct >= FRESH_ACCURACY, f"{MADE_UP}: {correct:.1%} of 2000 new points are classified correctly"


@task("bug1_program", title="Bug 1: the seed decides the data")
@cases(3)
def test_bug1_the_seed_decides_the_data(kata: Any, draw: Any, probes: Any) -> None:
    seed = draw.seed()
    X, y, X_validation, y_validation = kata.run(probes.bug1_data, seed)
    expected = data_of(seed)
    assert_close(X, expected.X_train)
    assert_close(X_validation, expected.X_validation)
    assert_equal((y, y_validation), (expected.y_train, expected.y_validation))


@task("bug1_program", title="Bug 1: the same training gives the same network, and a true history")
@cases(2)
def test_bug1_the_same_training_and_a_true_history(kata: Any, draw: Any, probes: Any) -> None:
    seed, epochs = draw.seed(), (EPOCHS, 7)[draw.case % 2]
    data = data_of(seed)
    lines = trained_by("bug1_never_learning", seed, epochs, **LOSS)
    run = kata.run(probes.bug1_training, seed, epochs, data.X_train, lines=lines)
    assert_shapes(run["before"], SHAPES)
    fresh = weights_of(fresh_network(seed))
    assert_fresh(run["before"], fresh, seed)
    batches = batches_of(run, data, epochs)
    assert_shapes(run["after"], SHAPES)
    truth = replay(seed, data, batches)
    drift = distance(run["after"], truth.weights) / distance(fresh, truth.weights)
    assert drift <= DRIFT, (
        f"{epochs} epochs of the program's own training (SGD at {LEARNING_RATE}, momentum {MOMENTUM}, weight decay "
        f"{WEIGHT_DECAY} for the matrices) on these batches give weights that differ from yours by {drift:.1%}"
    )
    assert len(run["loss"]) == epochs, f"the history has {len(run['loss'])} losses for {epochs} epochs"
    for epoch, (told, true) in enumerate(zip(run["loss"], truth.loss, strict=True), start=1):
        assert abs(told - true) <= DRIFT, (
            f"epoch {epoch}: the history says the loss is {told:.4f}; these batches give {true:.4f}"
        )
    for kind in ("train_accuracy", "validation_accuracy"):
        told, true = np.array(run[kind]), np.array(getattr(truth, kind))
        assert told.shape == true.shape, f"the history has {told.size} values of {kind} for {epochs} epochs"
        apart = float(abs(told - true).max())
        assert apart <= POINTS_ON_EDGE, f"{kind} in the history is wrong by up to {apart:.3f}"


@task("bug1_program", title="Bug 1: predict uses the model it is given and nothing else")
def test_bug1_predict_uses_only_the_model_it_is_given(kata: Any, draw: Any, probes: Any) -> None:
    seeds = [draw.seed() for _ in range(3)]
    X = draw.uniform(-3.0, 3.0, 40, 2, dtype=np.float32)
    lines = predicted_by("bug1_never_learning", seeds, 5)
    runs = kata.run(probes.bug1_predictions, seeds, 5, X, lines=lines)
    assert len(runs) == len(seeds), f"{len(runs)} of {len(seeds)} networks returned predictions"
    for run in runs:
        assert_shapes(run["before"], SHAPES)
        assert_equal(run["after"], run["before"])
        assert len(run["answers"]) == 4, "expected four predictions from each network"
        for classes in run["answers"]:
            assert_classes(classes, tanh_logits(run["before"], X), "points")
