"""Test that the picture shows the numbers from both frames."""

from __future__ import annotations

from typing import Any

import numpy as np

from graders.checks import about, assert_equal, assert_picture, task
from graders.hidden.challenge1.plotted import assert_both_networks_shown, made_up_norms


@task("plot")
def test_the_picture_shows_the_numbers_of_both_networks(kata: Any, draw: Any, probes: Any) -> None:
    norms = made_up_norms(draw.sizes("n_steps", 10, 20), draw.seed())
    losses = np.round(np.random.default_rng(draw.seed()).uniform(0.1, 2.3, len(norms["relu"])), 2)
    name = draw.choice(["gradients.png", "comparison.png"])
    run = kata.run(probes.plot, norms["sigmoid"], norms["relu"], losses, name)
    assert_picture(run["png"], name)
    assert_both_networks_shown(run["figure"], norms)


@task("seeds")
def test_the_frames_are_left_alone(kata: Any, draw: Any, probes: Any) -> None:
    norms = made_up_norms(10, draw.seed())
    losses = np.round(np.random.default_rng(draw.seed()).uniform(0.1, 2.3, 10), 2)
    run = kata.run(probes.plot, norms["sigmoid"], norms["relu"], losses, "gradients.png")
    with about("the frames after plot_gradients"):
        assert_equal(run["frames"], run["before"])
