"""affine against torch.nn.functional.linear.

Allowance: z_i is a sum of fan_in products and the bias. However it is ordered, each rounding is relative to a partial
sum that |W||x| + |b| bounds, so |error| <= c eps fan_in (|W||x| + |b|).
"""

import numpy as np
import torch
import torch.nn.functional as F

from graders.checks import assert_close, assert_equal, cases, task

LAYOUTS = ("fortran", "strided", "backwards")
LARGEST = {
    np.int8: 127,
    np.uint8: 255,
    np.int32: 2**31 - 1,
    np.int64: 2**40,
}  # products that overflow unless they are made in float64


def linear(W, x, b):
    return F.linear(*(torch.tensor(a, dtype=torch.float64) for a in (x, W, b))).numpy()


def magnitude(W, x, b):
    W, x, b = (abs(a.astype(np.float64)) for a in (W, x, b))
    return x @ W.T + b


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


def small_arguments(draw, dtype):
    """Arguments of one dtype, a vector and a batch in turn."""
    n, fan_in, fan_out = draw.sizes("n fan_in fan_out", low=2, high=5)
    shapes = (fan_out, fan_in), ((fan_in,), (n, fan_in))[draw.case % 2], (fan_out,)
    if np.issubdtype(dtype, np.floating):
        return [draw.normal(*shape, dtype=dtype) for shape in shapes]
    return [draw.integers(-LARGEST[dtype], LARGEST[dtype] + 1, *shape).astype(dtype) for shape in shapes]


@task("vector")
@cases(12)
def test_a_vector_is_mapped(kata, draw):
    W, x, b = arguments(draw, batch=False)
    assert_close(kata.affine(W, x, b), linear(W, x, b), scale=magnitude(W, x, b), terms=x.size)


@task("batch")
@cases(12)
def test_a_batch_is_mapped_row_by_row(kata, draw):
    W, x, b = arguments(draw, batch=True)
    assert_close(kata.affine(W, x, b), linear(W, x, b), scale=magnitude(W, x, b), terms=x.shape[1])


@task("types")
@cases(10)
def test_float32_stays_float32_and_integers_count_as_float64(kata, draw):
    dtype = (np.float32, np.int8, np.int32, np.int64, np.uint8)[draw.case // 2]
    W, x, b = small_arguments(draw, dtype)
    promised = np.float32 if dtype is np.float32 else np.float64
    # expected is computed in float64; the allowance is that of the promised dtype
    assert_close(kata.affine(W, x, b), linear(W, x, b), dtype=promised, scale=magnitude(W, x, b), terms=x.shape[-1])


@task("inputs")
@cases(6)
def test_arrays_of_any_memory_layout_are_read_as_what_they_are(kata, draw, probes):
    W, x, b = small_arguments(draw, np.float64)
    actual = kata.run(probes.call_with_layout, "affine", LAYOUTS[draw.case // 2], W, x, b)
    assert_close(actual, linear(W, x, b), scale=magnitude(W, x, b), terms=x.shape[-1])


@task("inputs")
@cases(6)
def test_the_arguments_are_left_alone(kata, draw, probes):
    before = small_arguments(draw, (np.float64, np.float32, np.int64)[draw.case // 2])
    assert_equal(kata.run(probes.arguments_after_call, "affine", *before), before)
