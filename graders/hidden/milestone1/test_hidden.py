"""Compare the earlier functions, backward and update with NumPy and autograd on fresh numbers, then train once more.

Tolerance: each gradient is a sum of products of softmax values, whose relative error grows with the largest logit. So
|error| <= c eps terms scale, where `terms` counts the terms of all sums and `scale` bounds their size.
"""

import importlib.util
import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from graders import datasets
from graders.checks import (
    about,
    assert_accuracy,
    assert_close,
    assert_equal,
    assert_parts,
    assert_speed,
    cases,
    generator,
    task,
)
from graders.checks.gradients import vector_jacobian_product
from graders.checks.mismatch import fail

_VISIBLE = importlib.util.spec_from_file_location(
    "visible_milestone1", Path(__file__).parents[3] / "katas" / "milestone1" / "test_milestone1.py"
)
visible = importlib.util.module_from_spec(_VISIBLE)
_VISIBLE.loader.exec_module(visible)
NAMES, forward, single, assert_names = visible.NAMES, visible.forward, visible.single, visible.assert_names

SLOWEST = 50.0  # times the solution's time; loops over images and units take 16 times as long, over all weights 110
LEAST = 0.9  # the solution reached at least 0.919 with each of 20 seeds


def network(draw, number=0):
    """Return parameters, a batch and labels. `number` selects the sizes: random ones, or 1 for one of them."""
    n, fan_in, hidden = draw.sizes("n fan_in hidden")
    classes = draw.sizes("classes", low=2, high=6)
    sizes = {1: (1, fan_in, hidden, classes), 2: (n, 1, hidden, classes), 3: (n, fan_in, 1, classes)}
    n, fan_in, hidden, classes = {**sizes, 4: (50, 784, 64, 10)}.get(number, (n, fan_in, hidden, classes))
    parameters = {
        "W1": draw.normal(hidden, fan_in, scale=1 / math.sqrt(fan_in)),
        "b1": draw.normal(hidden),
        "W2": draw.normal(classes, hidden, scale=1 / math.sqrt(hidden)),
        "b2": draw.normal(classes),
    }
    return parameters, draw.normal(n, fan_in), draw.integers(0, classes, n)


def with_last_class(labels, parameters):
    """Return labels in which the last class occurs: without it, some wrong answers raise an exception by chance."""
    return np.append(labels[:-1], len(parameters["b2"]) - 1)


def assert_gradients(actual, parameters, x, labels, dtype=np.float64):
    def loss(W1, b1, W2, b2):
        h = torch.relu(torch.tensor(x, dtype=torch.float64) @ W1.T + b1)
        return F.cross_entropy(h @ W2.T + b2, torch.tensor(labels))

    assert_names(actual)
    inputs = [parameters[name] for name in NAMES]
    expected = vector_jacobian_product(loss, inputs, 1.0)
    activations = forward(parameters, x)
    largest = {name: 1 + abs(array).max() for name, array in {**parameters, **activations}.items()}
    scale = largest["logits"] * (largest["h"] + largest["x"] * largest["W2"] * len(parameters["b2"]))
    terms = len(x) + parameters["W1"].size // parameters["b1"].size + sum(parameters["W2"].shape)
    for name, reference in zip(NAMES, expected, strict=True):
        assert_close(actual[name], reference, dtype=dtype, scale=scale, terms=terms, name=f'"{name}"')


@task("parts", title="exercise01: affine")
@cases(6)
def test_exercise01(kata, probes, draw):
    n, fan_in, fan_out = draw.sizes("n fan_in fan_out")
    W, x, b = draw.normal(fan_out, fan_in), draw.normal(n, fan_in), draw.normal(fan_out)
    with about("exercise01: affine(W, x, b) for a batch"):
        assert_close(kata.run(probes.affine, W, x, b), x @ W.T + b, scale=100.0, terms=fan_in)


@task("parts", title="exercise01: affine, for 50 images at once")
def test_exercise01_is_fast_enough(kata, probes, draw):
    def check(z, arguments):
        W, x, b = arguments
        assert_close(z, x @ W.T + b, scale=abs(x) @ abs(W).T + abs(b), terms=784)

    with about("exercise01: affine(W, x, b) for 50 images"):
        speed = kata.speed(
            probes.affine,
            lambda: (draw.normal(64, 784), draw.normal(50, 784), draw.normal(64)),
            check,
            rounds=3,
            at_most=SLOWEST,
            clock="cpu",
        )
        assert_speed(speed, at_most=SLOWEST)


@task("parts", title="exercise02: relu and relu_derivative")
@cases(6)
def test_exercise02(kata, probes, draw):
    z = draw.normal(*draw.sizes("n width"))
    relu, slope = assert_parts(kata.run(probes.relu_and_derivative, z), "relu", "relu_derivative")
    with about("exercise02: relu(z)"):
        assert_close(relu, np.maximum(z, 0))
    with about("exercise02: relu_derivative(z)"):
        assert_close(slope, (z > 0).astype(float))


@task("parts", title="exercise04: softmax and cross_entropy")
@cases(6)
def test_exercise04(kata, probes, draw):
    n, classes = draw.sizes("n classes")
    logits, labels = draw.normal(n, classes), draw.integers(0, classes, n)
    p, loss = assert_parts(kata.run(probes.softmax_and_loss, logits, labels), "softmax", "cross_entropy")
    expected = F.softmax(torch.tensor(logits), dim=-1).numpy()
    with about("exercise04: softmax(logits) of a batch"):
        assert_close(p, expected, scale=10.0, terms=classes)
    with about("exercise04: cross_entropy(logits, target) of a batch"):
        expected_loss = F.cross_entropy(torch.tensor(logits), torch.tensor(labels)).item()
        assert_close(loss, expected_loss, scale=100.0, terms=n + classes)


