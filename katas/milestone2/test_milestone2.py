"""Check the functions from your earlier katas, your block on numbers that you can verify by hand, and networks."""

import math
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import torch

from graders import datasets
from graders.checks import (
    Mismatch,
    about,
    assert_accuracy,
    assert_bernoulli,
    assert_close,
    assert_equal,
    assert_gradient,
    assert_near,
    assert_parts,
    assert_shape,
    generator,
    task,
)
from graders.checks.mismatch import fail, is_observing

# the worked example: one row of four numbers, whose mean is 2 and whose variance is 1; the third unit is dropped
z = np.array([[1.0, 1.0, 3.0, 3.0]])
gamma = np.array([1.0, 1.0, 1.0, 2.0])
beta = np.array([2.0, 0.0, 0.0, 0.0])
mask = np.array([[1.0, 1.0, 0.0, 1.0]])
dh = np.array([[1.0, 2.0, 3.0, 1.0]])

batch = np.array([[1.0, 2.0, -1.0, 0.5], [0.0, 3.0, 1.0, -2.0], [2.0, 2.5, 2.0, 1.0]])
batch_dh = np.array([[1.0, -2.0, 0.5, 1.0], [3.0, 1.0, -1.0, 2.0], [-1.0, 2.0, 1.0, 0.5]])
batch_mask = np.array([[1.0, 0.0, 1.0, 1.0], [1.0, 1.0, 1.0, 0.0], [0.0, 1.0, 1.0, 1.0]])
batch_gamma = np.array([1.0, 0.5, 2.0, -1.0])
batch_beta = np.array([0.25, 0.5, 1.0, -0.25])

close = partial(assert_close, scale=20.0)  # up to rounding, in sums of a few numbers of at most this size

SIZES = [784, 64, 64, 64, 10]
HEALTHY = (False, [0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0], 1.0)  # training, shifts of blocks, factors of layers, rate
FAULTY = {
    "mode": [(True, *HEALTHY[1:])],
    "dead units": [(False, [0.0, -10.0, 0.0], *HEALTHY[2:]), (False, [-10.0, -10.0, -10.0], *HEALTHY[2:])],
    "weights": [
        (*HEALTHY[:2], factors, 1.0)
        for factors in ([1e6, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1e8], [1.0, 1e8, 1.0, 1.0], [1.0, 1e8, 1.0, 1e10])
    ],
    "learning rate": [(*HEALTHY[:3], 1e-6), (*HEALTHY[:3], 1e4)],
}
MAY_CHANGE = {
    "mode": {"training"},
    "dead units": {"betas", "gammas", "biases"},
    "weights": {"weights", "biases"},
    "learning rate": {"learning_rate"},
}


def network_of(sizes, seed, training, shifts, factors, rate):
    """Return a DeepNetwork's parameters and settings: healthy ones, changed by these shifts and factors."""
    rng = np.random.default_rng(seed)
    pairs = list(pairwise(sizes))
    factors, shifts = [*factors, *[1.0] * len(pairs)], [*shifts, *[0.0] * len(pairs)]
    return {
        "weights": [k * rng.normal(0, math.sqrt(2 / n), (m, n)) for k, (n, m) in zip(factors, pairs, strict=False)],
        "biases": [np.zeros(width) for width in sizes[1:]],
        "gammas": [np.ones(width) for width in sizes[1:-1]],
        "betas": [np.full(width, shift) for width, shift in zip(sizes[1:-1], shifts, strict=False)],
        "training": training,
        "learning_rate": 0.2 * rate,
        "p_drop": 0.1,
    }


def normalised(z, gamma, beta):
    return gamma * (z - z.mean(axis=1, keepdims=True)) / np.sqrt(z.var(axis=1, keepdims=True) + 1e-5) + beta


def single(arrays):
    return [array.astype(np.float32) for array in arrays]


