"""Compare layer_norm with torch.nn.functional.layer_norm.

The tolerance for the result is derived as follows. Let s = sqrt(variance + eps), z = (x - mean) / s and
κ = rms(x) / s, the condition number of the variance.

- The error of a mean of n numbers is at most n eps rms(x), which changes z by n eps κ.
- The relative error of the variance depends on the formula. It is n eps for the mean of squared differences (where an
  error of the mean enters squared), n eps κ for Welford's method, and n eps κ² for E[x²] - mean² (Chan, Golub and
  LeVeque, Algorithms for computing the sample variance, 1983). The relative error of z is as large, plus a few rounding
  errors.

Together, |error| <= c eps n (|gamma| (|z| + κ + |z| κ^p) + |beta|). For ordinary rows, κ is about 1, and p = 2 makes
every formula good enough. For rows far from 0, p = 1. At κ = 1e6, the error of E[x²] - mean² is then a million times
that of the other formulas, and far above the limit.
"""

import numpy as np
import torch
import torch.nn.functional as F

from graders.checks import about, assert_close, assert_equal, assert_speed, cases, task

LAYOUTS = ("fortran", "strided", "backwards", "contiguous")


def assert_normalised(actual, x, gamma=None, beta=None, eps=1e-5, dtype=np.float64, p=2):
    x, gamma, beta = (None if a is None else torch.tensor(a, dtype=torch.float64) for a in (x, gamma, beta))
    features = x.shape[-1]
    z = abs(F.layer_norm(x, (features,), eps=eps))
    condition = torch.sqrt((x**2).mean(-1, keepdim=True) / (x.var(-1, keepdim=True, correction=0) + eps))
    scale = z + condition + z * condition**p
    scale = (scale if gamma is None else abs(gamma) * scale) + (0 if beta is None else abs(beta))
    expected = F.layer_norm(x, (features,), gamma, beta, eps)
    assert_close(actual, expected, dtype=dtype, scale=scale, terms=features)


