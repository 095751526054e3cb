"""Challenge 5, bug 1: the symptom. You find the cause."""

from __future__ import annotations

from typing import Any

import numpy as np

from graders.checks import remade, task

EPOCHS = 100


@remade
def new_points(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw 500 points X (500, 2) from the rings, and return them with their rings (500,)."""
    rng = np.random.default_rng(seed)
    y = np.arange(500) % 2
    radius, angle = 1.0 + y + rng.normal(0, 0.2, 500), rng.uniform(0, 2 * np.pi, 500)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).astype(np.float32), y


@task("bug1_learns", title="Bug 1: the network learns")
def test_bug1_the_network_learns(kata: Any, draw: Any, probes: Any) -> None:
    X, y = new_points(draw.seed())

    run = kata.run(probes.bug1_run, draw.seed(), EPOCHS, X)

    assert run["epochs"] == EPOCHS, f"the history has {run['epochs']} losses for {EPOCHS} epochs"
    first, last = run["loss_at_the_start"], run["loss_at_the_end"]
    assert last < 0.5 * first, (
        f"the loss goes from {first:.4f} to {last:.4f} in {EPOCHS} epochs; a healthy run ends near a twentieth of it"
    )
    correct = float(np.mean(run["classes"] == y))
    assert correct >= 0.85, (
        f"{correct:.1%} of 500 new points are classified correctly; a healthy run reaches 98 %, guessing 50 %"
    )
