"""What two_layer_forward promises, on numbers that can be checked by hand."""

import numpy as np

from graders.checks import assert_close, assert_parts, task


def assert_layers(actual, h, y):
    for name, array, expected in zip("hy", assert_parts(actual, "h", "y"), (h, y), strict=True):
        assert_close(array, np.array(expected), name=name)


@task("vector")
def test_the_worked_example(kata):
    actual = kata.two_layer_forward(np.array([1.0, -1.0]), np.eye(2), np.array([[1.0, 1.0]]))
    assert_layers(actual, h=[1.0, 0.0], y=[1.0])


@task("batch")
def test_a_batch_of_three_rows(kata):
    x = np.array([[1.0, -1.0], [2.0, 3.0], [-1.0, 0.5]])
    W1 = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    W2 = np.array([[1.0, -2.0, 0.0], [0.0, 1.0, 1.0]])
    actual = kata.two_layer_forward(x, W1, W2)
    assert_layers(
        actual, h=[[1.0, 0.0, 0.0], [2.0, 3.0, 5.0], [0.0, 0.5, 0.0]], y=[[1.0, 0.0], [-4.0, 8.0], [-1.0, 0.5]]
    )
