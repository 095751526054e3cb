"""Check the functions from your earlier katas, then backward and update on numbers that you can verify by hand."""

import math
from functools import partial

import numpy as np
import torch

from graders import datasets
from graders.checks import (
    about,
    assert_accuracy,
    assert_close,
    assert_equal,
    assert_gradient,
    assert_parts,
    assert_shape,
    assert_speed,
    generator,
    task,
)
from graders.checks.mismatch import fail

NAMES = ("W1", "b1", "W2", "b2")

# the worked example: one sample through a network with two inputs, two hidden units and two classes
parameters = {
    "W1": np.array([[1.0, 0.5], [-1.0, 0.0]]),
    "b1": np.array([0.0, 0.0]),
    "W2": np.array([[1.0, 1.0], [2.0, -1.0]]),
    "b2": np.array([2.0, 0.0]),
}
x = np.array([[1.0, 2.0]])
gradients = {
    "W1": np.array([[0.5, 1.0], [0.0, 0.0]]),
    "b1": np.array([0.5, 0.0]),
    "W2": np.array([[-1.0, 0.0], [1.0, 0.0]]),
    "b2": np.array([-0.5, 0.5]),
}
batch = np.array([[1.0, 2.0], [-1.0, 1.0], [2.0, -3.0], [0.5, 0.5]])
labels = np.array([0, 1, 1, 0])

close = partial(assert_close, scale=20.0)  # up to rounding, in sums of a few numbers of at most this size

# a step of the training: 50 images, and a layer of 64 units
_rng = np.random.default_rng(1)
_shapes = {"W": (64, 784), "x": (50, 784), "b": (64,), "dz": (50, 64)}
large = {name: _rng.normal(size=shape) for name, shape in _shapes.items()}


def forward(parameters, x):
    """Return what the supplied forward pass returns, for a batch x."""
    z1 = x @ parameters["W1"].T + parameters["b1"]
    h = np.maximum(z1, 0)
    return {"x": x, "z1": z1, "h": h, "logits": h @ parameters["W2"].T + parameters["b2"]}


def single(arrays):
    return {name: array.astype(np.float32) for name, array in arrays.items()}


def about_float32(name, *results):
    """Name this function in failures, and the earlier functions whose results for float32 arrays are wider.

    `results` are pairs of an earlier function's name and its result.
    """
    wider = [earlier for earlier, result in results if getattr(result, "dtype", None) != np.float32]
    hint = f" (float32 gives no float32 in {' and '.join(wider)}, so look at that exercise's task `types` first)"
    return about(f"{name} of float32 arrays{hint if wider else ''}")


def about_backward_in_float32(kata, probes):
    z, labels = np.array([[2.0, -1.0], [0.0, 0.5]], dtype=np.float32), np.array([0, 1])
    return about_float32(
        "backward",
        ("exercise02: relu_derivative", assert_parts(kata.run(probes.relu_and_derivative, z), "relu", "slope")[1]),
        ("exercise04: softmax", assert_parts(kata.run(probes.softmax_and_loss, z, labels), "p", "loss")[0]),
        ("exercise05: affine_backward", assert_parts(kata.run(probes.affine_backward, z, z, z), "dW", "dx", "db")[0]),
    )


def assert_names(actual):
    """Check that a result is a dict with an array for each parameter."""
    if not isinstance(actual, dict) or set(actual) != set(NAMES):
        got = f"the keys {', '.join(map(repr, actual))}" if isinstance(actual, dict) else f"a {type(actual).__name__}"
        fail(f"expected a dict with the keys 'W1', 'b1', 'W2' and 'b2', got {got}", NAMES, actual)


def assert_gradients(actual, x, labels, dtype=np.float64):
    """Compare gradients with those of PyTorch's autograd and with central differences."""

    def loss(*values):
        W1, b1, W2, b2 = values
        h = torch.relu(torch.tensor(x, dtype=torch.float64) @ W1.T + b1)
        return torch.nn.functional.cross_entropy(h @ W2.T + b2, torch.tensor(labels))

    assert_names(actual)
    inputs = [parameters[name] for name in NAMES]
    for index, name in enumerate(NAMES):
        with about(f'the gradient with respect to "{name}"'):
            assert_gradient(actual[name], loss, inputs, 1.0, index, scale=50.0, terms=len(x), dtype=dtype)


def assert_floats(array, shape):
    assert_shape(array, shape)
    if array.dtype.kind != "f":
        fail(f"expected an array of floats, got dtype {array.dtype}", "float64", str(array.dtype))


