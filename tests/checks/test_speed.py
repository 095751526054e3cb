"""Tests of speed ratios, computed from given times, without a clock."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.checks import Mismatch, assert_speed
from graders.checks import speed as speed_module
from graders.checks.mismatch import observing
from graders.checks.speed import MOST_ROUNDS, Clock, compare, decide, median_interval
from graders.verdict import Speed


def timer(seconds: Iterator[float], log: list[str], name: str) -> Callable[[], tuple[float, float]]:
    def run() -> tuple[float, float]:
        log.append(name)
        wall = next(seconds)
        return wall, 2 * wall

    return run


def noisy(seconds: float, spread: float, seed: int) -> Iterator[float]:
    rng = np.random.default_rng(seed)
    while True:
        yield seconds * float(np.exp(spread * rng.normal()))


def speed(ratio: float, low: float, high: float) -> Speed:
    return Speed(ratio=ratio, low=low, high=high, cpu_ratio=ratio)


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=50))
def test_the_interval_contains_the_median(ratios: list[float]) -> None:
    median, low, high = median_interval(ratios)
    assert min(ratios) <= low <= median <= high <= max(ratios)
    assert median_interval(ratios) == (median, low, high)


def test_both_run_in_turns_and_each_is_first_equally_often() -> None:
    log: list[str] = []
    compare(timer(noisy(1, 0.1, 0), log, "s"), timer(noisy(1, 0.1, 1), log, "r"), rounds=4)
    assert "".join(log) == "sr" + "srrssrrs"  # the first two are the warm-up


def test_the_ratio_is_found_through_noise_and_outliers() -> None:
    seconds = [99.0, 3.0, 3.1, 2.9, 3.0, 50.0, 3.0, 3.05, 2.95, 3.0]
    found = compare(timer(iter(seconds), [], "s"), timer(noisy(1, 0, 0), [], "r"), rounds=9)
    assert found.ratio == 3.0
    assert found.high < 4  # the warm-up is not counted


def test_rounds_are_added_only_while_the_threshold_is_undecided() -> None:
    clear: list[str] = []
    compare(timer(noisy(1, 0.01, 0), clear, "s"), timer(noisy(1, 0.01, 1), clear, "r"), rounds=5, at_most=2.0)
    close: list[str] = []
    compare(timer(noisy(2, 0.3, 0), close, "s"), timer(noisy(1, 0.3, 1), close, "r"), rounds=5, at_most=1.95)
    assert (len(clear), len(close)) == (2 * (5 + 1), 2 * (MOST_ROUNDS + 1))


def rounds_timed(monkeypatch: pytest.MonkeyPatch, ratios: list[float], clock: Clock = "cpu") -> int:
    """Return the number of rounds in which a race with threshold 4 times a submission with these ratios."""
    log: list[str] = []
    calls: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr(speed_module, "MOST_ROUNDS", 3)
        compare(timer(iter(ratios), calls, "s"), timer(noisy(1, 0, 0), log, "r"), 3, at_most=4.0, clock=clock)
    assert len(calls) == 4  # in every case, the submission has to give right answers in all rounds
    return len(log)


def test_a_race_ends_early_only_if_the_warm_up_and_the_first_round_are_both_clearly_fast(monkeypatch) -> None:
    assert rounds_timed(monkeypatch, [0.9, 0.99, 20.0, 20.0]) == 2
    assert rounds_timed(monkeypatch, [1.0, 0.9, 0.9, 0.9]) == 4
    assert rounds_timed(monkeypatch, [0.9, 1.0, 0.9, 0.9]) == 4
    assert rounds_timed(monkeypatch, [0.9, 20.0, 20.0, 20.0]) == 4
    # other programs change wall times by more than this
    assert rounds_timed(monkeypatch, [0.9, 0.9, 0.9, 0.9], "wall") == 4


def test_a_race_that_ends_early_reports_both_rounds() -> None:
    found = compare(
        timer(iter([0.5, 0.7, *[9.0] * 10]), [], "s"), timer(noisy(1, 0, 0), [], "r"), at_most=4.0, clock="cpu"
    )
    assert (found.low, found.ratio, found.high, found.cpu_ratio) == (0.5, 0.6, 0.7, 0.6)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.8, 1.0, "fast enough"), (0.9, 1.2, "undecided"), (1.05, 1.3, "undecided"), (1.11, 1.3, "too slow")],
)
def test_a_threshold_is_decided_only_if_noise_cannot_decide(low: float, high: float, verdict: str) -> None:
    assert decide(low, high, at_most=1.0) == verdict


def test_cpu_times_are_compared_on_request() -> None:
    found = compare(lambda: (9.0, 0.5), lambda: (1.0, 0.25), rounds=3, clock="cpu")
    assert found.ratio == found.low == found.high == found.cpu_ratio == 2.0
    assert compare(lambda: (1.0, 0.5), lambda: (1.0, 0.0), rounds=3).cpu_ratio == 0.0  # too short to measure


def test_only_a_clearly_too_slow_submission_fails() -> None:
    assert_speed(speed(1.05, 0.9, 1.2), at_most=1.0)
    with pytest.raises(Mismatch) as caught:
        assert_speed(speed(2.4, 2.2, 2.6), at_most=1.5, than="the time of ten calls")
    assert caught.value.message == (
        "takes 2.40 times the time of ten calls (95% interval 2.20 to 2.60; CPU time 2.40 times); "
        "at most 1.5 times is allowed"
    )
    with observing():
        assert_speed(speed(9, 9, 9), at_most=1)


def test_a_wall_time_of_0_is_an_error() -> None:
    with pytest.raises(ValueError, match="positive"):
        compare(timer(iter([1.0, 0.0]), [], "s"), timer(noisy(1, 0, 0), [], "r"), rounds=1)
