"""Challenge 5: each fixed program is still the same program. The numbers are for seed 0."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graders.checks import task

EVERY_PROGRAM = {
    "build_model gives the same weights again": True,
    "predict answers the same after another training run": True,
    "predict answers the same in a different order": True,
    "predict gives one class for all with a model of zeros": True,
}
ONCE_SEEDED = {"only the seed decides": True, "train seeds the global generator": False}


def check(run: dict[str, Any], expected: dict[str, Any]) -> None:
    """Compare facts about a program with the expected ones; numbers may differ by a thousandth."""
    for what, value in {**expected, **EVERY_PROGRAM}.items():
        found = run.get(what, "nothing")
        if isinstance(value, list) and value and isinstance(value[0], float):
            same = np.shape(found) == np.shape(value) and np.allclose(found, value, rtol=1e-3, atol=1e-3)
        elif isinstance(value, float):
            same = isinstance(found, float) and math.isclose(found, value, rel_tol=1e-3)
        else:
            same = found == value
        assert same, f"{what}: found {found}, expected {value}"


def check_history(run: dict[str, Any], epochs: int) -> None:
    """Check that the history has a value per epoch, and that its last accuracies are those of the trained model."""
    for kind, values in run["history"].items():
        assert len(values) == epochs, f"the history has {len(values)} values of {kind} for {epochs} epochs"
    for kind, measured in zip(("train_accuracy", "validation_accuracy"), run["accuracies"], strict=True):
        told = run["history"][kind][-1]
        assert abs(told - measured) < 0.005, (
            f"{kind} at the end: the history says {told:.3f}, but the model has {measured:.3f}"
        )


def check_repeated(run: dict[str, Any], rows: int, epochs: int) -> None:
    """Check that training again on the same batches leads to the same weights."""
    assert run["strangers"] == 0, f"trained on {run['strangers']} rows that aren't in the training data"
    assert run["rows in each epoch"] == [rows] * epochs, (
        f"the epochs use {run['rows in each epoch']} different rows; each should use all {rows}"
    )
    apart = run["largest difference of weights"]
    assert apart < 1e-3, (
        f"the same steps from the same initial weights lead to different weights: they differ by {apart:.3g}"
    )


@task("bug1_program", title="Bug 1: same data, network, steps and history")
def test_bug1_is_still_the_same_program(kata: Any, probes: Any) -> None:
    run = kata.run(probes.program_facts, "bug1_never_learning", 0, 3)
    expected = {
        "sums of the data": [-17.25493, 137.0, -40.63684, 132.0],
        "shapes of the parameters": [[16, 2], [16], [16, 16], [16], [2, 16], [2]],
        "sum of the fresh weights": 54.50696,
        "steps": 24,
        "rows a batch": [32],
        "settings": {"matrices": [["SGD", 0.05, 0.9, 1e-4]], "biases": [["SGD", 0.05, 0.9, 0.0]]},
    }
    check(run, expected)
    check_repeated(run, 256, 3)
    fresh = run["loss of the fresh network"]  # does not depend on the order of the batches
    assert abs(fresh - 0.6857) < 1e-3, f"loss of the fresh network on all points: {fresh:.4f}, should be 0.6857"
    check_history(run, 3)
    means = np.reshape(run["losses"], (3, 8)).mean(axis=1)
    assert np.allclose(run["history"]["loss"], means, atol=1e-3), (
        f"the losses of the epochs are {run['history']['loss']} in the history, but these batches give {means.tolist()}"
    )


@task("bug2_program", title="Bug 2: same data, network, steps and history")
def test_bug2_is_still_the_same_program(kata: Any, probes: Any) -> None:
    run = kata.run(probes.program_facts, "bug2_exploding_loss", 0, 3)
    expected = {
        "sums of the data": [-0.66783, 458.23591, -21.55649, 224.93286],
        "shapes of the parameters": [[64, 2], [64], [64, 64], [64], [64, 64], [64], [2, 64], [2]],
        "fresh biases": 0.0,
        "steps": 48,
        "rows a batch": [32],
        "settings": {"matrices": [["SGD", 0.03, 0.9, 0]], "biases": [["SGD", 0.03, 0.9, 0]]},
    }
    check(run, expected)
    for found, fan_in, part in zip(
        run["spread of the fresh weights"], (2, 64, 64, 64), (0.4, 0.1, 0.1, 0.4), strict=True
    ):
        promised = math.sqrt(2 / fan_in)
        assert abs(found / promised - 1) < part, (
            f"fresh weights of a layer with fan-in {fan_in}: standard deviation {found:.3f} instead of {promised:.3f}"
        )
    assert run["a different seed gives different weights"], "two different seeds give the same fresh weights"
    check_repeated(run, 512, 3)
    loss, validation = run["history"]["loss"], run["history"]["validation_loss"]
    assert np.allclose(loss, run["losses"], rtol=2e-2), (
        f"the losses of the batches are {loss[:4]}… in the history, but these batches give {run['losses'][:4]}…"
    )
    assert math.isclose(validation[-1], run["validation loss"], rel_tol=2e-2), (
        f"validation loss at the end: the history says {validation[-1]:.4f}, the model has {run['validation loss']:.4f}"
    )


@task("bug3_program", title="Bug 3: same data, network, steps and history")
def test_bug3_is_still_the_same_program(kata: Any, probes: Any) -> None:
    run = kata.run(probes.program_facts, "bug3_plateau", 0, 2)
    expected = {
        "shapes of the data": [[3000, 28, 28], [3000], [1000, 28, 28], [1000]],
        "sums of the data": [307752.8, 13567.0, 102661.9, 4431.0],
        "shapes of the parameters": [[64, 784], [64], [10, 64], [10]],
        "sum of the fresh weights": 934.1909,
        "steps": 120,
        "rows a batch": [50],
        "settings": {"matrices": [["SGD", 0.02, 0.9, 0]], "biases": [["SGD", 0.02, 0.9, 0]]},
    }
    check(run, expected)
    mean, deviation, distinct, _, spread = run["inputs"]
    assert abs(mean) < 0.01, f"the mean of all inputs of the first layer is {mean:.3f}; standardised inputs have 0"
    assert spread > 0.1, (
        f"every image has the same mean (they differ by {spread:.3f}): standardise over all pixels of all images"
    )
    assert abs(deviation - 1) < 0.01, (
        f"the standard deviation of all inputs of the first layer is {deviation:.3f} instead of 1"
    )
    assert distinct == 3000, f"the network was trained on {distinct} different inputs, but there are 3000 images"
    check_history(run, 2)
    first = run["history"]["loss"][0]
    assert 0.5 < first < 1.1, f"the mean loss of the first epoch is {first:.3f}; a healthy run has about 0.8"


@task("bug4_program", title="Bug 4: same data, network, steps and history")
def test_bug4_is_still_the_same_program(kata: Any, probes: Any) -> None:
    run = kata.run(probes.program_facts, "bug4_slow_learner", 0, 2)
    expected = {
        "shapes of the data": [[2000, 784], [2000], [1000, 784], [1000]],
        "shapes of the parameters": [[64, 784], [64], [10, 64], [10]],
        "sum of the fresh weights": 934.1909,
        "steps": 100,
        "rows a batch": [40],
        "settings": {"matrices": [["SGD", 0.01, 0.9, 0]], "biases": [["SGD", 0.01, 0.9, 0]]},
        **ONCE_SEEDED,
    }
    check(run, expected)
    check_history(run, 2)
    healthy = {
        "loss": [1.07447, 0.40880],
        "train_accuracy": [0.886, 0.929],
        "validation_accuracy": [0.867, 0.890],
    }
    check(run["history"] | {name: run[name] for name in EVERY_PROGRAM}, healthy)
    deviation = run["inputs"][1]
    assert abs(deviation - 0.99936) < 2e-4, (
        f"standard deviation of all inputs of the first layer: {deviation:.5f}; with .std(dim=1) it is 0.99936"
    )


@task("bug5_program", title="Bug 5: same data, network, optimizer and batches, and a true history")
def test_bug5_is_still_the_same_program(kata: Any, probes: Any) -> None:
    run = kata.run(probes.program_facts, "bug5_overfitting", 0, 4)
    expected = {
        "sums of the data": [-79.16643, 2683.0, -471.6077, 4569.0],
        "shapes of the parameters": [[128, 24], [128], [128, 128], [128], [10, 128], [10]],
        "sum of the fresh weights": 1109.06622,
        "rows a batch": [50],
        **ONCE_SEEDED,
    }
    check(run, expected)
    assert run["steps"] <= 48, f"the optimizer took {run['steps']} steps; 4 epochs of 600 guests have 48"
    for kind, settings in run["settings"].items():  # the last number is the weight decay, which is free
        assert [each[:3] for each in settings] == [["SGD", 0.05, 0.9]], f"the optimizer of the {kind} is {settings}"
    told = run["history"]
    epochs = len(told["loss"])
    assert 1 <= epochs <= 4, f"the history has {epochs} losses for 4 epochs"
    pairs = list(zip(told["train_accuracy"], told["validation_accuracy"], strict=True))
    assert len(pairs) == epochs, f"the history has {epochs} losses and {len(pairs)} accuracies"
    assert any(np.allclose(pair, run["accuracies"], atol=0.005) for pair in pairs), (
        f"the trained model has the accuracies {run['accuracies']}, but no epoch of the history says so: {pairs}"
    )
    peeked = kata.run(probes.bug5_uses_validation_rows, 0)
    assert not peeked, "after one epoch, the weights depend on the validation guests: they may only be used to measure"
