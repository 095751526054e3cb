"""Check dropout on numbers that you can verify by hand, and the masks of dropout_mask as samples.

If your code is right, a test of random masks fails with a probability below one in a million.
"""

import numpy as np

from graders.checks import (
    about,
    assert_bernoulli,
    assert_close,
    assert_equal,
    assert_independent,
    assert_shape,
    generator,
    task,
)
from graders.checks.mismatch import fail
from graders.checks.properties import for_all, rows

h = np.array([[1.0, 2.0], [3.0, -0.1]])
diagonal = np.array([[1.0, 0.0], [0.0, 1.0]])
triangle = np.array([[1.0, 1.0], [0.0, 1.0]])


def assert_count_varies(kept, size):
    """Reject masks that all keep the same number of their entries."""
    if (kept == kept[0]).all():
        fault = f"dropout_mask: every mask keeps {kept[0]:g} of its {size} entries, so the entries are not independent"
        fail(f"{fault}: compare a random number of its own with p_drop for each entry", "different numbers", kept)


def check(answer, expected, scale=None):
    """Compare values only: an array of ints with the right numbers is right."""
    if isinstance(answer, np.ndarray) and answer.dtype.kind in "biu":
        answer = answer.astype(np.float64)
    assert_close(answer, expected, scale=scale)


@task("dropout")
def test_the_worked_example(kata):
    check(kata.dropout(np.array([1.0, 1.0, 1.0]), np.array([1.0, 0.0, 1.0]), 1 / 3), np.array([1.5, 0.0, 1.5]))


@task("dropout", title="A matrix and several probabilities")
def test_a_matrix_for_several_probabilities(kata):
    check(kata.dropout(h, diagonal, 0.2), np.array([[1.25, 0.0], [0.0, -0.125]]))
    check(kata.dropout(h, diagonal, 0.0), np.array([[1.0, 0.0], [0.0, -0.1]]))  # the mask counts even if p is 0
    check(kata.dropout(h, diagonal, 0.9), np.array([[10.0, 0.0], [0.0, -1.0]]), scale=100.0)
    check(kata.dropout(h, diagonal, 0.9999), np.array([[1e4, 0.0], [0.0, -1e3]]), scale=1e8)


@task("dropout")
def test_masks_that_keep_all_or_nothing(kata):
    check(kata.dropout(h, np.ones((2, 2)), 0.2), np.array([[1.25, 2.5], [3.75, -0.125]]))
    check(kata.dropout(h, np.zeros((2, 2)), 0.2), np.zeros((2, 2)))


@task("dropout")
def test_a_long_vector_and_three_axes(kata):
    long = np.arange(1000.0)
    check(kata.dropout(long, long % 2, 0.5), 2 * long * (long % 2))
    check(kata.dropout(np.full((2, 3, 4), 7.0), np.ones((2, 3, 4)), 0.5), np.full((2, 3, 4), 14.0))


@task("dropout", title="For any h, a mask of ones with p = 0 changes nothing")
def test_a_mask_of_ones_at_probability_0_changes_nothing(kata, draw):
    @for_all(draw, h=rows())
    def holds(h):
        check(kata.dropout(h, np.ones(h.shape), 0.0), h)


@task("types", title="float32 stays float32")
def test_float32_stays_float32(kata):
    answer = kata.dropout(h.astype(np.float32), diagonal.astype(np.float32), 0.2)
    assert_close(answer, np.array([[1.25, 0.0], [0.0, -0.125]]), dtype=np.float32)


@task("types")
def test_integers_count_as_float64(kata):
    assert_close(kata.dropout(np.array([1, 2, 3]), np.array([1, 0, 1]), 0.2), np.array([1.25, 0.0, 3.75]))


@task("types", title="dropout_mask returns floats")
def test_a_random_mask_holds_floats(kata):
    mask = kata.dropout_mask((2, 3), 0.5, generator(1))
    assert_shape(mask, (2, 3))
    if mask.dtype.kind != "f":
        fail(f"the mask has the dtype {mask.dtype}, expected floats", "0.0 and 1.0", mask)


@task("inputs", title="Any memory layout works, and the arguments are unchanged")
def test_arguments_of_any_memory_layout_are_left_alone(kata, probes):
    for layout in ("contiguous", "fortran", "strided", "backwards"):
        with about(f"{layout} arrays"):
            answer, h_after, mask_after = kata.run(probes.dropout_with_layout, layout, h, triangle, 0.2)
            assert_close(answer, np.array([[1.25, 2.5], [0.0, -0.125]]))
        with about("h, after dropout"):
            assert_equal(h_after, h)
        with about("mask, after dropout"):
            assert_equal(mask_after, triangle)


