"""What affine promises, on numbers that can be checked by hand."""

import numpy as np

from graders.checks import assert_close, task

W = np.array([[1.0, 0.0], [0.5, -1.0]])
b = np.array([0.1, 0.2])


@task("vector")
def test_the_worked_example(kata):
    assert_close(kata.affine(W, np.array([1.0, 2.0]), b), np.array([1.1, -1.3]), scale=3.0, terms=2)


@task("batch")
def test_a_batch_of_three_rows(kata):
    x = np.array([[1.0, 2.0], [0.0, 0.0], [-2.0, 4.0]])
    assert_close(kata.affine(W, x, b), np.array([[1.1, -1.3], [0.1, 0.2], [-1.9, -4.8]]), scale=6.0, terms=2)


@task("types")
def test_float32_stays_float32(kata):
    single = [a.astype(np.float32) for a in (W, np.array([1.0, 2.0]), b)]
    assert_close(kata.affine(*single), np.array([1.1, -1.3]), dtype=np.float32, scale=3.0, terms=2)
