"""Challenge 5, bug 5: the symptom. You find the cause."""

from __future__ import annotations

from typing import Any

from graders.checks import task

EPOCHS = 30
AT_LEAST = 0.53  # a remedy reaches 58 to 65 % on average, the broken program 46 %


@task("bug5_heals", title="Bug 5: it predicts the orders of other guests too")
def test_bug5_it_predicts_the_orders_of_other_guests_too(kata: Any, draw: Any, probes: Any) -> None:
    runs = [kata.run(probes.bug5_run, draw.seed(), EPOCHS) for _ in range(3)]
    for run in runs:
        assert 1 <= run["epochs"] <= EPOCHS, f"the history has {run['epochs']} losses for {EPOCHS} epochs"
    train, validation = (sum(run[part] for run in runs) / 3 for part in ("train", "validation"))
    assert validation >= AT_LEAST, (
        f"mean of three networks: the training accuracy is {train:.1%}, the validation accuracy {validation:.1%}; "
        f"with a remedy for overfitting, the validation accuracy is at least {AT_LEAST:.0%}"
    )
