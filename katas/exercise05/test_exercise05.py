"""Check the gradients of an affine layer on numbers that you can verify by hand."""

from functools import partial

import numpy as np

from graders.checks import about, assert_close, assert_equal, assert_parts, task
from graders.checks.properties import for_all, st, tenths

# the worked example: one sample, its weights, and its gradients
dz = np.array([2.0, -1.0])
x = np.array([3.0, 4.0])
W = np.array([[1.0, 0.0], [0.5, -1.0]])
dW = np.array([[6.0, 8.0], [-3.0, -4.0]])
dx = np.array([1.5, 1.0])
db = np.array([2.0, -1.0])

# the same sample and a second one, as a batch
batch_dz = np.array([[2.0, -1.0], [1.0, 2.0]])
batch_x = np.array([[3.0, 4.0], [0.0, 1.0]])
batch_dW = np.array([[6.0, 9.0], [-3.0, -2.0]])
batch_dx = np.array([[1.5, 1.0], [2.0, -2.0]])
batch_db = np.array([3.0, 1.0])

close = partial(assert_close, scale=9.0, terms=2)  # up to rounding, in sums of a few numbers of at most this size


def assert_gradients(actual, expected, dtype=np.float64):
    names = ("dW", "dx", "db")
    for name, gradient, reference in zip(names, assert_parts(actual, *names), expected, strict=True):
        close(gradient, reference, dtype=dtype, name=name)


@task("sample")
def test_the_worked_example(kata):
    assert_close(kata.affine_weight_gradient(dz, x), dW)


@task("sample")
def test_three_outputs_and_two_inputs(kata):
    actual = kata.affine_weight_gradient(np.array([0.1, 0.2, -0.3]), np.array([3.0, -4.0]))
    assert_close(actual, np.array([[0.3, -0.4], [0.6, -0.8], [-0.9, 1.2]]))


@task("sample")
def test_one_output_and_one_input(kata):
    assert_close(kata.affine_weight_gradient(dz[:1], x), np.array([[6.0, 8.0]]))
    assert_close(kata.affine_weight_gradient(dz, x[:1]), np.array([[6.0], [-3.0]]))


@task("sample")
def test_a_gradient_may_be_tiny(kata):
    assert_close(kata.affine_weight_gradient(1e-6 * dz, x), 1e-6 * dW)


@task("batch")
def test_a_batch_of_two_rows_is_summed(kata):
    # the first row is the worked example; the second has the outer product [[0, 1], [0, 2]]
    close(kata.affine_weight_gradient(batch_dz, batch_x), batch_dW)


@task("batch")
def test_a_batch_of_one_row_gives_a_matrix(kata):
    assert_close(kata.affine_weight_gradient(dz[None], x[None]), dW)


@task("backward")
def test_all_three_gradients_of_a_sample_and_of_a_batch(kata):
    assert_gradients(kata.affine_backward(dz, x, W), (dW, dx, db))
    assert_gradients(kata.affine_backward(2 * dz, x, W), (2 * dW, 2 * dx, 2 * db))
    assert_gradients(kata.affine_backward(dz, 3 * x, W), (3 * dW, dx, db))
    assert_gradients(kata.affine_backward(batch_dz, batch_x, W), (batch_dW, batch_dx, batch_db))


@task("backward")
def test_all_three_gradients_of_a_batch_of_one_row(kata):
    actual = kata.affine_backward(np.array([[0.1, 0.7]]), np.array([[3.0, -4.0]]), W)
    assert_gradients(actual, ([[0.3, -0.4], [2.1, -2.8]], [[0.45, -0.7]], [0.1, 0.7]))


@task("backward", title="For any batch, dW and db are sums over its rows, and each row has its own dx")
def test_a_batch_adds_up_its_rows(kata, draw):
    @for_all(draw, rows=st.lists(st.tuples(*[tenths()] * 4), min_size=1, max_size=3).map(np.array))
    def holds(rows):
        dz, x = rows[:, :2], rows[:, 2:]
        alone = [kata.affine_backward(*row, W) for row in zip(dz, x, strict=True)]
        dW, dx, db = (np.array(parts) for parts in zip(*alone, strict=True))
        expected = {"dW": dW.sum(axis=0), "dx": dx, "db": db.sum(axis=0)}
        found = assert_parts(kata.affine_backward(dz, x, W), *expected)
        with about("compared with the results for each row"):
            for (name, right), gradient in zip(expected.items(), found, strict=True):
                assert_close(gradient, right, name=name, scale=25.0, terms=3)


# ---------------------------------------------------- extras: they earn points, but you can pass without them


@task("types")
def test_float32_gives_float32(kata):
    single = [a.astype(np.float32) for a in (batch_dz, batch_x, W)]
    close(kata.affine_weight_gradient(*single[:2]), batch_dW, dtype=np.float32)
    assert_gradients(kata.affine_backward(*single), (batch_dW, batch_dx, batch_db), np.float32)


@task("types")
def test_int64_gives_float64(kata):
    whole = np.array([[2, -1], [1, 2]]), np.array([[3, 4], [0, 1]])
    close(kata.affine_weight_gradient(*whole), batch_dW)
    W = np.array([[1, 0], [3, -1]])
    assert_gradients(kata.affine_backward(*whole, W), (batch_dW, [[-1.0, 1.0], [7.0, -2.0]], batch_db))


@task("inputs")
def test_transposed_arrays_work_and_are_left_alone(kata, probes):
    # "fortran": arrays that are stored column by column, as a transposed one is
    actual, *after = kata.run(probes.call_with_layout, "affine_weight_gradient", "fortran", dz, x)
    assert_close(actual, dW)
    with about("dz and x, after affine_weight_gradient"):
        assert_equal(after, [dz, x])
    actual, *after = kata.run(probes.call_with_layout, "affine_backward", "fortran", batch_dz, batch_x, W)
    assert_gradients(actual, (batch_dW, batch_dx, batch_db))
    with about("dz, x and W, after affine_backward"):
        assert_equal(after, [batch_dz, batch_x, W])


@task("inputs")
def test_calls_do_not_affect_each_other(kata, probes):
    calls = [(dz, x, W), (dz, x, 3 * W), (2 * dz, x, W), (dz, -x, W)]
    expected = [(dW, dx, db), (dW, 3 * dx, db), (2 * dW, 2 * dx, 2 * db), (-dW, dx, db)]
    answers, at_last = kata.run(probes.answers_of_calls, [["affine_backward", *arguments] for arguments in calls])
    for answer, gradients in zip(answers, expected, strict=True):
        assert_gradients(answer, gradients)
    with about("the gradients of the first call, after further calls"):
        assert_equal(at_last[0], answers[0])


@task("inputs")
def test_new_numbers_in_the_same_arrays_give_a_new_gradient(kata, probes):
    actual = kata.run(probes.answer_after_renewal, "affine_weight_gradient", [2 * dz, 3 * x], [dz, x])
    assert_close(actual, dW)