def about_float32(kata, probes, name):
    """Name this function in failures, and the earlier functions whose results for float32 arrays are wider."""
    z, gamma, beta, _, mask = single([batch, batch_gamma, batch_beta, batch_dh, batch_mask])
    results = (
        ("exercise02: relu", assert_parts(kata.run(probes.relu_and_derivative, z), "relu", "slope")[0]),
        ("exercise02: relu_derivative", assert_parts(kata.run(probes.relu_and_derivative, z), "relu", "slope")[1]),
        ("exercise08: dropout", kata.run(probes.dropout, z, mask, 0.25)),
        ("exercise09: layer_norm", assert_parts(kata.run(probes.layer_norm, z, gamma, beta), "with", "without")[0]),
    )
    wider = [earlier for earlier, result in results if getattr(result, "dtype", None) != np.float32]
    hint = f" (float32 gives no float32 in {' and '.join(wider)}, so look at that exercise's task `types` first)"
    return about(f"{name} of float32 arrays{hint if wider else ''}")


def block(mask, p_drop):
    """Return a block of PyTorch with this mask, or without dropout."""
    factor = 1.0 if mask is None else torch.tensor(mask, dtype=torch.float64) / (1 - p_drop)
    return lambda z, gamma, beta: factor * torch.relu(torch.nn.functional.layer_norm(z, z.shape[-1:], gamma, beta))


def assert_gradients(actual, dh, z, gamma, beta, mask, p_drop, dtype=np.float64):
    """Compare gradients with those of PyTorch's autograd and with central differences."""
    for index, name in enumerate(("dz", "dgamma", "dbeta")):
        gradient = assert_parts(actual, "dz", "dgamma", "dbeta")[index]
        with about(f"block_backward: {name}"):
            inputs = [z, gamma, beta]
            assert_gradient(gradient, block(mask, p_drop), inputs, dh, index, scale=100.0, terms=len(z), dtype=dtype)


def assert_shapes(network, subject):
    shapes = {
        "weights": [(64, 784), (64, 64), (64, 64), (10, 64)],
        "biases": [(64,), (64,), (64,), (10,)],
        "gammas": [(64,)] * 3,
        "betas": [(64,)] * 3,
    }
    for name, expected in shapes.items():
        with about(f"`{name}` of {subject}"):
            arrays = assert_parts(network[name], *(f"{name}[{k}]" for k in range(len(expected))))
        for array, shape in zip(arrays, expected, strict=True):
            with about(f"an array in `{name}` of {subject}"):
                assert_shape(array, shape)


def accuracy_of(network, images):
    """Return the classes that a trained network finds in images, without dropout."""
    assert_shapes(network, "the trained network")
    h = images
    with np.errstate(all="ignore"):  # a network that has diverged reads nothing, which the accuracy shows
        for k in range(3):
            z = h @ network["weights"][k].T + network["biases"][k]
            h = np.maximum(normalised(z, network["gammas"][k], network["betas"][k]), 0)
        return (h @ network["weights"][3].T + network["biases"][3]).argmax(axis=1)


def trained_further(network, images, labels, seed):
    """Return the network after three epochs of deep_training.train, computed with PyTorch."""
    names = ("weights", "biases", "gammas", "betas")
    images, labels, rng = torch.tensor(images), torch.tensor(labels), torch.Generator().manual_seed(seed)
    parameters = {name: [torch.tensor(each, dtype=torch.float64) for each in network[name]] for name in names}
    flat = [parameter.requires_grad_() for name in names for parameter in parameters[name]]
    epochs, batches = 3, len(images) // 50
    for step in range(epochs * batches):
        if step % batches == 0:
            order = torch.randperm(len(images), generator=rng)
        rows = order[step % batches * 50 :][:50]
        h = images[rows]
        for W, b, gamma, beta in zip(*parameters.values(), strict=False):
            y = torch.nn.functional.layer_norm(h @ W.T + b, b.shape, gamma, beta)
            h = torch.relu(y) * torch.bernoulli(torch.full_like(y, 0.9), generator=rng) / 0.9
        logits = h @ parameters["weights"][-1].T + parameters["biases"][-1]
        gradients = torch.autograd.grad(torch.nn.functional.cross_entropy(logits, labels[rows]), flat)
        rate = float(network["learning_rate"]) * (1 - step / (epochs * batches))
        with torch.no_grad():
            for parameter, gradient in zip(flat, gradients, strict=True):
                parameter -= rate * gradient
    return {name: [parameter.detach().numpy() for parameter in parameters[name]] for name in names}