@task("inputs")
def test_a_second_call_does_not_change_the_first_result(kata, probes):
    other = [10 * h, 1 - diagonal, 0.5]
    first, second, first_at_last = kata.run(probes.dropout_twice, h, diagonal, 0.2, *other)
    assert_close(first, np.array([[1.25, 0.0], [0.0, -0.125]]))
    with about("a call with the same arrays, which now hold other numbers"):
        assert_close(second, np.array([[0.0, 40.0], [60.0, 0.0]]))
    with about("the result of the first call, after the second call"):
        assert_equal(first_at_last, first)


@task("mask", title="A mask has the requested shape")
def test_a_mask_has_the_shape_that_is_asked_for(kata):
    assert_shape(kata.dropout_mask((2, 3), 0.5, generator(1)), (2, 3))
    assert_shape(kata.dropout_mask((2, 3, 4), 0.5, generator(1)), (2, 3, 4))
    assert_shape(kata.dropout_mask(5, 0.5, generator(1)), (5,))  # an int n means the shape (n,)


@task("mask", title="p = 0.25 keeps three quarters")
def test_a_mask_keeps_three_quarters(kata, draw):
    mask = kata.dropout_mask((200, 100), 0.25, generator(draw.seed()))
    assert_shape(mask, (200, 100))
    assert_bernoulli(mask, 0.75, 5e-7)
    assert_independent(mask, 0.75, 5e-7)


@task("mask", title="Small and large p")
def test_a_mask_keeps_one_minus_p_for_small_and_large_p(kata, draw):
    for p_drop in (0.0, 0.004, 0.9, 0.994):
        with about(f"p_drop = {p_drop}"):
            assert_bernoulli(kata.dropout_mask((200, 100), p_drop, generator(draw.seed())), 1 - p_drop, 1e-7)


@task("mask", title="The entries of 2000 small masks are independent")
def test_2000_small_masks_of_independent_coins(kata, draw, probes):
    masks = kata.run(probes.in_a_row, 2000, (2, 2), 0.5, generator(draw.seed()))
    assert_shape(masks, (2000, 2, 2))
    kept = masks.sum(axis=(1, 2))
    with about("the first entry of every mask"):
        assert_bernoulli(masks[:, 0, 0], 0.5, 1e-7)
    assert_count_varies(kept, 4)
    with about("1 for every mask that keeps all four entries (1 in 16 if entries are independent), else 0"):
        assert_bernoulli((kept == 4).astype(float), 1 / 16, 1e-7)
    with about("1 for every mask that keeps no entry (1 in 16 if entries are independent), else 0"):
        assert_bernoulli((kept == 0).astype(float), 1 / 16, 1e-7)


@task("generator", title="The same seed gives the same mask")
def test_equal_generators_give_equal_masks(kata, draw):
    seed = draw.seed()
    mask = kata.dropout_mask((10, 20), 0.5, generator(seed))
    assert_equal(kata.dropout_mask((10, 20), 0.5, generator(seed)), mask)


@task("generator", title="Another seed gives another mask")
def test_another_generator_gives_another_mask(kata, draw):
    seed = draw.seed()
    mask = kata.dropout_mask((10, 20), 0.5, generator(seed))
    other = kata.dropout_mask((10, 20), 0.5, generator(seed + 1))
    if np.array_equal(other, mask):
        fail("two generators with different seeds gave the same mask of 200 entries", "another mask", other)


@task("generator")
def test_the_next_call_gives_another_mask(kata, draw, probes):
    first, second = kata.run(probes.in_a_row, 2, (10, 20), 0.5, generator(draw.seed()))
    if np.array_equal(first, second):
        fail(
            "two calls of dropout_mask with the same generator gave the same mask of 200 entries",
            "another mask",
            second,
        )


@task("generator", title="The global generators are left alone")
def test_global_generators_are_left_alone(kata, draw, probes):
    before, after = kata.run(probes.global_generators_around, (10, 20), 0.5, generator(draw.seed()))
    with about("the next numbers of np.random.random() and random.random() after dropout_mask"):
        assert_equal(after, before)


@task("errors", title="p_drop outside [0, 1) raises a ValueError")
def test_probabilities_outside_0_to_1_are_value_errors(kata):
    kata.dropout(h, diagonal, 0.0)
    kata.dropout_mask((2, 2), 0.0, generator(1))
    for p_drop in (1.0, 1.5, -0.1, -1.0):
        with kata.raises(ValueError):
            kata.dropout(h, diagonal, p_drop)
        with kata.raises(ValueError):
            kata.dropout_mask((2, 2), p_drop, generator(1))
