"""Hidden test for a slow training program, which times the submission and its twin alternately with fresh seeds."""

from __future__ import annotations

import math
from typing import Any

from graders.checks import assert_speed, task
from graders.debugging import health, judging


def assert_trained(losses: list[float], arguments: tuple[Any, ...]) -> None:
    """Check that a timed run has the requested number of epochs and only finite losses."""
    _, epochs = arguments
    assert len(losses) == epochs, f"the history has {len(losses)} losses for {epochs} epochs"
    assert all(map(math.isfinite, losses)), f"the losses are {losses}"


@task("heals")
def test_a_training_takes_no_longer_than_it_has_to(kata: Any, draw: Any, probes: Any) -> None:
    speed = kata.speed(
        probes.one_training,
        lambda: (draw.choice(judging.SEEDS), judging.TIMED_EPOCHS),
        assert_trained,
        rounds=5,
        at_most=health.SLOW,
    )
    assert_speed(speed, at_most=health.SLOW)
