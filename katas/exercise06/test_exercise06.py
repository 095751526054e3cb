"""Check numerical_gradient and relative_error on numbers that you can verify by hand.

For a polynomial of degree two, a central difference is exact except for rounding. float64 rounds f by about 1e-16 |f|,
and the difference is divided by the step, so the tests allow a small multiple of 1e-16 |f| / step.
"""

from functools import partial

import numpy as np

from graders import checks
from graders.checks import about, assert_equal, assert_near, task
from graders.checks.mismatch import fail
from graders.checks.properties import for_all, rows, st, tenths

STEP = 1e-5  # the default
assert_close = partial(checks.assert_close, precise=True)  # these functions measure precision
close = partial(assert_close, scale=10 / STEP, terms=8)  # for values of f up to 10, sums of up to 8 terms


@task("scalar")
def test_the_worked_example(kata, probes):
    close(kata.run(probes.of_a_square, 3.0), 6.0)


@task("scalar", title="A negative derivative and a derivative of 0")
def test_derivatives_negative_and_zero(kata, probes):
    close(kata.run(probes.of_a_square, -3.0), -6.0)
    assert_close(kata.run(probes.of_a_square, 0.0), 0.0, scale=STEP, terms=3)


@task("scalar", title="A tiny derivative")
def test_derivative_tiny(kata, probes):
    assert_close(kata.run(probes.of_a_tiny_square, 3.0), 6e-6, scale=9e-6 / STEP, terms=3)


@task("scalar")
def test_the_step_is_eps(kata, probes):
    # (3.5² - 2.5²) / 1 is 6, without any rounding
    assert_close(kata.run(probes.of_a_square_with_step, 3.0, 0.5), 6.0, scale=9 / 0.5, terms=3)
    # the third derivative is 6 here, so a step h gives an error of h²: 1e-10 for the default step
    close(kata.run(probes.of_a_cube, 2.0), 12.0)


@task("array", title="The gradient of a matrix has the shape of the matrix")
def test_matrix_gradient_has_the_shape_of_the_matrix(kata, probes):
    W = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, -6.0]])
    # 2 W for the squares; the derivative of W[0, 0] · W[1, 2] with respect to one of the two elements is the other
    expected = np.array([[2.0 - 6.0, 4.0, 6.0], [8.0, 10.0, -12.0 + 1.0]])
    assert_close(kata.run(probes.of_squares_and_a_product, W), expected, scale=97 / STEP, terms=8)


@task("array", title="Vectors, a square matrix and an array with three axes")
def test_vectors_a_square_matrix_and_three_axes(kata, probes):
    # each derivative is twice the sum of the element's row, whatever the step
    for w, expected in (
        (np.array([3.0]), np.array([6.0])),
        (np.array([1.0, 2.0, 0.0]), np.array([6.0, 6.0, 6.0])),
        (np.array([[1.0, 2.0], [0.0, -1.0]]), np.array([[6.0, 6.0], [-2.0, -2.0]])),
        (np.array([[[1.0, 2.0]], [[0.0, -1.0]]]), np.array([[[6.0, 6.0]], [[-2.0, -2.0]]])),
    ):
        close(kata.run(probes.of_row_sums, w), expected)
        assert_close(kata.run(probes.of_row_sums_with_step, w, 0.5), expected, scale=10 / 0.5, terms=8)


@task("array", title="The step doesn't depend on the number that is moved")
def test_the_step_does_not_depend_on_the_number_that_is_moved(kata, probes):
    # ((w + 0.5)³ - (w - 0.5)³) / 1 = 3 w² + 0.25; a rule with more points comes closer to 3 w²
    actual = kata.run(probes.of_cubes_with_step, np.array([2.0, -2.0, 0.0]), 0.5)
    assert_near(actual, np.array([12.125, 12.125, 0.125]), absolute=0.1251)


@task("array", title="For any array, each derivative is twice the sum of the element's row")
def test_any_array_of_row_sums(kata, draw, probes):
    @for_all(draw, w=rows(-1.0, 1.0))
    def holds(w):
        expected = 2 * w.sum(axis=-1, keepdims=True) * np.ones(w.shape)
        assert_close(kata.run(probes.of_row_sums, w), expected, scale=75 / STEP, terms=8)