def predictions(parameters, images):
    """Return the classes that a trained network finds in images."""
    assert_names(parameters)
    for name, shape in (("W1", (64, 784)), ("b1", (64,)), ("W2", (10, 64)), ("b2", (10,))):
        with about(f'the trained parameter "{name}"'):
            assert_floats(parameters[name], shape)
    with np.errstate(all="ignore"):  # a network that has diverged reads nothing, which the accuracy shows
        return forward(parameters, images)["logits"].argmax(axis=1)


def assert_fast_enough(kata, probes, probe, inputs, check):
    """Compare the CPU time of a call, which the judge measures, with that of a plain loop over the weights.

    Matrix products take a tenth of that time, and Python loops over the images and units take half of it.
    """
    speed = kata.speed(
        probe,
        inputs,
        check,
        rounds=3,
        at_most=2.0,
        clock="cpu",
        than=lambda same, *_: same.run(probes.weight_by_weight, large["W"], large["x"][:10]),
    )
    assert_speed(speed, at_most=2.0, than="the time of a Python loop over all weights for 10 images")


@task("parts", title="exercise01: affine")
def test_exercise01(kata, probes):
    with about("exercise01: affine(W, x, b) for a batch"):
        z = kata.run(probes.affine, parameters["W1"], batch[:2], np.array([1.0, 2.0]))
        close(z, np.array([[3.0, 1.0], [0.5, 3.0]]))


@task("parts", title="exercise01: affine, for 50 images at once")
def test_exercise01_is_fast_enough(kata, probes):
    with about("exercise01: affine(W, x, b) for 50 images"):
        W, x, b = (large[name] for name in ("W", "x", "b"))
        expected, scale = x @ W.T + b, abs(x) @ abs(W).T + abs(b)

        def check(z, _):
            assert_close(z, expected, scale=scale, terms=784)

        assert_fast_enough(kata, probes, probes.affine, lambda: (W, x, b), check)


@task("parts", title="exercise02: relu and relu_derivative")
def test_exercise02(kata, probes):
    result = kata.run(probes.relu_and_derivative, np.array([[2.0, -1.0], [0.0, 0.5]]))
    z, slope = assert_parts(result, "relu", "relu_derivative")
    with about("exercise02: relu(z)"):
        assert_close(z, np.array([[2.0, 0.0], [0.0, 0.5]]))
    with about("exercise02: relu_derivative(z)"):
        assert_close(slope, np.array([[1.0, 0.0], [0.0, 1.0]]))


@task("parts", title="exercise04: softmax and cross_entropy")
def test_exercise04(kata, probes):
    logits = np.array([[2.0, 2.0], [math.log(3), 0.0], [0.0, 30.0]])
    p, loss = assert_parts(kata.run(probes.softmax_and_loss, logits, np.array([0, 1, 0])), "softmax", "cross_entropy")
    small = 1 / (1 + math.exp(30))
    with about("exercise04: softmax(logits) of a batch"):
        close(p, np.array([[0.5, 0.5], [0.75, 0.25], [small, 1 - small]]))
    with about("exercise04: cross_entropy(logits, target) of a batch, one target with a probability of 1e-13"):
        close(loss, (math.log(8) - math.log(small)) / 3)


@task("parts", title="exercise05: affine_backward")
def test_exercise05(kata, probes):
    dz, x, W = np.array([[2.0, -1.0], [1.0, 2.0]]), np.array([[3.0, 4.0], [0.0, 1.0]]), np.array([[1, 0], [0.5, -1]])
    with about("exercise05: affine_backward(dz, x, W) of a batch"):
        dW, dx, db = assert_parts(kata.run(probes.affine_backward, dz, x, W), "dW", "dx", "db")
        close(dW, np.array([[6.0, 9.0], [-3.0, -2.0]]), name="dW")
        close(dx, np.array([[1.5, 1.0], [2.0, -2.0]]), name="dx")
        close(db, np.array([3.0, 1.0]), name="db")


@task("parts", title="exercise05: affine_backward, for 50 images at once")
def test_exercise05_is_fast_enough(kata, probes):
    with about("exercise05: affine_backward(dz, x, W) for 50 images"):
        dz, x, W = (large[name] for name in ("dz", "x", "W"))

        def check(gradients, _):
            dW, dx, db = assert_parts(gradients, "dW", "dx", "db")
            assert_close(dW, dz.T @ x, scale=abs(dz).T @ abs(x), terms=50, name="dW")
            assert_close(dx, dz @ W, scale=abs(dz) @ abs(W), terms=64, name="dx")
            assert_close(db, dz.sum(axis=0), scale=abs(dz).sum(axis=0), terms=50, name="db")

        assert_fast_enough(kata, probes, probes.affine_backward, lambda: (dz, x, W), check)


