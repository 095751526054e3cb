"""Task shapes: reductions, new shapes, joining, softmax."""

import math

import numpy as np

from graders.checks import about, assert_close, assert_equal, task

matrix = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


@task("shapes", title="The worked example: shapes")
def test_the_worked_example_of_shapes(kata, probes):
    y, gradient = kata.run(probes.gradient_of, "mean", matrix, np.array([3.0, 6.0]), [1])
    with about("mean(1)"):
        assert_close(y, np.array([2.0, 5.0]))
    with about("the gradient of mean(1), for [3, 6]"):
        assert_close(gradient, np.array([[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]))


@task("shapes")
def test_softmax(kata, probes):
    # of 0 and ln 3: 1/4 and 3/4; the slope is p (g - Σ p g)
    numbers = np.array([0.0, math.log(3.0)])
    y, gradient = kata.run(probes.gradient_of, "softmax", numbers, np.array([1.0, 0.0]), [0])
    assert_close(y, np.array([0.25, 0.75]), scale=1.0, terms=4)
    assert_close(gradient, np.array([0.1875, -0.1875]), scale=1.0, terms=4)
    y, _ = kata.run(probes.gradient_of, "softmax", np.array([10000.0, 0.0]), np.array([1.0, 0.0]), [0])
    assert_close(y, np.array([1.0, 0.0]))


@task("shapes")
def test_largest_of_each_row(kata, probes):
    values, indices = kata.run(probes.largest)
    assert_close(values, np.array([5.0, 8.0]), dtype=np.float32)
    assert_equal(indices, np.array([1, 0]))


@task("shapes")
def test_new_shapes_and_joined_tensors(kata, probes):
    y, gradient = kata.run(probes.gradient_of, "transpose", matrix, np.arange(6.0).reshape(3, 2), [0, 1])
    assert_close(y, matrix.T)
    assert_close(gradient, np.array([[0.0, 2.0, 4.0], [1.0, 3.0, 5.0]]))
    y, gradient = kata.run(probes.gradient_of, "reshape", matrix, np.arange(6.0), [-1])
    assert_close(y, np.arange(1.0, 7.0))
    assert_close(gradient, np.arange(6.0).reshape(2, 3))
    together, gradient = kata.run(probes.joined)
    assert_close(together, np.array([1.0, 2.0, 3.0, 4.0]), dtype=np.float32)
    assert_close(gradient, np.array([5.0, 6.0]), dtype=np.float32)
