"""Challenge 5, bug 5: the symptom. What causes it is yours to find."""

from __future__ import annotations

from typing import Any

from graders.checks import task

EPOCHS = 45


@task("bug5_heals", title="Bug 5: what is learned also holds for other images")
def test_bug5_what_is_learned_holds_for_other_images(kata: Any, draw: Any, probes: Any) -> None:
    run = kata.run(probes.bug5_run, draw.seed(), EPOCHS)
    assert run["epochs"] == EPOCHS, f"the history has {run['epochs']} losses for {EPOCHS} epochs"
    train, validation = run["train"], run["validation"]
    healthy = "a healthy run ends near 68 % and 66 %"
    assert train - validation < 0.25, f"training accuracy {train:.1%}, validation accuracy {validation:.1%}: {healthy}"
    assert validation > 0.35, f"validation accuracy {validation:.1%}: {healthy}"
