"""Check affine on numbers that you can verify by hand."""

from functools import partial

import numpy as np

from graders.checks import about, assert_close, assert_equal, assert_speed, task
from graders.checks.properties import for_all, st, tenths

W = np.array([[1.0, 0.0], [0.5, -1.0]])
b = np.array([0.1, 0.2])
rows = np.array([[1.0, 2.0], [0.0, 0.0], [-2.0, 4.0]])
results = np.array([[1.1, -1.3], [0.1, 0.2], [-1.9, -4.8]])  # W @ row + b of each row

close = partial(assert_close, scale=12.0, terms=2)  # up to rounding, in sums of a few numbers of at most this size


@task("vector")
def test_the_worked_example(kata):
    close(kata.affine(W, np.array([1.0, 2.0]), b), np.array([1.1, -1.3]))


@task("vector")
def test_three_vectors_one_after_the_other(kata):
    for x, z in zip(rows, results, strict=True):
        close(kata.affine(W, x, b), z)


@task("vector")
def test_the_weights_need_not_be_square(kata):
    three_to_one = np.array([[1.0, -2.0, 0.5]])
    close(kata.affine(three_to_one, np.array([3.0, 1.0, 4.0]), np.array([0.5])), np.array([3.5]))
    one_to_three = np.array([[1.0], [-1.0], [2.0]])
    z = kata.affine(one_to_three, np.array([2.0]), np.array([0.0, 0.0, 1.0]))
    close(z, np.array([2.0, -2.0, 5.0]))


@task("batch")
def test_a_batch_of_three_rows(kata):
    close(kata.affine(W, rows, b), results)


@task("batch")
def test_a_batch_of_one_row_stays_a_batch(kata):
    close(kata.affine(W, np.array([[1.0, 2.0]]), b), np.array([[1.1, -1.3]]))


@task("batch", title="For any batch, each row gives what it gives on its own")
def test_each_row_of_any_batch_is_mapped_on_its_own(kata, draw):
    @for_all(draw, x=st.lists(st.tuples(tenths(), tenths()), min_size=1, max_size=4).map(np.array))
    def holds(x):
        alone = np.array([kata.affine(W, row, b) for row in x])
        close(kata.affine(W, x, b), alone)


@task("types")
def test_float32_stays_float32(kata):
    single = [a.astype(np.float32) for a in (W, np.array([1.0, 2.0]), b)]
    close(kata.affine(*single), np.array([1.1, -1.3]), dtype=np.float32)


@task("types")
def test_integers_give_float64(kata):
    large = np.array([[1, 0], [2, -1_000_000_001]])  # float32 would round the last weight
    z = kata.affine(large, np.array([1, 2]), np.array([1, 2]))
    assert_close(z, np.array([2.0, -1_999_999_998.0]))


@task("inputs")
def test_a_transpose_and_a_slice_work_and_stay_unchanged(kata, probes):
    for layout in ("fortran", "strided"):  # the memory layouts of a transpose and of a slice
        for x, z in ((rows[0], results[0]), (rows, results)):
            close(kata.affine(W, x, b), z)
            actual, *after = kata.run(probes.call_with_layout, "affine", layout, W, x, b)
            close(actual, z)
            for name, array, before in zip("Wxb", after, (W, x, b), strict=True):
                with about(f"{name}, after the call"):
                    assert_equal(array, before)


@task("inputs")
def test_a_second_call_leaves_the_first_result_alone(kata, probes):
    close(kata.affine(W, rows, b), results)
    calls = [["affine", W, rows, b], ["affine", W, -rows, b]]
    as_returned, after_both_calls = kata.run(probes.answers_of_calls, calls)
    with about("the first result, after the second call"):
        assert_equal(after_both_calls[0], as_returned[0])
    # the same array objects with new numbers in them: every weight and bias is doubled
    z = kata.run(probes.answer_after_renewal, "affine", [W, rows, b], [2 * W, rows, 2 * b])
    close(z, 2 * results)


@task("speed", title="A batch of 1200 rows takes at most a fifth of the time of 1200 calls", unless_hidden=True)
def test_a_batch_is_five_times_as_fast_as_a_call_for_each_row(kata, probes):
    """The product of whole matrices takes about a hundredth of the time; a loop over the rows takes half of it."""
    speed = kata.speed(
        "affine",
        lambda: (W, np.tile(rows, (400, 1)), b),
        lambda z, _: close(z, np.tile(results, (400, 1))),
        rounds=3,
        at_most=0.2,
        clock="cpu",
        than=lambda same, *arguments: same.run(probes.row_by_row, "affine", [1], *arguments),
    )
    assert_speed(speed, at_most=0.2, than="the time of 1200 calls with one row each")