@task("relative", title="For any two arrays, the error lies between 0 and 1, and their order doesn't matter")
def test_any_relative_error(kata, draw):
    @for_all(draw, pairs=st.lists(st.tuples(tenths(), tenths()), min_size=1, max_size=4).map(np.array))
    def holds(pairs):
        a, b = pairs.T.copy()
        with about("the error of a and a"):
            assert_close(kata.relative_error(a, a), 0.0)
        error = kata.relative_error(a, b)
        if not 0 <= error <= 1 + 1e-9:
            fail(f"relative_error: got {error}, expected a number between 0 and 1", "a number between 0 and 1", error)
        with about("compared with the error of a and b"):
            assert_close(kata.relative_error(b, a), error)


@task("relative")
def test_the_largest_of_three_relative_errors(kata):
    # |2 - 2.5| / (2 + 2.5); the other two pairs are equal, and one of them is 0 and 0
    assert_close(kata.relative_error(np.array([1.0, 2.0, 0.0]), np.array([1.0, 2.5, 0.0])), 1 / 9)


@task("relative")
def test_each_difference_is_divided_by_its_own_sum(kata):
    # the errors are 2 / 198, 0, 1 / 5 and 2 / 4
    a, b = np.array([[100.0, -4.0], [-2.0, 1.0]]), np.array([[98.0, -4.0], [-3.0, 3.0]])
    assert_close(kata.relative_error(a, b), 0.5)


@task("relative")
def test_two_floats(kata):
    assert_close(kata.relative_error(2.0, 2.5), 1 / 9)
    assert_close(kata.relative_error(2.0, -2.0), 1.0)
    assert_close(kata.relative_error(0.0, 0.0), 0.0)
    assert_close(kata.relative_error(1e-9, 0.0), 0.1)  # the denominator is 1e-8, not 1e-9


# ----------------------------------------------------- extras: they earn points, but you can pass without them


@task("types")
def test_a_float32_array_gives_an_accurate_float32_gradient(kata, probes):
    # rounding in float32 swamps a step of 1e-5, so f needs float64
    w = np.array([[1.5, 2.25], [0.0, -1.0]], dtype=np.float32)
    expected = np.array([[7.5, 7.5], [-2.0, -2.0]])
    assert_close(kata.run(probes.of_row_sums, w), expected, dtype=np.float32, scale=10.0, terms=8)


@task("types")
def test_integers_count_as_float64(kata, probes):
    close(kata.run(probes.of_a_square, 3), 6.0)
    expected = np.array([[6.0, 6.0], [-2.0, -2.0]])
    close(kata.run(probes.of_row_sums, np.array([[1, 2], [0, -1]])), expected)
    assert_close(kata.relative_error(np.array([1, 2]), np.array([1, 3])), 0.2)


@task("inputs", title="A transposed array works and isn't changed")
def test_a_transposed_array_works_and_is_left_alone(kata, probes):
    w = np.array([[1 / 3, 0.1, 0.2], [2.7, -0.6, 0.4]])
    gradient, after = kata.run(probes.at_a_transposed_array, w)
    close(gradient, 2 * w.sum(axis=1, keepdims=True) * np.ones(3))
    with about("w, after numerical_gradient"):
        assert_equal(after, w)


@task("inputs", title="relative_error doesn't change its arguments")
def test_relative_error_leaves_its_arguments_alone(kata, probes):
    # "fortran": arrays stored in memory column by column
    a, b = np.array([[100.0, 4.0], [-2.0, 1.0]]), np.array([[98.0, 4.0], [-3.0, 3.0]])
    for x, y in ((a, b), (a[1], b[1])):
        error, *after = kata.run(probes.call_with_layout, "relative_error", "fortran", x, y)
        assert_close(error, 0.5)
        with about("a and b, after relative_error"):
            assert_equal(after, [x, y])


@task("inputs", title="One call doesn't affect another")
def test_calls_do_not_affect_each_other(kata, probes):
    first, second = np.array([1.0, 2.0]), np.array([4.0, 0.5])
    gradient, at_last, at_second, renewed = kata.run(probes.of_two_arrays, first, second)
    with about("the first gradient, after a call with another array"):
        assert_equal(at_last, gradient)
    with about("the gradient at the first array, which now holds different numbers"):
        assert_equal(renewed, at_second)
