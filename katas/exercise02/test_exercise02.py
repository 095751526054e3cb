"""What relu and relu_derivative promise, on numbers that can be checked by eye."""

import numpy as np

from graders.checks import assert_close, task

z = np.array([-1.0, 0.0, 2.0])


@task("relu")
def test_the_worked_example(kata):
    assert_close(kata.relu(z), np.array([0.0, 0.0, 2.0]))


@task("relu")
def test_a_matrix_keeps_its_shape(kata):
    assert_close(kata.relu(np.array([[-0.5, 3.0, 1e4], [1e-9, -1e4, 0.0]])), np.array([[0, 3.0, 1e4], [1e-9, 0, 0]]))


@task("derivative")
def test_the_worked_example_of_the_derivative(kata):
    assert_close(kata.relu_derivative(z), np.array([0.0, 0.0, 1.0]))