def all_digits():
    folder = datasets.folder("mnist")
    return np.load(folder / "images.npy").reshape(-1, 784) / 255, np.load(folder / "labels.npy")


def digits():
    """Return 3000 images and their classes, and 1000 others and their classes."""
    images, labels = all_digits()
    return (images[:3000], labels[:3000]), (images[3000:], labels[3000:])


def broken(kata, probe, sizes, seed, training, shifts, factors, rate, *arguments):
    """Run a probe on a network, of which it gets no more than the parameters and settings."""
    names = ("sizes", "seed", "training", "shifts", "factors", "rate")
    shown = dict(zip(names, (sizes, seed, training, shifts, factors, rate), strict=True))
    network = network_of(*shown.values())
    return network, kata.run(probe, network, *arguments, **shown)


def diagnoses(kata, probes, seed, bias, factor, equal_rows):
    """Return three diagnoses of a network of exercise 10 with this bias and this factor in its first layer."""
    rng = np.random.default_rng(seed)
    weights = [rng.normal(0, math.sqrt(2 / n), (m, n)) for n, m in pairwise([8, 32, 32, 3])]
    biases = [np.full(32, bias), np.zeros(32), np.zeros(3)]
    weights[0] *= factor
    X, y = rng.standard_normal((100, 8)), np.arange(100) % 3
    X[:equal_rows] = X[0]
    shown = {"seed": seed, "bias": bias, "factor": factor, "equal_rows": equal_rows}
    return kata.run(probes.diagnoses, weights, biases, X, y, **shown)


def assert_fault(kata, probes, expected, *recipe):
    _, found = broken(kata, probes.fault_of, *recipe)
    if not isinstance(found, str) or found != expected:
        sizes, _, training, shifts, factors, rate = recipe
        story = f"training = {training}, betas + {shifts}, weights · {factors}, learning rate · {rate:g}"
        story = f"a network with the sizes {sizes}, {story}"
        fail(f"find_fault of {story}: expected {expected!r}, got {found!r}", expected, found)


def assert_only_changed(before, after, fault):
    """Check that a repair has changed nothing except what this fault has broken."""
    if not isinstance(after, dict) or set(after) != set(before):
        raise Mismatch("expected a network after the repair", None, None)
    for name in sorted(before.keys() - MAY_CHANGE.get(fault, set())):
        pairs = [(name, before[name], after[name])]
        if isinstance(before[name], list):
            names = [f"{name}[{k}]" for k in range(len(before[name]))]
            pairs = zip(names, before[name], assert_parts(after[name], *names), strict=True)
        for place, old, new in pairs:
            if not np.array_equal(old, new):
                message = f"repair of a network with the fault {fault!r} has changed network.{place}, which was healthy"
                fail(message, old, new)
                return


def assert_repaired(kata, probes, fault, recipe, seen, unseen, seed):
    """Repair a network, train it with PyTorch for three epochs, and test it on images that it hasn't seen."""
    before, after = broken(kata, probes.repaired, SIZES, seed, *recipe, generator(seed + 1))
    assert_only_changed(before, after, fault)
    if is_observing():
        return
    if not np.array_equal(after["training"], False):
        fail(f"network.training, after the repair: expected False, got {after['training']}", False, after["training"])
    rate = after["learning_rate"]
    if not isinstance(rate, int | float | np.number) and not (isinstance(rate, np.ndarray) and rate.shape == ()):
        fail(f"network.learning_rate, after the repair: expected a number, got {rate}", None, rate)
    assert_shapes(after, "the network, after the repair")
    for k, W in enumerate(after["weights"]):
        if not W.std() < 100:  # healthy weights have 0.3 at most, and faulty ones 50 000 or more
            message = f"network.weights[{k}], after the repair: expected weights below 1, got a standard deviation"
            fail(f"{message} of {W.std():.2g}", None, W)
    with about(f"a network with the fault {fault!r}, after the repair and three epochs of training"):
        images, labels = unseen
        assert_accuracy(accuracy_of(trained_further(after, *seen, seed), images), labels, 0.85)


