"""Checks for the distribution of random samples from any generator.

Correct samples are rejected with a probability of at most `false_alarm`. The bounds are exact or conservative for every
sample size, so this is a guarantee and not an approximation. If a check has several parts, each part gets an
equal share of `false_alarm`.
"""

from __future__ import annotations

import math
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
    x, problem = _numbers(samples)
    if problem is None and not np.isin(x, (0.0, 1.0)).all():
        problem = f"expected only entries 0 and 1, got {x[~np.isin(x, (0.0, 1.0))].flat[0]}"
    if problem is None:
        problem = _unlike_coin(int(x.sum()), x.size, probability, false_alarm)
    if problem is not None:
        fail(problem, probability, samples)


def assert_normal(samples: object, mean: float, std: float, false_alarm: float = FALSE_ALARM) -> None:
    """Check that independent samples, of any shape, come from this normal distribution.

    The mean, the variance and the shape are checked, each with a third of `false_alarm`:

    - The mean of n samples has a normal distribution with the standard deviation std / √n.
    - The sum Σ((x - mean) / std)² has a χ² distribution with n degrees of freedom. The probability that it exceeds
      n + 2√(nt) + 2t is at most exp(-t), and so is the probability that it is less than n - 2√(nt) (Laurent and
      Massart, 2000, lemma 1).
    - The Kolmogorov-Smirnov distance exceeds ε with a probability of at most 2 exp(-2nε²) (Massart, 1990).
    """
    x, problem = _numbers(samples)
    if problem is None:
        share = false_alarm / 3
        z = (x.reshape(-1) - mean) / std
        problem = (
            _wrong_mean(z, mean, std, share)
            or _wrong_spread(z, mean, std, share)
            or _wrong_shape(z, _normal_cdf(np.sort(z)), "normal", share)
        )
    if problem is not None:
        fail(problem, (mean, std), samples)


def assert_uniform(samples: object, low: float, high: float, false_alarm: float = FALSE_ALARM) -> None:
    """Check that independent samples, of any shape, come from the uniform distribution on [low, high].

    No sample may lie outside [low, high]. The Kolmogorov-Smirnov distance is checked as in assert_normal.
    """
    x, problem = _numbers(samples)
    if problem is None and (x.min() < low or x.max() > high):
        problem = f"expected samples between {low:g} and {high:g}, got samples from {x.min():g} to {x.max():g}"
    if problem is None:
        u = (x.reshape(-1) - low) / (high - low)
        problem = _wrong_shape(u, np.sort(u), "uniform", false_alarm)
    if problem is not None:
        fail(problem, (low, high), samples)


def assert_independent(samples: object, mean: float, false_alarm: float = FALSE_ALARM) -> None:
    """Check that entries at distances of 1, 2, 4, … and half the length along each axis are uncorrelated.

    This finds repeated rows or columns. To compare several calls, stack their results. `mean` is the known mean of a
    distribution with values 0 and 1, or the centre of a continuous, symmetric distribution. In the second case, only
    the signs of x - mean are used. With y = x - mean (or its sign), the sum of the products y[i] · y[i + lag] is a
    martingale. It is bounded by the tighter of the inequalities of Azuma-Hoeffding (1963) and Freedman (1975). Each lag
    gets an equal share of `false_alarm`.
    """
    x, problem = _numbers(samples)
    if problem is None:
        coins = bool(np.isin(x, (0.0, 1.0)).all())
        y = x - mean if coins else np.where(x < mean, -1.0, 1.0)
        variance = mean * (1 - mean) if coins else 1.0
        lags = [(axis, lag) for axis, length in enumerate(x.shape) for lag in _lags(length)]
        problems = (_correlated(y, axis, lag, variance, coins, false_alarm / len(lags)) for axis, lag in lags)
        problem = next((found for found in problems if found), None)
    if problem is not None:
        fail(problem, mean, samples)


def _numbers(samples: Any) -> tuple[Array, str | None]:
    """Return the samples as float64, and a description of the problem if they are empty or not finite numbers."""
    try:
        raw = np.asarray(samples)
    except ValueError:
        return np.empty(0), "expected an array of numbers, got a ragged sequence"
    if raw.dtype.kind not in "biuf" or not raw.size:
        return np.empty(0), f"expected an array of numbers, got shape {raw.shape} and dtype {raw.dtype}"
    x = raw.astype(np.float64)
    if not np.isfinite(x).all():
        return x, f"expected finite numbers, got {x[~np.isfinite(x)].flat[0]}"
    return np.atleast_1d(x), None


def _unlike_coin(ones: int, of: int, probability: float, false_alarm: float) -> str | None:
    chance = _chance_of_share(ones, of, probability)
    if chance >= false_alarm:
        return None
    hint = ""
    if _chance_of_share(ones, of, 1 - probability) >= false_alarm:
        hint = "; that is the share of zeros: are p and 1 - p swapped?"
    return f"{ones} of {of} samples ({ones / of:.2%}) are 1, expected {probability:.2%}{hint}"


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
    found = std * math.sqrt(float(np.mean(z**2)))
    low, high = _spread_bounds(z.size, false_alarm)
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


def _spread_bounds(n: int, false_alarm: float) -> tuple[float, float]:
    """Return bounds on the root mean square of n standard normal samples."""
    t = math.log(2 / false_alarm) / n
    return math.sqrt(max(0.0, 1 - 2 * math.sqrt(t))), math.sqrt(1 + 2 * math.sqrt(t) + 2 * t)


def _normal_cdf(z: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return Phi(z). It uses math.erf, because NumPy has no erf and NormalDist.cdf takes six times as long."""
    return 0.5 * (1 + np.array(list(map(math.erf, (z / math.sqrt(2)).tolist()))))


def _wrong_shape(x: Array, below: Array, name: str, false_alarm: float) -> str | None:
    """Compare the empirical distribution function with `below`, the expected one at the sorted samples."""
    n = x.size
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
    width = largest * (1.0 if coins else 2.0)
    u = math.log(2 / false_alarm)
    azuma = width * math.sqrt(n * u / 2)
    b = largest**2
    freedman = b * u / 3 + math.sqrt((b * u / 3) ** 2 + 2 * n * b * variance * u)
    return min(azuma, freedman)
