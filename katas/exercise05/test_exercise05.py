"""What the gradients of an affine layer promise, on numbers that can be checked by hand."""

import numpy as np

from graders.checks import assert_close, assert_parts, task

dz = np.array([2.0, -1.0])
x = np.array([3.0, 4.0])


@task("sample")
def test_the_worked_example(kata):
    assert_close(kata.affine_weight_gradient(dz, x), np.array([[6.0, 8.0], [-3.0, -4.0]]))


@task("batch")
def test_a_batch_of_two_rows_is_summed(kata):
    # the first row is the worked example; the second has the outer product [[0, 1], [0, 2]]
    actual = kata.affine_weight_gradient(np.array([dz, [1.0, 2.0]]), np.array([x, [0.0, 1.0]]))
    assert_close(actual, np.array([[6.0, 9.0], [-3.0, -2.0]]), scale=9.0, terms=2)


@task("backward")
def test_all_three_gradients_of_a_batch(kata):
    W = np.array([[1.0, 0.0], [0.5, -1.0]])
    actual = kata.affine_backward(np.array([dz, [1.0, 2.0]]), np.array([x, [0.0, 1.0]]), W)
    dW, dx, db = assert_parts(actual, "dW", "dx", "db")
    assert_close(dW, np.array([[6.0, 9.0], [-3.0, -2.0]]), scale=9.0, terms=2, name="dW")
    assert_close(dx, np.array([[1.5, 1.0], [2.0, -2.0]]), scale=3.0, terms=2, name="dx")
    assert_close(db, np.array([3.0, 1.0]), scale=3.0, terms=2, name="db")