@task("parts", title="exercise07: initialize")
def test_exercise07(kata, probes):
    with about('exercise07: initialize(784, 64, "he", rng)'):
        W = kata.run(probes.initialize, 784, 64, generator(1))
        assert_floats(W, (64, 784))
        std, expected = float(np.std(W)), math.sqrt(2 / 784)
        if not 0.9 * expected < std < 1.1 * expected:
            fail(f"the weights have a standard deviation of {std:.4f}, expected about {expected:.4f}", expected, std)


@task("backward", title="The worked example: one sample")
def test_the_worked_example(kata):
    actual = kata.backward(parameters, forward(parameters, x), np.array([0]))
    assert_names(actual)
    for name in NAMES:
        close(actual[name], gradients[name], name=name)


@task("backward", title="A batch of four: the gradients of the mean loss")
def test_a_batch(kata):
    assert_gradients(kata.backward(parameters, forward(parameters, batch), labels), batch, labels)


@task("backward", title="Each sample alone, and the batch in another order")
def test_each_sample_and_another_order(kata):
    for row, label in zip(batch, labels, strict=True):
        actual = kata.backward(parameters, forward(parameters, row[None]), np.array([label]))
        assert_gradients(actual, row[None], np.array([label]))
    actual = kata.backward(parameters, forward(parameters, batch[::-1]), labels[::-1].copy())
    assert_gradients(actual, batch[::-1].copy(), labels[::-1].copy())


@task("backward", title="Where z1 is exactly 0, nothing passes the ReLU")
def test_a_hidden_layer_at_zero(kata):
    zero = parameters | {"b1": np.zeros_like(parameters["b1"])}
    actual = kata.backward(zero, forward(zero, np.zeros_like(x)), np.array([0]))
    assert_names(actual)
    close(actual["b1"], zero["b1"], name="b1")


@task("update", title="One step with the worked example")
def test_one_step(kata):
    expected = {
        "W1": np.array([[0.95, 0.4], [-1.0, 0.0]]),
        "b1": np.array([-0.05, 0.0]),
        "W2": np.array([[1.1, 1.0], [1.9, -1.0]]),
        "b2": np.array([2.05, -0.05]),
    }
    actual = kata.update(parameters, gradients, 0.1)
    assert_names(actual)
    for name in NAMES:
        close(actual[name], expected[name], name=name)


@task("update", title="Another learning rate")
def test_another_learning_rate(kata):
    actual = kata.update(parameters, gradients, 2.0)
    assert_names(actual)
    for name in NAMES:
        close(actual[name], parameters[name] - 2.0 * gradients[name], name=name)


@task("learns", title="Trained on 3000 digits, the network reads at least 90 % of 1000 others")
def test_the_network_learns(kata, probes):
    trained = kata.run(probes.trained, 3000, 1)
    folder = datasets.folder("mnist")
    images = np.load(folder / "images.npy")[3000:].reshape(-1, 784) / 255
    assert_accuracy(predictions(trained, images), np.load(folder / "labels.npy")[3000:], 0.9)


@task("types", title="float32 arrays give float32 arrays")
def test_single_precision(kata, probes):
    own = single(parameters)
    with about_backward_in_float32(kata, probes):
        actual = kata.backward(own, forward(own, batch.astype(np.float32)), labels)
        assert_gradients(actual, batch, labels, dtype=np.float32)
    stepped = kata.update(own, single(gradients), 0.1)
    assert_names(stepped)
    for name in NAMES:
        expected = parameters[name] - 0.1 * gradients[name]
        assert_close(stepped[name], expected, scale=5.0, dtype=np.float32, name=name)


@task("inputs", title="A call changes neither its arguments nor an earlier result")
def test_arguments_stay_as_they_are(kata, probes):
    calls = {
        "backward": [parameters, forward(parameters, batch), labels],
        "update": [parameters, gradients, 0.1],
    }
    for name, arguments in calls.items():
        with about(f"the arguments of {name}, after the call"):
            assert_equal(kata.run(probes.arguments_after, name, arguments), arguments)
    again = [parameters, forward(parameters, batch[::-1]), labels]
    before, after = assert_parts(kata.run(probes.two_calls, calls["backward"], again), "before", "after")
    assert_names(before)
    with about("the gradients of the first call, after the second call"):
        assert_equal(after, before)
    others, _ = assert_parts(kata.run(probes.two_calls, again, calls["backward"]), "before", "after")
    assert_names(others)
    if all(np.array_equal(others[name], before[name]) for name in NAMES):
        fail("expected other gradients for other images, got the same ones", "other gradients", "the same gradients")
