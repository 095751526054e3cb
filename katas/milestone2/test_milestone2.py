"""Check the functions from your earlier katas, your block on numbers that you can verify by hand, and networks."""

import math

import numpy as np
import pytest
import torch

from graders import datasets
from graders.checks import (
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
from graders.checks.mismatch import fail

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

SIZES = [784, 64, 64, 64, 10]
HEALTHY = (False, [0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0], 1.0)  # training, shifts of blocks, factors of layers, rate
FAULTY = {
    "mode": [(True, *HEALTHY[1:])],
    "dead units": [(False, [0.0, -10.0, 0.0], *HEALTHY[2:]), (False, [-10.0, -10.0, -10.0], *HEALTHY[2:])],
    "weights": [(*HEALTHY[:2], [1e6, 1.0, 1.0, 1.0], 1.0), (*HEALTHY[:2], [1.0, 1.0, 1.0, 1e8], 1.0)],
    "learning rate": [(*HEALTHY[:3], 1e-6), (*HEALTHY[:3], 1e4)],
}
MAY_CHANGE = {
    "mode": {"training"},
    "dead units": {"betas", "gammas", "biases"},
    "weights": {"weights", "biases"},
    "learning rate": {"learning_rate"},
}


def normalised(z, gamma, beta):
    return gamma * (z - z.mean(axis=1, keepdims=True)) / np.sqrt(z.var(axis=1, keepdims=True) + 1e-5) + beta


def single(arrays):
    return [array.astype(np.float32) for array in arrays]


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


def accuracy_of(parameters, images):
    """Return the classes that a trained network finds in images, without dropout."""
    shapes = {
        "weights": [(64, 784), (64, 64), (64, 64), (10, 64)],
        "biases": [(64,), (64,), (64,), (10,)],
        "gammas": [(64,)] * 3,
        "betas": [(64,)] * 3,
    }
    for name, expected in shapes.items():
        for array, shape in zip(parameters[name], expected, strict=True):
            with about(f"a trained array of `{name}`"):
                assert_shape(array, shape)
    h = images
    with np.errstate(all="ignore"):  # a network that has diverged reads nothing, which the accuracy shows
        for W, b, gamma, beta in zip(*(parameters[name][:3] for name in shapes), strict=True):
            h = np.maximum(normalised(h @ W.T + b, gamma, beta), 0)
        return (h @ parameters["weights"][3].T + parameters["biases"][3]).argmax(axis=1)


def unseen():
    folder = datasets.folder("mnist")
    return np.load(folder / "images.npy")[3000:].reshape(-1, 784) / 255, np.load(folder / "labels.npy")[3000:]


def assert_fault(found, expected, network):
    if not isinstance(found, str) or found != expected:
        fail(f"find_fault of {network}: expected {expected!r}, got {found!r}", expected, found)


@task("parts", title="exercise01: affine")
def test_exercise01(kata, probes):
    W, x = np.array([[1.0, 0.5], [-1.0, 0.0]]), np.array([[1.0, 2.0], [-1.0, 1.0]])
    with about("exercise01: affine(W, x, b) for a batch"):
        actual = kata.run(probes.affine, W, x, np.array([1.0, 2.0]))
        assert_close(actual, np.array([[3.0, 1.0], [0.5, 3.0]]), scale=10.0)


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
        assert_close(p, np.array([[0.5, 0.5], [0.75, 0.25]]), scale=10.0)
    with about("exercise04: cross_entropy(logits, target) of a batch"):
        assert_close(loss, math.log(8) / 2, scale=10.0)


@task("parts", title="exercise05: affine_backward")
def test_exercise05(kata, probes):
    dz, x, W = np.array([[2.0, -1.0], [1.0, 2.0]]), np.array([[3.0, 4.0], [0.0, 1.0]]), np.array([[1, 0], [0.5, -1]])
    with about("exercise05: affine_backward(dz, x, W) of a batch"):
        dW, dx, db = assert_parts(kata.run(probes.affine_backward, dz, x, W), "dW", "dx", "db")
        assert_close(dW, np.array([[6.0, 9.0], [-3.0, -2.0]]), scale=20.0, name="dW")
        assert_close(dx, np.array([[1.5, 1.0], [2.0, -2.0]]), scale=20.0, name="dx")
        assert_close(db, np.array([3.0, 1.0]), scale=20.0, name="db")


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
        assert_close(dropped, np.array([[1.25, 0.0], [5.0, 0.0]]), scale=10.0)
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
    for number, arguments, network in (
        (None, (0.0, 1.0, 1.0), "a healthy network"),
        (0, (-1000.0, 1.0, 1.0), "a network with dead units"),
        (1, (0.0, 1e8, 1.0), "a network whose first weights are 10^8 times too large"),
        (2, (0.0, 1.0, 1e-9), "a network whose steps are 10^9 times too small"),
    ):
        answers = assert_parts(kata.run(probes.diagnoses, *arguments), *names)
        for place, (name, answer) in enumerate(zip(names, answers, strict=True)):
            if number in (None, place):
                with about(f"exercise10: {name} of {network}"):
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
    expected = np.maximum(normalised(wide, scales, shifts), 0) * drawn / (1 - p_drop)
    assert_close(h, expected, scale=100.0, name="h, for the mask that you returned")


@task("forward", title="Every call in training draws a fresh mask from rng")
def test_masks_are_fresh(kata, probes):
    masks = [kata.run(probes.blocks_in_a_row, 3, batch, batch_gamma, batch_beta, 0.5, generator(3)) for _ in range(2)]
    with about("the masks of three calls, and of three calls with another generator of the same seed"):
        assert_close(masks[1], np.asarray(masks[0], dtype=float))
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
    images, labels = unseen()
    assert_accuracy(accuracy_of(trained, images), labels, 0.9)


@task("faults", title="Healthy networks")
def test_healthy_networks(kata, probes):
    for sizes in (SIZES, [784, 32, 10], [784, 48, 48, 10]):
        found = kata.run(probes.fault_of, sizes, 1, False, [], [], 1.0)
        assert_fault(found, "none", f"a healthy network with the sizes {sizes}")


@task("faults", title="Each fault, built into a deep network")
@pytest.mark.parametrize("fault", FAULTY)
def test_each_fault(kata, probes, fault):
    for training, shifts, factors, rate in FAULTY[fault]:
        found = kata.run(probes.fault_of, SIZES, 2, training, shifts, factors, rate)
        network = (
            f"a network in training mode {training}, with betas + {shifts}, weights · {factors}, learning rate · {rate}"
        )
        assert_fault(found, fault, network)


@task("repair", title="A healthy network stays as it is")
def test_a_healthy_network_stays(kata, probes):
    with about("what repair changes in a healthy network"):
        assert_equal(kata.run(probes.healthy_after_repair, SIZES, 3, 0.75), [])


@task("repair", title="After the repair, three epochs are enough to read 85 % of unseen digits")
@pytest.mark.parametrize("fault", FAULTY)
def test_a_repaired_network_learns(kata, probes, fault):
    images, labels = unseen()
    logits, changed = kata.run(probes.repaired, 4, *FAULTY[fault][-1], images[:500])
    with about(f"what repair changes in a network with the fault {fault!r}, besides what is broken"):
        assert_equal([name for name in changed if name not in MAY_CHANGE[fault]], [])
    with about("two calls of forward(X) after the repair, which differ only in training mode"):
        assert_equal(logits[1], logits[0])
    assert_accuracy(np.nan_to_num(logits[0]).argmax(axis=1), labels[:500], 0.85)


@task("types", title="float32 arrays give float32 arrays")
def test_single_precision(kata):
    z, gamma, beta, dh, mask = single([batch, batch_gamma, batch_beta, batch_dh, batch_mask])
    for training in (False, True):
        h, drawn = assert_parts(kata.block_forward(z, gamma, beta, 0.25, generator(5), training), "h", "mask")
        factor = drawn / 0.75 if training else 1.0
        expected = np.maximum(normalised(batch, batch_gamma, batch_beta), 0) * factor
        assert_close(h, np.asarray(expected, dtype=np.float64), dtype=np.float32, scale=100.0, name="h")
    actual = kata.block_backward(dh, z, gamma, beta, mask, 0.25)
    assert_gradients(actual, batch_dh, batch, batch_gamma, batch_beta, batch_mask, 0.25, dtype=np.float32)


@task("inputs", title="A call leaves its arguments as they are")
def test_arguments_stay_as_they_are(kata, probes):
    calls = {
        "block_forward": [batch, batch_gamma, batch_beta, 0.25],
        "block_backward": [batch_dh, batch, batch_gamma, batch_beta, batch_mask, 0.25],
    }
    for name, arguments in calls.items():
        with about(f"the arguments of {name}, after the call"):
            assert_equal(kata.run(probes.arguments_after, name, arguments), arguments)