@task("parts", title="exercise01: affine")
def test_exercise01(kata, probes):
    W, x = np.array([[1.0, 0.5], [-1.0, 0.0]]), np.array([[1.0, 2.0], [-1.0, 1.0]])
    with about("exercise01: affine(W, x, b) for a batch"):
        actual = kata.run(probes.affine, W, x, np.array([1.0, 2.0]))
        close(actual, np.array([[3.0, 1.0], [0.5, 3.0]]))


@task("parts", title="exercise02: relu and relu_derivative")
def test_exercise02(kata, probes):
    result = kata.run(probes.relu_and_derivative, np.array([[2.0, -1.0], [0.0, 0.5]]))
    value, slope = assert_parts(result, "relu", "relu_derivative")
    with about("exercise02: relu(z)"):
        assert_close(value, np.array([[2.0, 0.0], [0.0, 0.5]]))
    with about("exercise02: relu_derivative(z)"):
        assert_close(slope, np.array([[1.0, 0.0], [0.0, 1.0]]))


@task("parts", title="exercise04: softmax and cross_entropy")
def test_exercise04(kata, probes):
    logits = np.array([[2.0, 2.0], [math.log(3), 0.0]])
    p, loss = assert_parts(kata.run(probes.softmax_and_loss, logits, np.array([0, 1])), "softmax", "cross_entropy")
    with about("exercise04: softmax(logits) of a batch"):
        close(p, np.array([[0.5, 0.5], [0.75, 0.25]]))
    with about("exercise04: cross_entropy(logits, target) of a batch"):
        close(loss, math.log(8) / 2)


@task("parts", title="exercise05: affine_backward")
def test_exercise05(kata, probes):
    dz, x, W = np.array([[2.0, -1.0], [1.0, 2.0]]), np.array([[3.0, 4.0], [0.0, 1.0]]), np.array([[1, 0], [0.5, -1]])
    with about("exercise05: affine_backward(dz, x, W) of a batch"):
        dW, dx, db = assert_parts(kata.run(probes.affine_backward, dz, x, W), "dW", "dx", "db")
        close(dW, np.array([[6.0, 9.0], [-3.0, -2.0]]), name="dW")
        close(dx, np.array([[1.5, 1.0], [2.0, -2.0]]), name="dx")
        close(db, np.array([3.0, 1.0]), name="db")


@task("parts", title="exercise07: initialize")
def test_exercise07(kata, probes):
    with about('exercise07: initialize(784, 64, "he", rng)'):
        W = kata.run(probes.initialize, 784, 64, generator(1))
        assert_shape(W, (64, 784))
        std, expected = float(np.std(W)), math.sqrt(2 / 784)
        if not 0.9 * expected < std < 1.1 * expected:
            fail(f"the weights have a standard deviation of {std:.4f}, expected about {expected:.4f}", expected, std)


@task("parts", title="exercise08: dropout and dropout_mask")
def test_exercise08(kata, probes):
    with about("exercise08: dropout(h, mask, 0.2) of a batch"):
        dropped = kata.run(probes.dropout, np.array([[1.0, 2.0], [4.0, 0.0]]), np.array([[1.0, 0.0], [1.0, 1.0]]), 0.2)
        close(dropped, np.array([[1.25, 0.0], [5.0, 0.0]]))
    with about("exercise08: dropout_mask((50, 64), 0.2, rng)"):
        drawn = kata.run(probes.dropout_mask, (50, 64), 0.2, generator(1))
        assert_shape(drawn, (50, 64))
        assert_bernoulli(drawn, 0.8)


