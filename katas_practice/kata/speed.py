"""A hidden test for puzzles whose program is slow: the fixed one trains nearly as fast as its twin."""

from __future__ import annotations

import math
from typing import Any

from graders.checks import assert_speed, task
from katas_practice import judging


@task("heals")
def test_a_training_takes_no_longer_than_it_has_to(kata: Any, draw: Any, probes: Any) -> None:
    def assert_trained(losses: list[float], arguments: tuple[Any, ...]) -> None:
        _, epochs = arguments
        assert len(losses) == epochs, f"the history has {len(losses)} losses for {epochs} epochs"
        assert all(map(math.isfinite, losses)), f"the losses are {losses}"

    speed = kata.speed(
        probes.one_training,
        lambda: (draw.choice(judging.SEEDS), judging.TIMED_EPOCHS),
        assert_trained,
        rounds=5,
        at_most=judging.SLOW,
    )
    assert_speed(speed, at_most=judging.SLOW)
