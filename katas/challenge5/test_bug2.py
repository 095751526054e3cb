"""Challenge 5, bug 2: the symptom. You find the cause."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graders.checks import remade, task

EPOCHS = 10


@remade
def new_poses(seed: int) -> np.ndarray:
    """Draw the angles (500, 2) of new poses."""
    return np.random.default_rng(seed).uniform(-np.pi / 2, np.pi / 2, (500, 2)).astype(np.float32)


@task("bug2_heals", title="Bug 2: the loss stays finite and falls")
def test_bug2_the_loss_stays_finite_and_falls(kata: Any, draw: Any, probes: Any) -> None:
    angles = new_poses(draw.seed())
    upper_arm, forearm = angles[:, 0], angles.sum(axis=1)
    x, y = np.cos(upper_arm) + 0.7 * np.cos(forearm), np.sin(upper_arm) + 0.7 * np.sin(forearm)

    run = kata.run(probes.bug2_run, draw.seed(), EPOCHS, angles)

    assert run["epochs"] == EPOCHS, f"the history has {run['epochs']} validation losses for {EPOCHS} epochs"
    first = ", ".join(f"{loss:.3g}" for loss in run["loss"][:4])
    assert run["loss"], "the history has no losses"
    finite = math.isfinite(sum(run["loss"]))
    assert finite, f"the losses of the first batches are {first}; a healthy run starts between 0.5 and 20"
    last = float(np.mean(run["loss"][-16:]))
    assert last < 0.1, (
        f"the mean loss of the last epoch is {last:.3g} (first batches: {first}); a healthy run ends near 0.008"
    )
    assert run["positions"].shape == (500, 2), f"predict returns shape {run['positions'].shape} for 500 poses"
    error = float(np.mean((run["positions"] - np.stack([x, y], axis=1)) ** 2))
    assert error < 0.1, (
        f"the mean squared error on 500 new poses is {error:.3g}; a healthy run has about 0.008, and a network "
        "that always outputs 0 has 1.2"
    )
