"""Compare relu with torch.nn.functional.relu, and its derivative with autograd.

Both functions only choose between numbers, so nothing has to be rounded. A tolerance of 8 eps |expected|
leaves room for implementations that round once or twice. Where 0 is expected, a result may not exceed the smallest
normal number.
"""

import numpy as np
import torch
import torch.nn.functional as F

from graders.checks import about, assert_close, assert_equal, cases, task, values_only

LAYOUTS = ("fortran", "strided", "backwards", "contiguous")


def relu(z):
    return F.relu(torch.tensor(z, dtype=torch.float64)).numpy()


def relu_derivative(z):
    z = torch.tensor(z, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(F.relu(z).sum(), z)  # elements don't affect each other
    return gradient.numpy()


EXPECTED = {"relu": relu, "relu_derivative": relu_derivative}


def pre_activations(draw):
    """Return an array with one to four axes, in which some entries are exactly 0.

    In some cases, axes have length 1, or there are many entries.
    """
    a, b, c, d = draw.sizes("a b c d", high=5)
    any_length = draw.sizes("any_length", low=6, high=2000)
    shapes = (a,), (a, b), (a, b, c), (a, b, c, d), (1,), (1, 1), (1, b), (a, 1), (5000,), (70, 90), (any_length,)
    shape = shapes[draw.case % len(shapes)]
    return draw.normal(*shape, scale=(1.0, 1e4, 1e-9)[draw.case % 3]) * draw.mask(*shape, keep=0.8)


@task("relu", title="Negative numbers become 0, others stay the same")
@cases(22)
def test_negative_numbers_become_0_and_others_stay(kata, draw):
    z = pre_activations(draw)
    assert_close(kata.relu(z), relu(z))


@task("derivative")
@cases(22)
def test_the_derivative_is_1_above_0_and_0_elsewhere(kata, draw):
    z = pre_activations(draw)
    assert_close(kata.relu_derivative(z), relu_derivative(z))


@task("types")
@cases(8)
def test_float32_stays_float32_and_int64_gives_float64(kata, draw):
    dtype, promised = ((np.float32, np.float32), (np.int64, np.float64))[draw.case % 2]
    z = draw.integers(-100, 101, *draw.sizes("n features", low=2, high=5)).astype(dtype)
    assert_close(kata.relu(z), relu(z), dtype=promised)
    assert_close(kata.relu_derivative(z), relu_derivative(z), dtype=promised)


@task("inputs")
@cases(8)
def test_arguments_of_any_layout_work_and_stay_unchanged(kata, draw, probes):
    z = draw.normal(*draw.sizes("n features", low=2, high=5))
    for name, expected in EXPECTED.items():
        actual, after = kata.run(probes.call_with_layout, name, LAYOUTS[draw.case % 4], z)
        with about(name), values_only():
            assert_close(actual, expected(z))
        with about(f"z, after {name}"):
            assert_equal(after, z)


@task("inputs")
@cases(4)
def test_calls_do_not_affect_each_other(kata, draw, probes):
    n, features = draw.sizes("n features", low=2, high=5)
    first, second = draw.normal(n, features), draw.normal(n, features)
    calls = [["relu", first], ["relu_derivative", second], ["relu", second], ["relu_derivative", first]]
    results, later = kata.run(probes.answers_of_calls, calls)
    for (name, z), result, at_last in zip(calls, results, later, strict=True):
        with about(name), values_only():
            assert_close(result, EXPECTED[name](z))
        with about(f"the result of {name}, after further calls"):
            assert_equal(at_last, result)
    for name, expected in EXPECTED.items():
        with about(name), values_only():
            assert_close(kata.run(probes.answer_after_renewal, name, [first], [second]), expected(second))
