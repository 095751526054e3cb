"""Task losses: values that a pocket calculator gives."""

import math

import numpy as np

from graders.checks import about, assert_close, task


@task("losses", title="The worked example: losses")
def test_the_worked_example_of_losses(kata, probes):
    # softmax of 0 and ln 3 is 1/4 and 3/4; the right class is the second
    loss, gradient = kata.run(
        probes.loss_and_gradient, "CrossEntropyLoss", np.array([[0.0, math.log(3)]]), np.array([1])
    )
    assert_close(loss, math.log(4 / 3), scale=2.0)
    assert_close(gradient, np.array([[0.25, -0.25]]), scale=2.0)


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
def test_extreme_logits(kata, probes):
    for name, x, t, expected in (
        ("BCEWithLogitsLoss", np.array([0.0]), np.array([1.0]), math.log(2)),
        ("BCEWithLogitsLoss", np.array([-10000.0, 10000.0]), np.array([1.0, 1.0]), 5000.0),
        ("CrossEntropyLoss", np.array([[10000.0, -10000.0]]), np.array([1]), 20000.0),
    ):
        loss, gradient = kata.run(probes.loss_and_gradient, name, x, t)
        with about(f"{name} of {x.tolist()}"):
            assert_close(loss, expected)
            assert_close(np.array(np.isfinite(gradient).all() * 1.0), 1.0)