def rows(draw):
    """Draw x (…, features) with one to four axes.

    The lengths are different, 1, equal or large, depending on the case.
    """
    k, m, n, features = draw.sizes("k m n features", low=2, high=6)
    any_length = draw.sizes("any_length", low=9, high=600)
    special = {1: (2, 2, 1, 1), 2: (k, m, 1, features), 3: (k, m, n, 1), 4: (4, 4, 4, 4), 5: (1, 1, 1100, 3)}
    special |= {6: (1, 1, 2, 600), 7: (1, 2, any_length, features), 8: (1, 1, 2, any_length)}
    sizes = special.get(draw.case // 3, (k, m, n, features))
    axes = (2, 4, 1, 3, 2)[draw.case % 5]
    spread, mean = draw.uniform(0.3, 3, *sizes[4 - axes : 3], 1), draw.normal(*sizes[4 - axes : 3], 1)
    scale = (1.0, 1e4, 0.01, 100.0)[draw.case % 4]
    x = scale * (spread * draw.normal(*sizes[4 - axes :]) + mean)
    if draw.case in (18, 19):  # one number of 600 is far off, so y gets as large as sqrt(features - 1) = 24
        x[..., draw.integers(0, 600)] = (-1000, 1000)[draw.case - 18] * np.abs(x).max()
    return x


def parameters(draw, x, given):
    """Draw gamma and beta, with None for each one that `given` leaves out."""
    return [draw.normal(x.shape[-1]) if wanted else None for wanted in given]


def small_arguments(draw, dtype, *, calls=1):
    """Draw x, gamma and beta for each call, with the same dtype and shapes, where x is a batch or a vector.

    No gamma is 0, because only the tests of gamma and beta are about that.
    """
    n, features = draw.sizes("n features", low=3)
    shapes = ((n, features), (features,))[(draw.case + draw.case // 4) % 2], (features,), (features,)
    if np.issubdtype(dtype, np.floating):
        return [[draw.normal(*shape, dtype=dtype) for shape in shapes] for _ in range(calls)]
    lows = (-100, 1, -100)
    return [[draw.integers(low, 101, *shape) for low, shape in zip(lows, shapes, strict=True)] for _ in range(calls)]


@task("normalise", title="Every row is normalised on its own")
@cases(27)
def test_every_row_is_normalised_by_itself(kata, draw):
    x = rows(draw)
    assert_normalised(kata.layer_norm(x), x)


@task("parameters", title="gamma and beta scale and shift each feature")
@cases(21)
def test_gamma_and_beta_scale_and_shift_each_feature(kata, draw):
    x = rows(draw)
    gamma, beta = parameters(draw, x, ((True, True), (True, False), (False, True), (False, False))[draw.case % 4])
    features = x.shape[-1]
    balanced = np.arange(features) - (features - 1) / 2
    if draw.case in (8, 17):
        gamma[:] = 0
    elif draw.case in (12, 13):
        gamma[draw.case - 13] = 0
    elif draw.case in (14, 16):
        beta[:] = balanced
    elif draw.case == 20:
        gamma[:] = balanced
    assert_normalised(kata.layer_norm(x, gamma, beta), x, gamma, beta)


@task("eps")
@cases(20)
def test_any_eps_is_added_to_the_variance(kata, draw):
    n, features = draw.sizes("n features", low=3)
    eps = (1e-5, 1e-3, 0.0, 1.0, 1e-12)[draw.case % 5]
    numbers, level = draw.normal(n, features), draw.normal(n, 1)
    constant = level + numbers * (np.arange(n) % 2)[:, None]  # constant rows would give 0 / 0 if eps is 0
    x = (numbers, numbers if eps == 0 else constant, 3e-3 * numbers, 1e-4 * numbers)[draw.case % 4]
    gamma, beta = parameters(draw, x, ((False, False), (True, True))[draw.case // 4 % 2])
    given = (x, gamma, beta) if eps == 1e-5 else (x, gamma, beta, eps)  # 1e-5 is the default
    assert_normalised(kata.layer_norm(*given), *given)


@task("offset")
@cases(6)
def test_rows_far_from_0_are_normalised_accurately(kata, draw):
    n, features = draw.sizes("n features", low=4)
    x = draw.normal(n, features) + 1e6 * draw.uniform(-1, 1, n, 1)
    assert_normalised(kata.layer_norm(x), x, p=1)


@task("types", title="float32 stays float32, and integers give float64")
@cases(8)
def test_float32_stays_float32_and_integers_count_as_float64(kata, draw):
    dtype = (np.float32, np.int64)[draw.case % 2]
    promised = np.float32 if dtype is np.float32 else np.float64
    (arguments,) = small_arguments(draw, dtype)
    given = (arguments, arguments[:1])[draw.case // 4]  # first with gamma and beta, then without
    assert_normalised(kata.layer_norm(*given), *given, dtype=promised)


@task("inputs", title="Any memory layout works, and the arguments are unchanged")
@cases(12)
def test_any_memory_layout_works_and_stays_as_it_was(kata, draw, probes):
    (arguments,) = small_arguments(draw, np.float64)
    y, *after = kata.run(probes.call_with_layout, "layer_norm", LAYOUTS[draw.case % 4], *arguments)
    assert_normalised(y, *arguments)
    for name, array, before in zip(("x", "gamma", "beta"), after, arguments, strict=True):
        with about(f"{name}, after layer_norm"):
            assert_equal(array, before)


@task("inputs")
@cases(4)
def test_a_second_call_does_not_change_the_first_result(kata, draw, probes):
    first, second = small_arguments(draw, np.float64, calls=2)
    answers, later = kata.run(probes.answers_of_calls, [["layer_norm", *first], ["layer_norm", *second]])
    for answer, arguments in zip(answers, (first, second), strict=True):
        assert_normalised(answer, *arguments)
    with about("the result of the first call, after the second call"):
        assert_equal(later[0], answers[0])
    assert_normalised(kata.run(probes.answer_after_renewal, "layer_norm", first, second), *second)


@task("speed", title="A large batch takes at most five times the solution's time")
def test_a_large_batch_takes_at_most_five_times_as_long(kata, draw):
    speed = kata.speed(
        "layer_norm",
        lambda: (draw.normal(3_000, 3), draw.normal(3), draw.normal(3)),
        lambda actual, arguments: assert_normalised(actual, *arguments),
        rounds=3,
        at_most=5.0,
        clock="cpu",
    )
    assert_speed(speed, at_most=5.0)
