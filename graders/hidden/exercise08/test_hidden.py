"""Compare dropout with its formula, and test the masks of dropout_mask as throws of independent coins.

The tolerance for dropout is derived as follows. p may be rounded to the dtype, and 1 - p magnifies this error by up to
1 / (1 - p). The difference, the product and the quotient are rounded once each. Together, these errors give
|error| <= c eps |h| mask / (1 - p) (1 + 1 / (1 - p)).

Each test of random masks rejects correct masks with a probability below 1e-6, which is divided among its checks. The
tests assume nothing about how the generator is used.
"""

import math

import numpy as np

from graders.checks import (
    about,
    assert_bernoulli,
    assert_close,
    assert_equal,
    assert_independent,
    assert_shape,
    cases,
    generator,
    task,
)
from graders.checks.mismatch import fail

LAYOUTS = ("fortran", "strided", "backwards", "contiguous")
DTYPES = (np.float32, np.int64)
IMPOSSIBLE = (1.0, -1e-12, 1.5, -0.1, 1 + 1e-12, -1.0, 2.0, 1e9, -1e9, 1 + 1e-6, -0.5, 100.0)


def assert_dropout(actual, h, mask, p_drop, dtype=np.float64):
    expected = h.astype(np.float64) * mask / (1 - p_drop)
    assert_close(actual, expected, dtype=dtype, scale=abs(expected) * (1 + 1 / (1 - p_drop)))


def assert_floats(mask, shape):
    assert_shape(mask, shape)
    if mask.dtype.kind != "f":
        fail(f"the mask has the dtype {mask.dtype}, expected floats", "0.0 and 1.0", mask)


def assert_no_echo(samples, mean, false_alarm):
    """Check that entries, read row by row, aren't correlated with the entries a fixed number of places (a lag) later.

    Subtract the mean from all entries. The product of two entries that are `lag` apart then has mean 0, whatever came
    before, and a range of at most b = max(mean, 1 - mean). So a sum of n such products exceeds b sqrt(n log(2 / a) / 2)
    with a probability of at most a (Azuma and Hoeffding, 1963). `false_alarm` is divided among the lags.
    """
    y = np.ravel(samples) - mean
    spectrum = np.fft.rfft(y, 2 << y.size.bit_length())  # padded with zeros, so the correlation doesn't wrap around
    sums = np.fft.irfft(spectrum * spectrum.conj())[1 : y.size]
    n = y.size - np.arange(1, y.size)
    allowed = max(mean, 1 - mean) * np.sqrt(n * math.log(2 * y.size / false_alarm) / 2)
    if np.any(np.abs(sums) > allowed):
        lag = 1 + int(np.argmax(np.abs(sums) - allowed))
        fail(
            f"entries of the mask are correlated with those {lag} entries later: draw each entry independently",
            "uncorrelated entries",
            samples,
        )


