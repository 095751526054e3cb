"""Challenge 5, bug 3: the symptom. You find the cause."""

from __future__ import annotations

from typing import Any

import numpy as np

from graders import datasets
from graders.checks import task

EPOCHS = 3


@task("bug3_heals", title="Bug 3: the digits are recognised")
def test_bug3_the_digits_are_recognised(kata: Any, draw: Any, probes: Any) -> None:
    images, classes = datasets.kept_back("mnist")

    run = kata.run(probes.bug3_run, draw.seed(), EPOCHS, images.astype(np.float32) / 255)

    assert len(run["loss"]) == EPOCHS, f"the history has {len(run['loss'])} losses for {EPOCHS} epochs"
    assert run["classes"].shape == classes.shape, (
        f"predict returns shape {run['classes'].shape} for {len(images)} images"
    )
    correct = float(np.mean(run["classes"] == classes))
    assert correct >= 0.75, (
        f"{correct:.1%} of {len(images)} unseen images are classified correctly, and the loss went from "
        f"{run['loss'][0]:.3f} to {run['loss'][-1]:.3f} in {EPOCHS} epochs; a healthy run reaches 91 % and ends at 0.2"
    )
