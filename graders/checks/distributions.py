"""Checks for the distribution of random samples from any generator.

Correct samples are rejected with a probability of at most `false_alarm`. The bounds are exact or conservative for every
sample size, so this is a guarantee and not an approximation. If a check has several parts, each part gets an
equal share of `false_alarm`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import Any

import numpy as np

from graders.checks import digits
from graders.checks.draw import Array
from graders.checks.mismatch import fail

FALSE_ALARM = 1e-6
STANDARD_NORMAL = NormalDist()


def assert_bernoulli(samples: object, probability: float, false_alarm: float = FALSE_ALARM) -> None:
    """Check that independent samples are all 0 or 1, and that 1 has the given probability.

    `samples` may have any shape. If k of n samples are 1, they are rejected if 2 exp(-n · KL(k/n ‖ probability)) <
    false_alarm. This is the Chernoff bound for both tails (Hoeffding, 1963, theorem 1), where KL is the relative
    entropy of two Bernoulli distributions.
    """

    def problem(x: Array) -> str | None:
        if not np.isin(x, (0.0, 1.0)).all():
            return f"expected only entries 0 and 1, got {x[~np.isin(x, (0.0, 1.0))].flat[0]}"
        ones, of = int(x.sum()), x.size
        if _chance_of_share(ones, of, probability) >= false_alarm:
            return None
        swapped = _chance_of_share(ones, of, 1 - probability) >= false_alarm
        hint = "; that is the share of zeros: are p and 1 - p swapped?" if swapped else ""
        return f"{ones} of {of} samples ({ones / of:.2%}) are 1, expected {probability:.2%}{hint}"

    _check(samples, probability, problem)


def assert_normal(samples: object, mean: float, std: float, false_alarm: float = FALSE_ALARM) -> None:
    """Check that independent samples, of any shape, come from this normal distribution.

    The mean, the variance and the shape are checked, each with a third of `false_alarm`:

    - The mean of n samples has a normal distribution with the standard deviation std / √n.
    - The sum Σ((x - mean) / std)² has a χ² distribution with n degrees of freedom. The probability that it exceeds
      n + 2√(nt) + 2t is at most exp(-t), and so is the probability that it is less than n - 2√(nt) (Laurent and
      Massart, 2000, lemma 1).
    - The Kolmogorov-Smirnov distance exceeds ε with a probability of at most 2 exp(-2nε²) (Massart, 1990).
    """

    def problem(x: Array) -> str | None:
        share = false_alarm / 3
        z = (x.reshape(-1) - mean) / std
        return (
            _wrong_mean(z, mean, std, share)
            or _wrong_spread(z, mean, std, share)
            or _wrong_shape(_normal_cdf(np.sort(z)), "normal", share)
        )

    _check(samples, (mean, std), problem)


def assert_uniform(samples: object, low: float, high: float, false_alarm: float = FALSE_ALARM) -> None:
    """Check that independent samples, of any shape, come from the uniform distribution on [low, high].

    No sample may lie outside [low, high]. The Kolmogorov-Smirnov distance is checked as in assert_normal.
    """

    def problem(x: Array) -> str | None:
        if x.min() < low or x.max() > high:
            return f"expected samples between {low:g} and {high:g}, got samples from {x.min():g} to {x.max():g}"
        return _wrong_shape(np.sort((x.reshape(-1) - low) / (high - low)), "uniform", false_alarm)

    _check(samples, (low, high), problem)


def assert_independent(samples: object, mean: float, false_alarm: float = FALSE_ALARM) -> None:
    """Check that entries at distances of 1, 2, 4, … and half the length along each axis are uncorrelated.

    This finds repeated rows or columns. To compare several calls, stack their results. `mean` is the known mean of a
    distribution with values 0 and 1, or the centre of a continuous, symmetric distribution. In the second case, only
    the signs of x - mean are used. With y = x - mean (or its sign), the sum of the products y[i] · y[i + lag] is a
    martingale. It is bounded by the tighter of the inequalities of Azuma-Hoeffding (1963) and Freedman (1975). Each lag
    gets an equal share of `false_alarm`.
    """

    def problem(x: Array) -> str | None:
        coins = bool(np.isin(x, (0.0, 1.0)).all())
        y = x - mean if coins else np.where(x < mean, -1.0, 1.0)
        variance = mean * (1 - mean) if coins else 1.0
        lags = [(axis, lag) for axis, length in enumerate(x.shape) for lag in _lags(length)]
        problems = (_correlated(y, axis, lag, variance, coins, false_alarm / len(lags)) for axis, lag in lags)
        return next(filter(None, problems), None)

    _check(samples, mean, problem)


def _check(samples: Any, expected: object, problem: Callable[[Array], str | None]) -> None:
    """Fail with the problem of the samples, or because they are not numbers, empty, or not finite."""
    try:
        raw = np.asarray(samples)
    except ValueError:
        fail("expected an array of numbers, got a ragged sequence", expected, samples)
        return
    if raw.dtype.kind not in "biuf" or not raw.size:
        found: str | None = f"expected an array of numbers, got shape {raw.shape} and dtype {raw.dtype}"
    else:
        x = np.atleast_1d(raw.astype(np.float64))
        wrong = x[~np.isfinite(x)]
        found = f"expected finite numbers, got {wrong[0]}" if wrong.size else problem(x)
    if found is not None:
        fail(found, expected, samples)


def _chance_of_share(ones: int, of: int, probability: float) -> float:
    """Return a bound on the probability that the share of ones is at least this far off, on either side."""
    q, p = ones / of, probability
    if (q > 0 and p == 0) or (q < 1 and p == 1):
        return 0.0
    divergence = (q * math.log(q / p) if q > 0 else 0.0) + ((1 - q) * math.log((1 - q) / (1 - p)) if q < 1 else 0.0)
    return 2 * math.exp(-of * divergence)


def _wrong_mean(z: Array, mean: float, std: float, false_alarm: float) -> str | None:
    allowed = STANDARD_NORMAL.inv_cdf(1 - false_alarm / 2) / math.sqrt(z.size)
    found = float(z.mean())
    if abs(found) <= allowed:
        return None
    return f"the mean of {z.size} samples is {mean + std * found:.4g}, expected {mean:.4g} within {std * allowed:.2g}"


def _wrong_spread(z: Array, mean: float, std: float, false_alarm: float) -> str | None:
    t = math.log(2 / false_alarm) / z.size
    low, high = math.sqrt(max(0.0, 1 - 2 * math.sqrt(t))), math.sqrt(1 + 2 * math.sqrt(t) + 2 * t)
    found = std * math.sqrt(float(np.mean(z**2)))
    if low * std <= found <= high * std:
        return None
    hint = ""
    if low * std**2 <= found <= high * std**2:
        hint = f"; {found:.4g} is about the expected variance: take its square root"
    elif low * math.sqrt(std) <= found <= high * math.sqrt(std):
        hint = f"; {found:.4g} is about the square root of the expected standard deviation: remove one square root"
    around = f" around {mean:g}" if mean else ""
    return (
        f"the standard deviation{around} of {z.size} samples is {found:.4g}, "
        f"expected {std:.4g} (from {low * std:.4g} to {high * std:.4g}){hint}"
    )


def _normal_cdf(z: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return Phi(z). It uses math.erf, because NumPy has no erf and NormalDist.cdf takes six times as long."""
    return 0.5 * (1 + np.array(list(map(math.erf, (z / math.sqrt(2)).tolist()))))


