"""Check two_layer_forward on numbers that you can verify by hand."""

import numpy as np

from graders.checks import about, assert_close, assert_equal, assert_parts, assert_speed, task
from graders.checks.properties import for_all, st, tenths

W1 = np.array([[0.1, 0.2], [-1.0, 0.5], [0.3, -0.1]])
W2 = np.array([[1.0, 2.0, -3.0], [0.5, -1.0, 0.1]])
rows = np.array([[2.0, 3.0], [0.0, 0.0], [-2.0, 2.0], [1.0, -4.0]])
h_of_rows = np.array([[0.8, 0.0, 0.3], [0.0, 0.0, 0.0], [0.2, 3.0, 0.0], [0.0, 0.0, 0.7]])
y_of_rows = np.array([[-0.1, 0.43], [0.0, 0.0], [6.2, -2.9], [-2.1, 0.07]])


def assert_layers(actual, h, y, dtype=np.float64):
    for name, array, expected in zip("hy", assert_parts(actual, "h", "y"), (h, y), strict=True):
        assert_close(array, np.array(expected), name=name, dtype=dtype, scale=12.0, terms=5)


@task("vector")
def test_the_worked_example(kata):
    actual = kata.two_layer_forward(np.array([1.0, -1.0]), np.eye(2), np.array([[1.0, 1.0]]))
    assert_layers(actual, h=[1.0, 0.0], y=[1.0])


@task("vector")
def test_layers_may_have_any_size(kata):
    for x, h, y in zip(rows, h_of_rows, y_of_rows, strict=True):
        assert_layers(kata.two_layer_forward(x, W1, W2), h, y)
    one_unit = kata.two_layer_forward(np.array([2.0, 1.0]), np.array([[2.0, -1.0]]), np.array([[-3.0], [0.5]]))
    assert_layers(one_unit, h=[3.0], y=[-9.0, 1.5])


@task("batch")
def test_a_batch_of_four_rows(kata):
    assert_layers(kata.two_layer_forward(rows, W1, W2), h_of_rows, y_of_rows)


@task("batch")
def test_a_batch_of_one_row_stays_a_batch(kata):
    assert_layers(kata.two_layer_forward(rows[:1], W1, W2), h_of_rows[:1], y_of_rows[:1])


@task("vector", title="For any x, a positive factor passes through both layers")
def test_a_positive_factor_passes_through(kata, draw):
    @for_all(draw, x=st.tuples(tenths(), tenths()).map(np.array), factor=tenths(0.5, 5.0))
    def holds(x, factor):
        h, y = assert_parts(kata.two_layer_forward(x, W1, W2), "h", "y")
        with about(f"compared with {factor} times the result for x / {factor}"):  # neither layer has a bias
            scaled = assert_parts(kata.two_layer_forward(factor * x, W1, W2), "h", "y")
            for name, array, expected in zip("hy", scaled, (h, y), strict=True):
                assert_close(array, factor * np.asarray(expected), name=name, scale=200.0, terms=5)


@task("types")
def test_float32_stays_float32(kata):
    single = [a.astype(np.float32) for a in (rows[0], W1, W2)]
    assert_layers(kata.two_layer_forward(*single), h_of_rows[0], y_of_rows[0], dtype=np.float32)


@task("types")
def test_integers_give_float64(kata):
    large = np.array([[1, 0], [1_000_000_001, 3], [0, 5]])  # float32 would round the largest weight
    actual = kata.two_layer_forward(np.array([1, -1]), large, np.array([[4, 1, 2]]))
    assert_layers(actual, h=[1.0, 999_999_998.0, 0.0], y=[1_000_000_002.0])


@task("inputs")
def test_a_transpose_and_a_slice_work_and_stay_unchanged(kata, probes):
    for layout in ("fortran", "strided"):  # the memory layouts of a transpose and of a slice
        for x, h, y in ((rows[0], h_of_rows[0], y_of_rows[0]), (rows, h_of_rows, y_of_rows)):
            assert_layers(kata.two_layer_forward(x, W1, W2), h, y)
            actual, *after = kata.run(probes.call_with_layout, "two_layer_forward", layout, x, W1, W2)
            assert_layers(actual, h, y)
            for name, array, before in zip(("x", "W1", "W2"), after, (x, W1, W2), strict=True):
                with about(f"{name}, after the call"):
                    assert_equal(array, before)


@task("inputs")
def test_a_second_call_leaves_the_first_result_alone(kata, probes):
    assert_layers(kata.two_layer_forward(rows, W1, W2), h_of_rows, y_of_rows)
    calls = [["two_layer_forward", rows, W1, W2], ["two_layer_forward", -rows, W1, W2]]
    as_returned, after_both_calls = kata.run(probes.answers_of_calls, calls)
    for name, result, at_last in zip("hy", as_returned[0], after_both_calls[0], strict=True):
        with about(f"{name} from the first call, after the second call"):
            assert_equal(at_last, result)
    # the same array objects with new numbers in them: the weights of the second layer change sign
    actual = kata.run(probes.answer_after_renewal, "two_layer_forward", [rows, W1, W2], [rows, W1, -W2])
    assert_layers(actual, h_of_rows, -y_of_rows)


@task("speed", title="A batch of 800 rows takes at most a fifth of the time of 800 calls")
def test_a_batch_is_five_times_as_fast_as_a_call_for_each_row(kata, probes):
    """Products of whole matrices take about a hundredth of the time; a loop over the rows takes half of it."""
    speed = kata.speed(
        "two_layer_forward",
        lambda: (np.tile(rows, (200, 1)), W1, W2),
        lambda layers, _: assert_layers(layers, np.tile(h_of_rows, (200, 1)), np.tile(y_of_rows, (200, 1))),
        rounds=3,
        at_most=0.2,
        clock="cpu",
        than=lambda same, *arguments: same.run(probes.row_by_row, "two_layer_forward", [0], *arguments),
    )
    assert_speed(speed, at_most=0.2, than="the time of 800 calls with one row each")
