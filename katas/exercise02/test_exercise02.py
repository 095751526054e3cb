"""Check relu and relu_derivative on numbers that you can verify at a glance."""

import numpy as np

from graders.checks import about, assert_close, assert_equal, task, values_only
from graders.checks.properties import for_all, rows

z = np.array([-1.0, 0.0, 2.0])
matrix = np.array([[-0.5, 3.0, 1e4], [1e-9, -1e4, 0.0]])
relu_of_matrix = np.array([[0.0, 3.0, 1e4], [1e-9, 0.0, 0.0]])
slope_of_matrix = np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]])


@task("relu")
def test_the_worked_example(kata):
    assert_close(kata.relu(z), np.array([0.0, 0.0, 2.0]))


@task("relu")
def test_arrays_keep_their_shape(kata):
    assert_close(kata.relu(matrix), relu_of_matrix)
    assert_close(kata.relu(matrix.reshape(3, 2, 1)), relu_of_matrix.reshape(3, 2, 1))
    assert_close(kata.relu(np.array([[0.7]])), np.array([[0.7]]))
    assert_close(kata.relu(np.array([-0.7])), np.array([0.0]))


@task("relu", title="For any z, relu changes its own result no further")
def test_relu_of_relu_is_relu(kata, draw):
    @for_all(draw, z=rows())
    def holds(z):
        once = kata.relu(z)
        assert_close(kata.relu(once), once)


@task("derivative")
def test_the_derivative_in_the_worked_example(kata):
    assert_close(kata.relu_derivative(z), np.array([0.0, 0.0, 1.0]))


@task("derivative")
def test_the_derivative_has_the_shape_of_z(kata):
    assert_close(kata.relu_derivative(matrix), slope_of_matrix)
    assert_close(kata.relu_derivative(matrix.reshape(3, 2, 1)), slope_of_matrix.reshape(3, 2, 1))
    assert_close(kata.relu_derivative(np.array([[0.7]])), np.array([[1.0]]))
    assert_close(kata.relu_derivative(np.array([-0.7])), np.array([0.0]))
    assert_close(kata.relu_derivative(np.array([1e-13, -1e-13])), np.array([1.0, 0.0]))


@task("types")
def test_float32_stays_float32(kata):
    assert_close(kata.relu(z.astype(np.float32)), np.array([0.0, 0.0, 2.0]), dtype=np.float32)
    assert_close(kata.relu_derivative(z.astype(np.float32)), np.array([0.0, 0.0, 1.0]), dtype=np.float32)


@task("types")
def test_integers_give_float64(kata):
    assert_close(kata.relu(np.array([-1, 0, 2])), np.array([0.0, 0.0, 2.0]))
    assert_close(kata.relu_derivative(np.array([-1, 0, 2])), np.array([0.0, 0.0, 1.0]))


@task("inputs")
def test_a_transpose_and_a_slice_work_and_stay_unchanged(kata, probes):
    for name, expected in (("relu", relu_of_matrix), ("relu_derivative", slope_of_matrix)):
        for layout in ("contiguous", "fortran", "strided"):  # an ordinary array, a transpose and a slice
            with values_only():  # the dtype is a matter for the task `types`
                assert_close(getattr(kata, name)(matrix), expected)
            actual, after = kata.run(probes.call_with_layout, name, layout, matrix)
            with about(name), values_only():
                assert_close(actual, expected)
            with about(f"z, after {name}"):
                assert_equal(after, matrix)


@task("inputs")
def test_a_second_call_leaves_the_first_result_alone(kata, probes):
    assert_close(kata.relu(z), np.array([0.0, 0.0, 2.0]))
    calls = [["relu", z], ["relu_derivative", -z], ["relu", -z], ["relu_derivative", z]]
    as_returned, after_all_calls = kata.run(probes.answers_of_calls, calls)
    expected = [[0.0, 0.0, 2.0], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    for (name, _), result, right, at_last in zip(calls, as_returned, expected, after_all_calls, strict=True):
        with about(name), values_only():
            assert_close(result, np.array(right))
        with about(f"the result of {name}, after further calls"):
            assert_equal(at_last, result)
    # a second call with the same array object, which now holds new numbers
    with values_only():
        assert_close(kata.run(probes.answer_after_renewal, "relu", [z], [-z]), np.array([1.0, 0.0, 0.0]))
        assert_close(kata.run(probes.answer_after_renewal, "relu_derivative", [z], [-z]), np.array([1.0, 0.0, 0.0]))