def _wrong_shape(below: Array, name: str, false_alarm: float) -> str | None:
    """Compare the empirical distribution function with `below`, the expected one at the sorted samples."""
    n = below.size
    steps = np.arange(n + 1) / n
    distance = float(max(np.max(steps[1:] - below), np.max(below - steps[:-1])))
    allowed = math.sqrt(math.log(2 / false_alarm) / (2 * n))
    if distance <= allowed:
        return None
    most, found = digits.pair(allowed, distance)
    return (
        f"{n} samples are not {name}: the share of samples below some number is off by {found}, "
        f"expected at most {most} (Kolmogorov-Smirnov distance)"
    )


def _lags(length: int) -> list[int]:
    powers = [2**k for k in range(length.bit_length()) if 2**k < length]
    return sorted({*powers, length // 2} - {0})


def _correlated(y: Array, axis: int, lag: int, variance: float, coins: bool, false_alarm: float) -> str | None:
    moved = np.moveaxis(y, axis, 0)
    products = moved[lag:] * moved[:-lag]
    total, bound = float(products.sum()), _martingale_bound(products.size, variance, coins, false_alarm)
    if abs(total) <= bound or variance == 0:
        return None
    correlation = total / products.size / variance
    where = f"{lag} apart along axis {axis}" if y.ndim > 1 else f"{lag} apart"
    return (
        f"samples {where} are not independent: correlation {correlation:.2f}, "
        f"expected 0 within {bound / products.size / variance:.2g}"
    )


def _martingale_bound(n: int, variance: float, coins: bool, false_alarm: float) -> float:
    """Return a bound that the absolute sum of n products exceeds with a probability of at most `false_alarm`.

    Given y, a product y·y' has mean 0 and variance y² · `variance`, and its range is |y| times the range of y'.
    """
    largest = 0.5 + math.sqrt(max(0.0, 0.25 - variance)) if coins else 1.0  # max(p, 1 - p), as variance is p(1 - p)
    u, b = math.log(2 / false_alarm), largest**2
    azuma = largest * (1.0 if coins else 2.0) * math.sqrt(n * u / 2)
    freedman = b * u / 3 + math.sqrt((b * u / 3) ** 2 + 2 * n * b * variance * u)
    return min(azuma, freedman)
