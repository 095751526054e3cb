"""What numerical_gradient and relative_error promise, on numbers that can be checked by hand.

Allowance: of a quadratic function a central difference is exact but for rounding. f is off by some eps · |f|, and the
difference quotient by that over the step, 1e-5.
"""

import numpy as np

from graders.checks import assert_close, task


@task("scalar")
def test_the_worked_example(kata, probes):
    assert_close(kata.run(probes.of_a_square, 3.0), 6.0, scale=9 / 1e-5, terms=3)


@task("array")
def test_a_matrix_has_a_gradient_of_its_own_shape(kata, probes):
    W = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, -6.0]])
    # 2 W, and by the product of W[0, 0] and W[1, 2] the one's derivative is the other
    expected = np.array([[2.0 - 6.0, 4.0, 6.0], [8.0, 10.0, -12.0 + 1.0]])
    assert_close(kata.run(probes.of_squares_and_a_product, W), expected, scale=97 / 1e-5, terms=8)


@task("relative")
def test_the_largest_of_three_relative_errors(kata):
    # |2 - 2.5| / (2 + 2.5); the other elements are equal, one pair of them 0
    assert_close(kata.relative_error(np.array([1.0, 2.0, 0.0]), np.array([1.0, 2.5, 0.0])), 1 / 9)
