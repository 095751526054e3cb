"""Compare the gradients of an affine layer with torch.autograd.

The tolerance is derived as follows. dW_ij is a sum of n products, so |error| <= c eps n (|dz|ᵀ|x|)_ij. dx_kj is a sum
of `out` products, so |error| <= c eps out (|dz||W|)_kj. db_i is a sum of n numbers, so
|error| <= c eps n (sum over the rows of |dz|)_i. One sample is a batch with n = 1.
"""

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F

from graders.checks import about, assert_close, assert_equal, assert_parts, cases, task

NAMES = ("dW", "dx", "db")
LAYOUTS = ("fortran", "strided", "backwards", "contiguous")


class Gradient(NamedTuple):
    """An expected gradient, the sums of its terms' magnitudes, and the number of terms in each sum."""

    value: torch.Tensor
    scale: np.ndarray
    terms: int


def gradients(dz, x, W):
    """Return dW, dx and db for a loss whose gradient with respect to z is dz."""
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


def assert_first_gradient(actual, expected):
    assert_gradient(actual, expected[0])


def arguments(draw, number, *, batch):
    """Return dz, x and W, whose sizes depend on `number`.

    The sizes are random, 1, equal, or long along one axis.
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
        9: (min(any_length, 600), fan_in, fan_out),
        10: (n, any_length, fan_out),
        11: (n, fan_in, any_length),
    }
    n, fan_in, fan_out = special.get(number, (n, fan_in, fan_out))
    scale = (1.0, 1e4, 1e-4)[number % 3]
    rows = (n,) if batch else ()
    return draw.normal(*rows, fan_out, scale=scale), draw.normal(*rows, fan_in), draw.normal(fan_out, fan_in)


def small_arguments(draw):
    """Return dz, x and W with sizes above 1, for one sample or a batch depending on the case.

    No gradient is close to 0: an answer that sets small entries to 0 has lost other tasks.
    """
    n, fan_in, fan_out = draw.sizes("n fan_in fan_out", low=2, high=5)
    rows = ((), (n,))[(draw.case + draw.case // 4) % 2]
    return [draw.uniform(0.5, 2.0, *shape) for shape in ((*rows, fan_out), (*rows, fan_in), (fan_out, fan_in))]


@task("sample")
@cases(12)
def test_the_weight_gradient_of_one_sample(kata, draw):
    dz, x, W = arguments(draw, draw.case, batch=False)
    assert_gradient(kata.affine_weight_gradient(dz, x), gradients(dz, x, W)[0])


@task("batch")
@cases(12)
def test_the_weight_gradient_of_a_batch(kata, draw):
    dz, x, W = arguments(draw, draw.case, batch=True)
    assert_gradient(kata.affine_weight_gradient(dz, x), gradients(dz, x, W)[0])


@task("backward")
@cases(24)
def test_all_three_gradients_of_one_sample_and_of_a_batch(kata, draw):
    dz, x, W = arguments(draw, draw.case // 2, batch=draw.case % 2 == 0)
    assert_gradients(kata.affine_backward(dz, x, W), gradients(dz, x, W))


@task("types")
@cases(8)
def test_float32_gives_float32_and_int64_gives_float64(kata, draw):
    dtype = (np.float32, np.int64)[draw.case % 2]
    dz, x, W = (np.rint(8 * a).astype(dtype) for a in small_arguments(draw))
    promised = np.float32 if dtype is np.float32 else np.float64
    expected = gradients(dz, x, W)  # computed in float64, but the tolerance depends on the promised dtype
    assert_gradient(kata.affine_weight_gradient(dz, x), expected[0], promised)
    assert_gradients(kata.affine_backward(dz, x, W), expected, promised)
    assert_gradients(kata.affine_backward(2 * dz, x, W), gradients(2 * dz, x, W), promised)  # the same shapes


@task("inputs")
@cases(8)
def test_any_memory_layout_works_and_arguments_are_left_alone(kata, draw, probes):
    layout, arguments = LAYOUTS[draw.case % 4], small_arguments(draw)
    expected = gradients(*arguments)
    dW, *after = kata.run(probes.call_with_layout, "affine_weight_gradient", layout, *arguments[:2])
    assert_gradient(dW, expected[0])
    for name, array, before in zip(("dz", "x"), after, arguments, strict=False):
        with about(f"{name}, after affine_weight_gradient"):
            assert_equal(array, before)
    triple, *after = kata.run(probes.call_with_layout, "affine_backward", layout, *arguments)
    assert_gradients(triple, expected)
    for name, array, before in zip(("dz", "x", "W"), after, arguments, strict=True):
        with about(f"{name}, after affine_backward"):
            assert_equal(array, before)


@task("inputs")
@cases(4)
def test_each_call_is_independent_of_other_calls(kata, draw, probes):
    first = small_arguments(draw)
    second = [draw.uniform(0.5, 2.0, *array.shape) for array in first]
    mixed = [[*first[:i], second[i], *first[i + 1 :]] for i in range(3)]  # each differs from `first` in one argument
    for name, n, check in (
        ("affine_weight_gradient", 2, assert_first_gradient),
        ("affine_backward", 3, assert_gradients),
    ):
        calls = [first[:n], *(arguments[:n] for arguments in mixed[:n]), second[:n]]
        answers, at_last = kata.run(probes.answers_of_calls, [[name, *arguments] for arguments in calls])
        for answer, arguments in zip(answers, [first, *mixed[:n], second], strict=True):
            with about(name):
                check(answer, gradients(*arguments))
        with about(f"the first result of {name}, after further calls"):
            assert_equal(at_last[0], answers[0])
        with about(f"{name} for the same arrays, which now hold other numbers"):
            renewed = kata.run(probes.answer_after_renewal, name, first[:n], second[:n])
            check(renewed, gradients(*second))