@task("parts", title="exercise05: affine_backward")
@cases(6)
def test_exercise05(kata, probes, draw):
    n, fan_in, fan_out = draw.sizes("n fan_in fan_out")
    dz, x, W = draw.normal(n, fan_out), draw.normal(n, fan_in), draw.normal(fan_out, fan_in)
    with about("exercise05: affine_backward(dz, x, W) of a batch"):
        dW, dx, db = assert_parts(kata.run(probes.affine_backward, dz, x, W), "dW", "dx", "db")
        assert_close(dW, dz.T @ x, scale=100.0, terms=n, name="dW")
        assert_close(dx, dz @ W, scale=100.0, terms=fan_out, name="dx")
        assert_close(db, dz.sum(axis=0), scale=100.0, terms=n, name="db")


@task("parts", title="exercise05: affine_backward, for 50 images at once")
def test_exercise05_is_fast_enough(kata, probes, draw):
    def check(gradients, arguments):
        dz, x, W = arguments
        dW, dx, db = assert_parts(gradients, "dW", "dx", "db")
        assert_close(dW, dz.T @ x, scale=abs(dz).T @ abs(x), terms=50, name="dW")
        assert_close(dx, dz @ W, scale=abs(dz) @ abs(W), terms=64, name="dx")
        assert_close(db, dz.sum(axis=0), scale=abs(dz).sum(axis=0), terms=50, name="db")

    with about("exercise05: affine_backward(dz, x, W) for 50 images"):
        speed = kata.speed(
            probes.affine_backward,
            lambda: (draw.normal(50, 64), draw.normal(50, 784), draw.normal(64, 784)),
            check,
            rounds=3,
            at_most=SLOWEST,
            clock="cpu",
        )
        assert_speed(speed, at_most=SLOWEST)


@task("parts", title="exercise07: initialize")
def test_exercise07(kata, probes, draw):
    with about('exercise07: initialize(784, 64, "he", rng)'):
        W = kata.run(probes.initialize, 784, 64, generator(draw.seed()))
        visible.assert_floats(W, (64, 784))
        std, expected = float(np.std(W)), math.sqrt(2 / 784)
        if not 0.9 * expected < std < 1.1 * expected:
            fail(f"the weights have a standard deviation of {std:.4f}, expected about {expected:.4f}", expected, std)


@task("backward", title="Networks and batches of any size")
@cases(24)
def test_networks_of_any_size(kata, draw):
    parameters, x, labels = network(draw, draw.case)
    assert_gradients(kata.backward(parameters, forward(parameters, x), labels), parameters, x, labels)


@task("backward", title="Two batches, one after the other")
def test_two_batches(kata, draw):
    for _ in range(2):
        parameters, x, labels = network(draw)
        assert_gradients(kata.backward(parameters, forward(parameters, x), labels), parameters, x, labels)


@task("update", title="Steps with fresh numbers")
@cases(12)
def test_steps_with_fresh_numbers(kata, draw):
    parameters, *_ = network(draw)
    gradients = {name: draw.normal(*array.shape) for name, array in parameters.items()}
    learning_rate = draw.uniform(0.01, 2.0)
    actual = kata.update(parameters, gradients, learning_rate)
    assert_names(actual)
    for name in NAMES:
        expected = parameters[name] - learning_rate * gradients[name]
        assert_close(actual[name], expected, scale=20.0, name=f'"{name}"')


@task("learns", title="Trained on 4000 digits, the network reads at least 90 % of 1000 others")
def test_the_network_learns(kata, probes, draw):
    trained = kata.run(probes.trained, 4000, draw.seed())
    images, labels = datasets.kept_back("mnist")
    assert_accuracy(visible.predictions(trained, images.reshape(-1, 784) / 255), labels, LEAST)


@task("types", title="float32 arrays give float32 arrays")
@cases(6)
def test_single_precision(kata, draw, probes):
    parameters, x, labels = network(draw)
    labels = with_last_class(labels, parameters)
    parameters, x = single(parameters), x.astype(np.float32)
    with visible.about_backward_in_float32(kata, probes):
        actual = kata.backward(parameters, forward(parameters, x), labels)
        assert_gradients(actual, parameters, x, labels, dtype=np.float32)
    gradients = {name: draw.normal(*array.shape, dtype=np.float32) for name, array in parameters.items()}
    stepped = kata.update(parameters, gradients, 0.5)
    assert_names(stepped)
    for name in NAMES:
        expected = parameters[name].astype(float) - 0.5 * gradients[name]
        assert_close(stepped[name], expected, scale=20.0, dtype=np.float32, name=f'"{name}"')


@task("inputs", title="A call changes neither its arguments nor an earlier result")
@cases(6)
def test_arguments_stay_as_they_are(kata, probes, draw):
    parameters, x, labels = network(draw)
    labels = with_last_class(labels, parameters)
    gradients = {name: draw.normal(*array.shape) for name, array in parameters.items()}
    calls = {"backward": [parameters, forward(parameters, x), labels], "update": [parameters, gradients, 0.5]}
    for name, arguments in calls.items():
        with about(f"the arguments of {name}, after the call"):
            assert_equal(kata.run(probes.arguments_after, name, arguments), arguments)
    again = [parameters, forward(parameters, -x), labels]
    before, after = assert_parts(kata.run(probes.two_calls, calls["backward"], again), "before", "after")
    with about("the gradients of the first call, after the second call"):
        assert_equal(after, before)
