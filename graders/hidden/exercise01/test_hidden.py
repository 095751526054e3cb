"""Compare affine with torch.nn.functional.linear.

The tolerance is derived as follows. z_i is a sum of fan_in products and the bias. In whatever order they are added,
each rounding error is proportional to a partial sum, and |W||x| + |b| bounds every partial sum. So
|error| <= c eps fan_in (|W||x| + |b|).
"""

import numpy as np
import torch
import torch.nn.functional as F

from graders.checks import about, assert_close, assert_equal, assert_speed, cases, task

LAYOUTS = ("fortran", "strided", "backwards", "contiguous")


def assert_affine(actual, W, x, b, dtype=np.float64):
    W, x, b = (torch.tensor(a, dtype=torch.float64) for a in (W, x, b))
    # the expected value is computed in float64, but the tolerance depends on the promised dtype
    assert_close(actual, F.linear(x, W, b), dtype=dtype, scale=F.linear(abs(x), abs(W), abs(b)), terms=x.shape[-1])


def sizes(draw):
    """Return (n, fan_in, fan_out) for this case.

    The cases cover random sizes, sizes of 1, equal sizes, and one long axis at a time. When an axis is long, the others
    are short, so that three nested Python loops are fast enough.
    """
    n, fan_in, fan_out = draw.sizes("n fan_in fan_out")
    any_length = draw.sizes("any_length", low=9, high=1000)
    special = {
        1: (1, 1, 1),
        2: (1, fan_in, fan_out),
        3: (n, 1, fan_out),
        4: (n, fan_in, 1),
        5: (4, 4, 4),
        6: (600, 3, 2),
        7: (2, 1100, 3),
        8: (2, 3, 1100),
        9: (min(any_length, 600), 3, 2),
        10: (2, any_length, 3),
        11: (2, 3, any_length),
    }
    return special.get(draw.case, (n, fan_in, fan_out))


def arguments(draw, *, batch):
    n, fan_in, fan_out = sizes(draw)
    scale = (1.0, 1e4, 1e-4)[draw.case % 3]
    x = draw.normal(n, fan_in, scale=scale) if batch else draw.normal(fan_in, scale=scale)
    return draw.normal(fan_out, fan_in), x, draw.normal(fan_out)


def small_arguments(draw, dtype=np.float64, *, calls=1):
    """Return [W, x, b] for each call, with the same dtype and shapes, where x is a batch or a vector."""
    n, fan_in, fan_out = draw.sizes("n fan_in fan_out", low=2, high=5)
    shapes = (fan_out, fan_in), ((n, fan_in), (fan_in,))[(draw.case + draw.case // 4) % 2], (fan_out,)
    if np.issubdtype(dtype, np.floating):
        return [[draw.normal(*shape, dtype=dtype) for shape in shapes] for _ in range(calls)]
    limits = 10**9, 100, 100  # weights that float32 would round, and sums that stay far from overflowing int64
    return [
        [draw.integers(-limit, limit + 1, *shape) for limit, shape in zip(limits, shapes, strict=True)]
        for _ in range(calls)
    ]


@task("vector", title="One vector gives W x + b")
@cases(12)
def test_a_vector_is_mapped(kata, draw):
    W, x, b = arguments(draw, batch=False)
    assert_affine(kata.affine(W, x, b), W, x, b)


@task("batch")
@cases(12)
def test_a_batch_is_mapped_row_by_row(kata, draw):
    W, x, b = arguments(draw, batch=True)
    assert_affine(kata.affine(W, x, b), W, x, b)


@task("types")
@cases(8)
def test_float32_stays_float32_and_int64_gives_float64(kata, draw):
    dtype, promised = ((np.float32, np.float32), (np.int64, np.float64))[draw.case // 4]
    for W, x, b in small_arguments(draw, dtype, calls=2):  # of equal shapes, which part answers that are kept by shape
        assert_affine(kata.affine(W, x, b), W, x, b, dtype=promised)


@task("inputs")
@cases(8)
def test_arguments_of_any_layout_work_and_stay_unchanged(kata, draw, probes):
    ((W, x, b),) = small_arguments(draw)
    if draw.case == 0:  # report a plain call, not a probe, if plain arrays also fail
        assert_affine(kata.affine(W, x, b), W, x, b)
    z, *after = kata.run(probes.call_with_layout, "affine", LAYOUTS[draw.case % 4], W, x, b)
    assert_affine(z, W, x, b)
    for name, array, before in zip("Wxb", after, (W, x, b), strict=True):
        with about(f"{name}, after the call"):
            assert_equal(array, before)


@task("inputs")
@cases(4)
def test_calls_do_not_affect_each_other(kata, draw, probes):
    first, second = small_arguments(draw, calls=2)
    if draw.case == 0:
        assert_affine(kata.affine(*first), *first)
    results, later = kata.run(probes.answers_of_calls, [["affine", *first], ["affine", *second]])
    for result, arguments in zip(results, (first, second), strict=True):
        assert_affine(result, *arguments)
    with about("the first result, after the second call"):
        assert_equal(later[0], results[0])
    assert_affine(kata.run(probes.answer_after_renewal, "affine", first, second), *second)


@task("speed", title="A large batch takes at most seven times the solution's time")
def test_a_large_batch_takes_at_most_seven_times_as_long(kata, draw):
    speed = kata.speed(
        "affine",
        lambda: (draw.normal(3, 4), draw.normal(3_000, 4), draw.normal(3)),
        lambda z, arguments: assert_affine(z, *arguments),
        rounds=3,
        at_most=7.0,
        clock="cpu",
    )
    assert_speed(speed, at_most=7.0)