@task("parts", title="exercise09: layer_norm")
def test_exercise09(kata, probes):
    both, plain = assert_parts(kata.run(probes.layer_norm, batch, batch_gamma, batch_beta), "with", "without")
    with about("exercise09: layer_norm(x, gamma, beta, 1e-5) of a batch"):
        assert_close(both, normalised(batch, batch_gamma, batch_beta), scale=100.0)
    with about("exercise09: layer_norm(x) of a batch"):
        assert_close(plain, normalised(batch, 1.0, 0.0), scale=100.0)


@task("parts", title="exercise10: three diagnostics")
def test_exercise10(kata, probes):
    names = ("activations_are_healthy", "gradients_flow", "can_overfit_tiny_batch")
    for number, bias, factor, equal_rows, story in (
        (None, 0.0, 1.0, 0, "a healthy network"),
        (0, -1000.0, 1.0, 0, "a network with dead units"),
        (1, 0.0, 1e8, 0, "a network whose first weights are 10^8 times too large"),
        (2, 0.0, 1.0, 8, "a network and eight equal samples of three classes"),
    ):
        answers = assert_parts(diagnoses(kata, probes, 1, bias, factor, equal_rows), *names)
        for place, (name, answer) in enumerate(zip(names, answers, strict=True)):
            if number in (None, place):
                with about(f"exercise10: {name} of {story}"):
                    assert_equal(answer, number is None)


@task("forward", title="The worked example, in evaluation")
def test_the_worked_example_in_evaluation(kata):
    h, no_mask = assert_parts(kata.block_forward(z, gamma, beta, 0.5, generator(1), False), "h", "mask")
    assert_near(h, np.array([[1.0, 0.0, 1.0, 2.0]]), relative=1e-4, name="h")
    if no_mask is not None:
        fail(f"mask: expected None in evaluation, got {no_mask}", None, no_mask)


@task("forward", title="A batch in evaluation")
def test_a_batch_in_evaluation(kata):
    h, _ = assert_parts(kata.block_forward(batch, batch_gamma, batch_beta, 0.25, generator(1), False), "h", "mask")
    assert_close(h, np.maximum(normalised(batch, batch_gamma, batch_beta), 0), scale=100.0, name="h")


@task("forward", title="A batch in training: h is masked and scaled up")
@pytest.mark.parametrize("p_drop", [0.0, 0.25, 0.5])
def test_a_batch_in_training(kata, p_drop):
    wide = np.tile(batch, (100, 5))
    scales, shifts = np.tile(batch_gamma, 5), np.tile(batch_beta, 5)
    h, drawn = assert_parts(kata.block_forward(wide, scales, shifts, p_drop, generator(2), True), "h", "mask")
    with about("block_forward: the mask"):
        assert_shape(drawn, wide.shape)
        assert_bernoulli(drawn, 1 - p_drop)
    expected = np.maximum(normalised(wide, scales, shifts), 0) * np.asarray(drawn, dtype=float) / (1 - p_drop)
    assert_close(h, expected, scale=100.0, name="h, for the mask that you returned")


@task("forward", title="Every call in training draws a fresh mask from rng")
def test_masks_are_fresh(kata, probes):
    masks = [kata.run(probes.blocks_in_a_row, 3, batch, batch_gamma, batch_beta, 0.5, generator(3)) for _ in range(2)]
    for each in masks:
        assert_shape(each, (3, *batch.shape))
    if not np.array_equal(*masks):
        fail("the masks of three calls differ from those with another generator of the same seed", masks[0], masks[1])
    if any(np.array_equal(masks[0][k], masks[0][k + 1]) for k in range(2)):
        fail("two calls with the same generator, one after the other, have the same mask", None, masks[0])


@task("backward", title="The worked example")
def test_the_worked_example(kata):
    dz, dgamma, dbeta = assert_parts(kata.block_backward(dh, z, gamma, beta, mask, 0.5), "dz", "dgamma", "dbeta")
    assert_near(dz, np.array([[1.0, -1.0, -2.0, 2.0]]), absolute=1e-3, name="dz")
    assert_near(dgamma, np.array([-2.0, 0.0, 0.0, 2.0]), absolute=1e-3, name="dgamma")
    assert_near(dbeta, np.array([2.0, 0.0, 0.0, 2.0]), absolute=1e-3, name="dbeta")


