"""Challenge 5, bug 5: the symptom. You find the cause."""

from __future__ import annotations

from typing import Any

from graders.checks import task

EPOCHS = 45


@task("bug5_heals", title="Bug 5: it recognises other images too")
def test_bug5_it_recognises_other_images_too(kata: Any, draw: Any, probes: Any) -> None:
    run = kata.run(probes.bug5_run, draw.seed(), EPOCHS)
    assert run["epochs"] == EPOCHS, f"the history has {run['epochs']} losses for {EPOCHS} epochs"
    train, validation = run["train"], run["validation"]
    healthy = "a healthy run ends near 68 % and 66 %"
    assert train - validation < 0.25, (
        f"the training accuracy is {train:.1%}, the validation accuracy {validation:.1%}; {healthy}"
    )
    assert validation > 0.35, f"the validation accuracy is {validation:.1%}; {healthy}"
