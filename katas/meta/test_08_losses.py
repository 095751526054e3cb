"""Task losses: values that you can check with a pocket calculator."""

import math

import numpy as np

from graders.checks import assert_close, assert_equal, task


def precision(found):
    """Return float32 for a framework that computes in it alone: only the task tensor asks for float64."""
    return np.float32 if found.dtype == np.float32 else np.float64


@task("losses", title="The worked example: losses")
def test_the_worked_example_of_losses(kata, probes):
    # softmax of 0 and ln 3 is 1/4 and 3/4; the right class is the second
    loss, gradient = kata.run(
        probes.loss_and_gradient, "CrossEntropyLoss", np.array([[0.0, math.log(3)]]), np.array([1])
    )
    assert_close(loss, math.log(4 / 3), scale=2.0, dtype=precision(gradient))
    assert_close(gradient, np.array([[0.25, -0.25]]), scale=2.0, dtype=precision(gradient))


@task("losses")
def test_squares_and_absolute_values(kata, probes):
    x, t = np.array([1.0, 5.0]), np.array([2.0, 2.0])
    loss, gradient = kata.run(probes.loss_and_gradient, "MSELoss", x, t)
    assert_close(loss, 5.0)
    assert_close(gradient, np.array([-1.0, 3.0]))
    loss, gradient = kata.run(probes.loss_and_gradient, "L1Loss", x, t)
    assert_close(loss, 2.0)
    assert_close(gradient, np.array([-0.5, 0.5]))


@task("losses")
def test_binary_cross_entropy(kata, probes):
    # σ(-ln 3) = 1/4 and σ(ln 9) = 9/10
    x, t = np.array([-math.log(3), math.log(9)]), np.array([1.0, 0.0])
    loss, gradient = kata.run(probes.loss_and_gradient, "BCEWithLogitsLoss", x, t)
    assert_close(loss, (math.log(4) + math.log(10)) / 2, scale=4.0, dtype=precision(gradient))
    assert_close(gradient, np.array([-0.375, 0.45]), scale=4.0, dtype=precision(gradient))


@task("losses")
def test_rows_and_reductions(kata, probes):
    code = "x, t = Tensor([[1.0, 5.0], [3.0, 2.0]]), Tensor([[2.0, 2.0], [2.0, 2.0]])"
    code += "\nlogits, classes = Tensor([[0.0, 1.0], [2.0, 0.0], [0.0, 0.0]]), Tensor([1, 1, 0])"
    expected = {
        "MSELoss()(x, t)": 2.75,
        "MSELoss(reduction='sum')(x, t)": 11.0,
        "MSELoss(reduction='none')(x, t)": [[1.0, 9.0], [1.0, 0.0]],
        "L1Loss(reduction='sum')(x, t)": 5.0,
        "BCEWithLogitsLoss(reduction='none')(t, t * 0)": [[2.1269, 2.1269], [2.1269, 2.1269]],
        "CrossEntropyLoss()(logits, classes)": 1.0444,
        "CrossEntropyLoss(reduction='none')(logits, classes)": [0.3133, 2.1269, 0.6931],
        "CrossEntropyLoss(reduction='sum')(logits, np.array([1, 1, 0]))": 3.1333,
    }
    assert_equal(kata.run(probes.values, code, list(expected)), expected)


@task("losses")
def test_smoothing_and_ignored_rows(kata, probes):
    # the value, and the gradient of x for a gradient of 1
    expected = {
        "CrossEntropyLoss()(x, Tensor([1, 1]))": [1.2201, [[0.1345, -0.1345], [0.4404, -0.4404]]],
        "CrossEntropyLoss(label_smoothing=0.2)(x, Tensor([1, 1]))": [1.1701, [[0.0845, -0.0845], [0.3904, -0.3904]]],
        "CrossEntropyLoss()(x, Tensor([1, -100]))": [0.3133, [[0.2689, -0.2689], [0.0, 0.0]]],
        "CrossEntropyLoss(ignore_index=1)(x, Tensor([0, 1]))": [1.3133, [[-0.7311, 0.7311], [0.0, 0.0]]],
    }
    assert_equal(kata.run(probes.gradients, [[0.0, 1.0], [2.0, 0.0]], list(expected)), expected)


@task("losses")
def test_targets_have_gradients(kata, probes):
    code = "t = Tensor([1.0, 5.0], requires_grad=True)\nMSELoss()(Tensor([2.0, 2.0]), t).backward()"
    assert_equal(kata.run(probes.values, code, ["t.grad"]), {"t.grad": [-1.0, 3.0]})