@task("backward", title="A batch of three, without dropout")
def test_a_batch_without_dropout(kata):
    arguments = (batch_dh, batch, batch_gamma, batch_beta, None, 0.25)
    assert_gradients(kata.block_backward(*arguments), *arguments)


@task("backward", title="A batch of three, with dropout")
def test_a_batch_with_dropout(kata):
    arguments = (batch_dh, batch, batch_gamma, batch_beta, batch_mask, 0.25)
    assert_gradients(kata.block_backward(*arguments), *arguments)


@task("backward", title="Each row alone, and rows that are ten times as large")
def test_each_row_alone(kata):
    for k in range(3):
        arguments = (batch_dh[[k]], batch[[k]], batch_gamma, batch_beta, batch_mask[[k]], 0.25)
        assert_gradients(kata.block_backward(*arguments), *arguments)
    arguments = (batch_dh, 10 * batch, batch_gamma, batch_beta, batch_mask, 0.5)
    assert_gradients(kata.block_backward(*arguments), *arguments)


@task("learns", title="Trained on 3000 digits, the network reads at least 90 % of 1000 others")
def test_the_network_learns(kata, probes):
    trained = kata.run(probes.trained, 3000, 1)
    _, (images, labels) = digits()
    assert_accuracy(accuracy_of(trained, images), labels, 0.9)


@task("faults", title="Healthy networks")
def test_healthy_networks(kata, probes):
    for sizes in (SIZES, [784, 32, 10], [784, 48, 48, 10]):
        assert_fault(kata, probes, "none", sizes, 1, *HEALTHY)


@task("faults", title="Each fault, built into a deep network")
@pytest.mark.parametrize("fault", FAULTY)
def test_each_fault(kata, probes, fault):
    for recipe in FAULTY[fault]:
        assert_fault(kata, probes, fault, SIZES, 2, *recipe)


@task("repair", title="A healthy network stays as it is")
def test_a_healthy_network_stays(kata, probes):
    before, after = broken(kata, probes.repaired, SIZES, 3, *HEALTHY[:3], 0.75, generator(4))
    assert_only_changed(before, after, "none")


@task("repair", title="After the repair, three epochs are enough to read 85 % of unseen digits")
@pytest.mark.parametrize("fault", FAULTY)
def test_a_repaired_network_learns(kata, probes, fault):
    assert_repaired(kata, probes, fault, FAULTY[fault][-1], *digits(), 4)


@task("types", title="float32 arrays give float32 arrays")
def test_single_precision(kata, probes):
    z, gamma, beta, dh, mask = single([batch, batch_gamma, batch_beta, batch_dh, batch_mask])
    with about_float32(kata, probes, "block_forward"):
        for training in (False, True):
            h, drawn = assert_parts(kata.block_forward(z, gamma, beta, 0.25, generator(5), training), "h", "mask")
            factor = np.asarray(drawn, dtype=float) / 0.75 if training else 1.0
            expected = np.maximum(normalised(batch, batch_gamma, batch_beta), 0) * factor
            assert_close(h, expected, dtype=np.float32, scale=100.0, name="h")
    with about_float32(kata, probes, "block_backward"):
        actual = kata.block_backward(dh, z, gamma, beta, mask, 0.25)
        assert_gradients(actual, batch_dh, batch, batch_gamma, batch_beta, batch_mask, 0.25, dtype=np.float32)


@task("inputs", title="A call leaves its arguments as they are")
def test_arguments_stay_as_they_are(kata, probes):
    calls = {
        "block_forward": [batch, batch_gamma, batch_beta, 0.25],
        "block_backward": [batch_dh, batch, batch_gamma, batch_beta, batch_mask, 0.25],
    }
    h, _ = assert_parts(kata.block_forward(batch, batch_gamma, batch_beta, 0.25, generator(1), False), "h", "mask")
    assert_shape(h, batch.shape)
    for name, arguments in calls.items():
        with about(f"the arguments of {name}, after the call"):
            assert_equal(kata.run(probes.arguments_after, name, arguments), arguments)
