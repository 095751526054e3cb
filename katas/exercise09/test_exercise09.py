"""What layer_norm promises, on numbers that can be checked with a pocket calculator."""

import math

import numpy as np

from graders.checks import assert_close, task

x = np.array([1.0, 2.0, 3.0])
top = 1 / math.sqrt(2 / 3 + 1e-5)  # 1.2247357: mean 2, variance 2/3


@task("normalise")
def test_the_worked_example(kata):
    assert_close(kata.layer_norm(x), np.array([-top, 0.0, top]), scale=5.0, terms=3)


@task("parameters")
def test_the_worked_example_with_gamma_and_beta(kata):
    gamma, beta = np.array([1.0, 2.0, 3.0]), np.array([10.0, 20.0, 30.0])
    assert_close(kata.layer_norm(x, gamma, beta), np.array([10 - top, 20.0, 30 + 3 * top]), scale=45.0, terms=3)


@task("eps")
def test_a_constant_row_becomes_zeros(kata):
    constant = np.array([[4.0, 4.0], [1.0, 1.0]])
    assert_close(kata.layer_norm(constant), np.zeros((2, 2)), scale=4 / math.sqrt(1e-5), terms=2)
