"""The gradients of an affine layer against torch.autograd.

Allowance: dW_ij sums n products, so |error| <= c eps n (|dz|ᵀ|x|)_ij; dx_kj sums out products, |error| <= c eps out
(|dz||W|)_kj; db_i sums n numbers, |error| <= c eps n (sum over the rows of |dz|)_i. One sample is a batch with n = 1.
"""

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F

from graders.checks import about, assert_close, assert_equal, assert_parts, cases, task

NAMES = ("dW", "dx", "db")
LAYOUTS = ("fortran", "strided", "backwards", "contiguous")
LARGEST = {
    np.int8: 127,
    np.uint8: 255,
    np.int32: 2**31 - 1,
    np.int64: 2**40,
}  # products that overflow unless they are made in float64


class Gradient(NamedTuple):
    """What is expected, the magnitudes that are summed, and how many there are of them."""

    value: torch.Tensor
    scale: np.ndarray
    terms: int


def gradients(dz, x, W):
    """dW, dx and db of a loss whose gradient by z is dz."""
    n, fan_out = np.atleast_2d(dz).shape
    inputs = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in (W, x, np.zeros(fan_out))]
    loss = (torch.tensor(dz, dtype=torch.float64) * F.linear(inputs[1], inputs[0], inputs[2])).sum()
    values = torch.autograd.grad(loss, inputs)
    dz, x, W = (abs(a.astype(np.float64)) for a in (dz, x, W))
    rows = np.atleast_2d(dz)
    scales = rows.T @ np.atleast_2d(x), dz @ W, rows.sum(axis=0)
    return [Gradient(*of) for of in zip(values, scales, (n, fan_out, n), strict=True)]


def assert_gradient(actual, expected, dtype=np.float64, name=""):
    assert_close(actual, expected.value, dtype=dtype, scale=expected.scale, terms=expected.terms, name=name)


def assert_gradients(actual, expected, dtype=np.float64):
    for name, gradient, of in zip(NAMES, assert_parts(actual, *NAMES), expected, strict=True):
        assert_gradient(gradient, of, dtype, name)


def arguments(draw, number, *, batch):
    """dz, x, W: distinct sizes first, then ones, a square, and axes that are long, or of any length, by `number`."""
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
    n, fan_in, fan_out = special.get(number, (n, fan_in, fan_out))
    scale = (1.0, 1e4, 1e-4)[number % 3]
    rows = (n,) if batch else ()
    return draw.normal(*rows, fan_out, scale=scale), draw.normal(*rows, fan_in), draw.normal(fan_out, fan_in)


def small_arguments(draw, dtype):
    """dz, x, W of one dtype, one sample and a batch in turn, and as many others of the same shapes."""
    n, fan_in, fan_out = draw.sizes("n fan_in fan_out", low=2, high=5)
    rows = ((), (n,))[(draw.case + draw.case // 4) % 2]
    shapes = 2 * [(*rows, fan_out), (*rows, fan_in), (fan_out, fan_in)]
    if np.issubdtype(dtype, np.floating):
        drawn = [draw.normal(*shape, dtype=dtype) for shape in shapes]
    else:
        drawn = [draw.integers(-LARGEST[dtype], LARGEST[dtype] + 1, *shape).astype(dtype) for shape in shapes]
    return drawn[:3], drawn[3:]


@task("sample")
@cases(12)
def test_the_weights_gradient_of_one_sample_is_an_outer_product(kata, draw):
    dz, x, W = arguments(draw, draw.case, batch=False)
    assert_gradient(kata.affine_weight_gradient(dz, x), gradients(dz, x, W)[0])


@task("batch")
@cases(12)
def test_the_weights_gradient_of_a_batch_is_the_sum_over_its_rows(kata, draw):
    dz, x, W = arguments(draw, draw.case, batch=True)
    assert_gradient(kata.affine_weight_gradient(dz, x), gradients(dz, x, W)[0])


@task("backward")
@cases(24)
def test_all_three_gradients_of_one_sample_and_of_a_batch(kata, draw):
    dz, x, W = arguments(draw, draw.case // 2, batch=draw.case % 2 == 0)
    assert_gradients(kata.affine_backward(dz, x, W), gradients(dz, x, W))


@task("types")
@cases(10)
def test_float32_stays_float32_and_integers_count_as_float64(kata, draw):
    dtype = (np.float32, np.int8, np.int32, np.int64, np.uint8)[draw.case % 5]
    (dz, x, W), _ = small_arguments(draw, dtype)
    promised = np.float32 if dtype is np.float32 else np.float64
    expected = gradients(dz, x, W)  # computed in float64; the allowance is that of the promised dtype
    assert_gradient(kata.affine_weight_gradient(dz, x), expected[0], promised)
    assert_gradients(kata.affine_backward(dz, x, W), expected, promised)


@task("inputs")
@cases(12)
def test_arrays_of_any_layout_are_read_as_what_they_are_and_left_alone(kata, draw, probes):
    layout, dtype = LAYOUTS[draw.case % 4], (np.float64, np.float32, np.int64)[draw.case // 4]
    promised = np.float32 if dtype is np.float32 else np.float64
    first, second = small_arguments(draw, dtype)
    of_first, of_second = gradients(*first), gradients(*second)
    of_mixed = [gradients(*first[:i], second[i], *first[i + 1 :]) for i in range(3)]
    calls = (
        ("affine_weight_gradient", 2, assert_gradient, of_first[0], of_second[0]),
        ("affine_backward", 3, assert_gradients, of_first, of_second),
    )
    for name, n, check, expected, expected_after_renewal in calls:
        told = kata.run(probes.answers_and_arguments, name, layout, first[:n], second[:n])
        answer, answer_at_last, after, mixed, answer_after_renewal = told
        check(answer, expected, promised)
        for argument, array, before in zip(("dz", "x", "W"), after, first[:n], strict=False):
            with about(f"{argument}, after {name}"):
                assert_equal(array, before)
        for i, argument in enumerate(("dz", "x", "W")[:n]):
            with about(f"{name} of the same arrays but for {argument}"):
                check(mixed[i], of_mixed[i][0] if n == 2 else of_mixed[i], promised)
        with about(f"the first answer of {name}, after other calls"):
            assert_equal(answer_at_last, answer)
        with about(f"{name} of the same arrays, with other numbers in them"):
            check(answer_after_renewal, expected_after_renewal, promised)
