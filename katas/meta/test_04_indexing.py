"""Task indexing: the gradient goes back to where the elements were taken."""

import numpy as np

from graders.checks import assert_close, task

x = np.array([10.0, 20.0, 30.0, 40.0])


@task("indexing", title="The worked example: indexing")
def test_the_worked_example_of_indexing(kata, probes):
    y, gradient = kata.run(probes.taken, x, [0, 0, 3], np.array([1.0, 2.0, 3.0]))
    assert_close(y, np.array([10.0, 10.0, 40.0]))
    assert_close(gradient, np.array([3.0, 0.0, 0.0, 3.0]))


@task("indexing")
def test_one_row_and_a_mask(kata, probes):
    matrix = np.arange(6.0).reshape(2, 3)
    y, gradient = kata.run(probes.taken, matrix, 1, np.array([1.0, 2.0, 3.0]))
    assert_close(y, np.array([3.0, 4.0, 5.0]))
    assert_close(gradient, np.array([[0.0, 0.0, 0.0], [1.0, 2.0, 3.0]]))
    y, gradient = kata.run(probes.taken, x, x > 15, np.array([1.0, 2.0, 3.0]))
    assert_close(y, np.array([20.0, 30.0, 40.0]))
    assert_close(gradient, np.array([0.0, 1.0, 2.0, 3.0]))


@task("indexing")
def test_a_slice_is_a_view(kata, probes):
    matrix, row = kata.run(probes.a_slice_changed)
    assert_close(matrix, np.array([[7.0, 2.0], [7.0, 14.0]]), dtype=np.float32)
    assert_close(row, np.array([7.0, 14.0]), dtype=np.float32)
