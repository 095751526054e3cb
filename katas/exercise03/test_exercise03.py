"""What two_layer_forward promises, on numbers that can be checked by hand."""

import numpy as np

from graders.checks import assert_close, task


def assert_layers(actual, h, y):
    assert type(actual) in (tuple, list), "expected the pair (h, y)"
    assert len(actual) == 2, "expected the pair (h, y)"
    assert_close(actual[0], np.array(h))
    assert_close(actual[1], np.array(y))


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
