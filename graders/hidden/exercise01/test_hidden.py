"""affine against torch.nn.functional.linear.

Allowance: z_i is a sum of fan_in products and the bias. However it is ordered, each rounding is relative to a partial
sum that |W||x| + |b| bounds, so |error| <= c eps fan_in (|W||x| + |b|).
"""

import numpy as np
import torch
import torch.nn.functional as F

from graders.checks import about, assert_close, assert_equal, cases, task

LAYOUTS = ("fortran", "strided", "backwards", "contiguous")
LARGEST = {
    np.int8: 127,
    np.uint8: 255,
    np.int32: 2**31 - 1,
    np.int64: 2**40,
}  # products that overflow unless they are made in float64


def assert_affine(actual, W, x, b, dtype=np.float64):
    W, x, b = (torch.tensor(a, dtype=torch.float64) for a in (W, x, b))
    # expected is computed in float64; the allowance is that of the promised dtype
    assert_close(actual, F.linear(x, W, b), dtype=dtype, scale=F.linear(abs(x), abs(W), abs(b)), terms=x.shape[-1])


def sizes(draw):
    """(n, fan_in, fan_out): distinct first, then ones, a square, and axes that are long, or of any length, in turn."""
    n, fan_in, fan_out = draw.sizes("n fan_in fan_out")
    any_length = draw.sizes("any_length", low=9, high=1000)
    special = {
        1: (1, 1, 1),
        2: (1, fan_in, fan_out),
        3: (n, 1, fan_out),
        4: (n, fan_in, 1),
        5: (4, 4, 4),
        6: (1100, 3, 2),
        7: (2, 1100, 3),
        8: (2, 3, 1100),
        9: (any_length, fan_in, fan_out),
        10: (n, any_length, fan_out),
        11: (n, fan_in, any_length),
    }
    return special.get(draw.case, (n, fan_in, fan_out))


def arguments(draw, *, batch):
    n, fan_in, fan_out = sizes(draw)
    scale = (1.0, 1e4, 1e-4)[draw.case % 3]
    x = draw.normal(n, fan_in, scale=scale) if batch else draw.normal(fan_in, scale=scale)
    return draw.normal(fan_out, fan_in), x, draw.normal(fan_out)


def small_arguments(draw, dtype, *, calls=1):
    """W, x and b of one dtype for each of the calls, all of the same shapes: a batch and a vector in turn."""
    n, fan_in, fan_out = draw.sizes("n fan_in fan_out", low=2, high=5)
    shapes = (fan_out, fan_in), ((n, fan_in), (fan_in,))[(draw.case + draw.case // 4) % 2], (fan_out,)
    if np.issubdtype(dtype, np.floating):
        return [[draw.normal(*shape, dtype=dtype) for shape in shapes] for _ in range(calls)]
    low, high = -LARGEST[dtype], LARGEST[dtype] + 1
    return [[draw.integers(low, high, *shape).astype(dtype) for shape in shapes] for _ in range(calls)]


@task("vector")
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
@cases(10)
def test_float32_stays_float32_and_integers_count_as_float64(kata, draw):
    dtype = (np.float32, np.int8, np.int32, np.int64, np.uint8)[draw.case % 5]
    ((W, x, b),) = small_arguments(draw, dtype)
    assert_affine(kata.affine(W, x, b), W, x, b, dtype=np.float32 if dtype is np.float32 else np.float64)


@task("inputs")
@cases(12)
def test_arrays_of_any_layout_are_read_as_what_they_are_and_left_alone(kata, draw, probes):
    layout, dtype = LAYOUTS[draw.case % 4], (np.float64, np.float32, np.int64)[draw.case // 4]
    ((W, x, b),) = small_arguments(draw, dtype)
    if draw.case == 0:  # what is wrong with any arrays is said of affine, not of a probe
        assert_affine(kata.affine(W, x, b), W, x, b)
    z, *after = kata.run(probes.call_with_layout, "affine", layout, W, x, b)
    assert_affine(z, W, x, b, dtype=np.float32 if dtype is np.float32 else np.float64)
    for name, array, before in zip("Wxb", after, (W, x, b), strict=True):
        with about(f"{name}, after the call"):
            assert_equal(array, before)


@task("inputs")
@cases(4)
def test_calls_have_nothing_to_do_with_one_another(kata, draw, probes):
    first, second = small_arguments(draw, np.float64, calls=2)
    if draw.case == 0:
        assert_affine(kata.affine(*first), *first)
    answers, later = kata.run(probes.answers_of_calls, [["affine", *first], ["affine", *second]])
    for answer, arguments in zip(answers, (first, second), strict=True):
        assert_affine(answer, *arguments)
    with about("the first answer, after the second call"):
        assert_equal(later[0], answers[0])
    assert_affine(kata.run(probes.answer_after_renewal, "affine", first, second), *second)