def shape_of(draw, n_axes):
    """Return a shape with this many axes, whose lengths are different, 1, equal or large, depending on the case."""
    n, m, k = draw.sizes("n m k")
    any_length = draw.sizes("any_length", low=9, high=1000)
    special = {1: (1, 1, 1), 2: (1, m, k), 3: (n, m, 1), 4: (4, 4, 4), 5: (2, m, any_length), 6: (any_length, m, 2)}
    return (2, *special.get(draw.case // 4, (n, m, k)))[-n_axes:]


@task("dropout")
@cases(28)
def test_kept_entries_are_scaled_up_and_dropped_ones_are_0(kata, draw):
    shape = shape_of(draw, (2, 1, 3, 4)[(draw.case + draw.case // 4) % 4])
    p_drop = (draw.uniform(0, 0.99), 0.5, 0.0, 0.9, 0.9999, 0.01)[draw.case % 6]
    h = draw.normal(*shape, scale=(1.0, 1e30, 1e-30)[draw.case // 2 % 3])
    mask = draw.mask(*shape, keep=(0.5, 0.8, 0.2, 1.0, 0.0)[draw.case % 5])  # the share of ones differs from 1 - p_drop
    answer = kata.dropout(h, mask, p_drop)
    if isinstance(answer, np.ndarray) and answer.dtype.kind in "biu":  # only values matter in this task, not dtypes
        answer = answer.astype(np.float64)
    assert_dropout(answer, h, mask, p_drop)


def activations(draw, shape, dtype):
    if np.issubdtype(dtype, np.integer):
        return draw.integers(-100, 101, *shape)
    return draw.normal(*shape, dtype=dtype)


@task("types", title="float32 stays float32, and integers give float64")
@cases(8)
def test_float32_stays_float32_and_integers_count_as_float64(kata, draw):
    shape, dtype = draw.sizes("n m"), DTYPES[draw.case % 2]
    h, mask, p_drop = activations(draw, shape, dtype), draw.mask(*shape, dtype=dtype), draw.uniform(0, 0.9)
    promised = np.float32 if dtype is np.float32 else np.float64
    assert_dropout(kata.dropout(h, mask, p_drop), h, mask, p_drop, promised)
    assert_floats(kata.dropout_mask(shape, p_drop, generator(draw.seed())), shape)


@task("inputs", title="Any memory layout works, and the arguments are unchanged")
@cases(12)
def test_any_memory_layout_works_and_stays_as_it_was(kata, draw, probes):
    shape, layout = draw.sizes("n m", low=2), LAYOUTS[draw.case % 4]
    h, mask, p_drop = draw.normal(*shape), draw.mask(*shape), draw.uniform(0, 0.9)
    answer, h_after, mask_after = kata.run(probes.dropout_with_layout, layout, h, mask, p_drop)
    assert_dropout(answer, h, mask, p_drop)
    with about("h, after dropout"):
        assert_equal(h_after, h)
    with about("mask, after dropout"):
        assert_equal(mask_after, mask)


@task("inputs")
@cases(4)
def test_a_second_call_does_not_change_the_first_result(kata, draw, probes):
    shape = draw.sizes("n m", low=2)
    one, other = ((draw.normal(*shape), draw.mask(*shape), draw.uniform(0, 0.9)) for _ in range(2))
    first, second, first_at_last = kata.run(probes.dropout_twice, *one, *other)
    with about("the first of two calls"):
        assert_dropout(first, *one)
    with about("a call with the same arrays, which now hold other numbers"):
        assert_dropout(second, *other)
    with about("the result of the first call, after the second call"):
        assert_equal(first_at_last, first)


@task("mask")
@cases(28)
def test_entries_are_kept_with_probability_one_minus_p(kata, draw, probes):
    """Correct masks fail with a probability below 1e-6, divided among 28 cases with 3 checks each.

    The last three masks have 160 000 entries, enough to notice a p that is rounded. With p = 0.0004, about 64 entries
    are dropped. If p were rounded up to 1/1000, 160 would be, and if it were rounded down, none.
    """
    alarm = 1e-6 / 28 / 3
    shape = shape_of(draw, (2, 1, 3, 4)[(draw.case + draw.case // 4) % 4])
    if draw.case >= 24:
        shape = draw.sizes("height width", low=100, high=300) if draw.case == 24 else (400, 400)
    p_drop = (0.3, draw.uniform(0, 1 - 1e-6), 0.9, 0.5, 0.0, 0.999, 1e-3)[draw.case % 7]
    if draw.case >= 25:
        little = draw.uniform(0.00035, 0.00045)
        p_drop = (little, 1 - little, draw.uniform(0.7, 0.97))[draw.case - 25]
    seed, size = draw.seed(), math.prod(shape)
    given = shape[0] if len(shape) == 1 and draw.case % 2 else shape  # some shapes are given as an int
    mask = kata.dropout_mask(given, p_drop, generator(seed))
    assert_shape(mask, shape)
    if draw.case >= 25:
        assert_bernoulli(mask, 1 - p_drop, alarm)
        return
    count = min(500, 2 + 4000 // size)
    masks = kata.run(probes.in_a_row, count, given, p_drop, generator(seed))
    assert_shape(masks, (count, *shape))
    assert_bernoulli(masks, 1 - p_drop, alarm)
    assert_independent(masks, 1 - p_drop, alarm)
    assert_no_echo(masks, 1 - p_drop, alarm)


@task("mask")
@cases(4)
def test_entries_are_independent_of_each_other(kata, draw, probes):
    """Correct masks fail with a probability below 1e-6, divided among 4 cases with at most 55 checks each.

    The checks count how many of 1500 masks keep a certain entry (at most 9 checks), both entries of a certain pair
    (36), and a certain number of entries (10).
    """
    alarm = 1e-6 / 4 / 55
    shape, keep = (((2, 3), 0.5), ((1, 2), 0.25), ((3, 3), 0.5), ((4,), 0.75))[draw.case]
    masks = kata.run(probes.in_a_row, 1500, shape, 1 - keep, generator(draw.seed()))
    assert_shape(masks, (1500, *shape))
    assert_shape(masks[0], shape)
    kept = masks.reshape(1500, -1).astype(np.float64)
    size = kept.shape[1]
    for i in range(size):
        with about(f"entry {i} of masks of shape {shape}"):
            assert_bernoulli(kept[:, i], keep, alarm)
    number = kept.sum(axis=1)
    if (number == number[0]).all():
        fault = f"every mask of shape {shape} keeps {number[0]:g} of its {size} entries: decide on each independently"
        fail(f"dropout_mask: {fault}", "different numbers", number)
    for count in range(size + 1):
        share = math.comb(size, count) * keep**count * (1 - keep) ** (size - count)
        with about(f"1 for every mask of shape {shape} that keeps exactly {count} entries, else 0"):
            assert_bernoulli((number == count).astype(float), share, alarm)
    for i, j in zip(*np.triu_indices(size, 1), strict=True):
        with about(f"1 for every mask of shape {shape} that keeps both entry {i} and entry {j}, else 0"):
            assert_bernoulli(kept[:, i] * kept[:, j], keep**2, alarm)


@task("generator", title="All randomness comes from rng")
@cases(6)
def test_all_randomness_comes_from_the_generator_passed_in(kata, draw, probes):
    """Correct masks fail with a probability below 1e-40.

    Two masks of 200 or more entries are equal with a probability of at most 0.58**200.
    """
    shape, p_drop, seed = draw.sizes("n m", low=15, high=30), draw.uniform(0.3, 0.7), draw.seed()
    mask = kata.dropout_mask(shape, p_drop, generator(seed))
    other = kata.dropout_mask(shape, p_drop, generator(seed + 1))
    if np.array_equal(other, mask):
        fail("two generators with different seeds gave the same mask", "another mask", other)
    with about("the mask from a second generator with the same seed"):
        assert_equal(kata.dropout_mask(shape, p_drop, generator(seed)), mask)
    both = kata.run(probes.in_a_row, 2, shape, p_drop, generator(seed))
    assert_shape(both, (2, *shape))
    first, second = both
    with about("the mask from a third generator with the same seed"):
        assert_equal(first, mask)
    if np.array_equal(second, first):
        fail("two calls of dropout_mask with the same generator gave the same mask", "another mask", second)
    before, after = kata.run(probes.global_generators_around, shape, p_drop, generator(seed))
    with about("the next numbers of np.random.random() and random.random() after dropout_mask"):
        assert_equal(after, before)


@task("errors", title="p_drop outside [0, 1) raises a ValueError")
@cases(16)  # each number in IMPOSSIBLE once, then random ones
def test_impossible_probabilities_are_value_errors(kata, draw):
    shape = draw.sizes("n m")
    h, mask = draw.normal(*shape), draw.mask(*shape)
    random = (draw.uniform(1, 3), draw.uniform(-2, -1e-9))[draw.case % 2]
    p_drop = IMPOSSIBLE[draw.case] if draw.case < len(IMPOSSIBLE) else random
    calls = [(kata.dropout, (h, mask, p_drop)), (kata.dropout_mask, (shape, p_drop, generator(draw.seed())))]
    for function, arguments in calls[:: (1, -1)[draw.case % 2]]:
        with kata.raises(ValueError):
            function(*arguments)
