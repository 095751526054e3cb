"""Tests of the checks of distributions: correct samples pass, wrong ones are refused."""

import re

import numpy as np
import pytest

from graders.checks import Mismatch, assert_bernoulli, assert_independent, assert_normal, assert_uniform
from graders.checks.mismatch import observing

SIZE = 10_000


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_200_right_samples_raise_no_false_alarm() -> None:
    for seed in range(200):
        r = rng(seed)
        p = (0.02, 0.5, 0.9)[seed % 3]
        mask = (r.random((40, 50)) < p).astype(float)
        normal, uniform = r.normal(0.5, 0.1, (20, 50)), r.uniform(-1, 3, 1000)
        assert_bernoulli(mask, p)
        assert_independent(mask, p)
        assert_normal(normal, 0.5, 0.1)
        assert_independent(normal, 0.5)
        assert_uniform(uniform, -1, 3)
        assert_independent(uniform, 1)


@pytest.mark.parametrize("alarm", [0.05, 0.5])
def test_false_alarms_are_no_more_frequent_than_stated(alarm: float) -> None:
    def alarms(seed: int) -> int:
        try:
            assert_normal(rng(seed).normal(size=200), 0, 1, alarm)
        except Mismatch:
            return 1
        return 0

    # 300 samples; four standard deviations above the stated share
    assert sum(alarms(seed) for seed in range(300)) <= 300 * alarm + 4 * np.sqrt(300 * alarm * (1 - alarm))


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (rng().uniform(-np.sqrt(3) / 5, np.sqrt(3) / 5, SIZE), "not normal"),
        (rng().laplace(0, 0.2 / np.sqrt(2), SIZE), "not normal"),
        (rng().choice([-0.2, 0.2], SIZE), "not normal"),
        (rng().normal(0, 0.04, SIZE), "is about the expected variance: take its square root"),
        (rng().normal(0, np.sqrt(0.2), SIZE), "is about the square root of the expected standard deviation"),
        (rng().normal(0, 0.22, SIZE), "standard deviation of 10000 samples is 0.2"),
        (rng().normal(0.02, 0.2, SIZE), "mean of 10000 samples is 0.02"),
        (np.full(SIZE, np.nan), "expected finite numbers, got nan"),
        ("x", "expected an array of numbers"),
        ([[1.0], [1.0, 2.0]], "expected an array of numbers"),
        (np.zeros((0, 3)), "expected an array of numbers"),
    ],
)
def test_samples_that_are_not_normal_are_refused_with_the_reason(samples: object, reason: str) -> None:
    with pytest.raises(Mismatch, match=reason):
        assert_normal(samples, 0, 0.2)


def test_a_distance_just_beyond_the_allowed_one_is_shown_as_larger() -> None:
    quantiles = (np.arange(2000) + 0.5) / 2000
    for power in np.linspace(1, 1.5, 5001):  # distorted a little more each time, until it is refused
        try:
            assert_uniform(quantiles**power, 0, 1)
        except Mismatch as fault:
            found, allowed = re.search(r"is off by (\S+), expected at most (\S+)", fault.message).groups()
            assert float(found) > float(allowed)
            assert float(found) < float(allowed) + 1e-3  # so close that three digits would not distinguish them
            return
    pytest.fail("nothing was refused")


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        ((rng().random(SIZE) < 0.7).astype(float), "are p and 1 - p swapped"),
        ((rng().random(SIZE) < 0.34).astype(float), r"expected 30.00%$"),
        ((rng().random(SIZE) < 0.3) / 0.3, "only entries 0 and 1"),
    ],
)
def test_samples_of_another_coin_are_refused_with_the_reason(samples: np.ndarray, reason: str) -> None:
    with pytest.raises(Mismatch, match=reason):
        assert_bernoulli(samples, 0.3)


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_a_coin_with_probability_0_or_1_allows_no_exception(probability: float) -> None:
    samples = np.full(SIZE, probability)
    assert_bernoulli(samples, probability)
    samples[7] = 1 - probability
    with pytest.raises(Mismatch):
        assert_bernoulli(samples, probability)


@pytest.mark.parametrize("samples", [rng().normal(0.5, 0.29, SIZE), rng().random(SIZE) ** 1.1, rng().beta(2, 2, SIZE)])
def test_samples_that_are_not_uniform_are_refused(samples: np.ndarray) -> None:
    with pytest.raises(Mismatch):
        assert_uniform(samples, 0, 1)


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.95])
@pytest.mark.parametrize(
    "dependent",
    [
        lambda mask: np.repeat(mask[:1], 100, axis=0),
        lambda mask: np.repeat(mask[:, :1], 100, axis=1),
        lambda mask: np.concatenate([mask[:50], mask[:50]]),
        lambda mask: np.sort(mask, axis=1),
    ],
    ids=["one row for all", "one column for all", "second half repeats the first", "sorted"],
)
def test_entries_that_depend_on_each_other_are_refused(dependent, probability: float) -> None:
    mask = dependent((rng(3).random((100, 100)) < probability).astype(float))
    with pytest.raises(Mismatch, match="not independent"):
        assert_independent(mask, probability)


def test_two_calls_with_the_same_result_are_refused() -> None:
    first = rng().normal(size=SIZE)
    with pytest.raises(Mismatch, match=r"1 apart along axis 0 are not independent: correlation 1.00"):
        assert_independent(np.stack([first, first]), 0)


def test_nothing_fails_while_observing_a_wrong_answer() -> None:
    with observing():
        for wrong in (None, "x", [[1.0], [2.0, 3.0]], np.array([np.inf]), np.zeros(0), 3.0):
            assert_bernoulli(wrong, 0.5)
            assert_normal(wrong, 0, 1)
            assert_uniform(wrong, 0, 1)
            assert_independent(wrong, 0)
