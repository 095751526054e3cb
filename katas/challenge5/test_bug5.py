"""Challenge 5, bug 5: the symptom. You find the cause."""

from __future__ import annotations

from typing import Any

from graders.checks import task

EPOCHS = 30
RUNS, AT_LEAST = 8, 0.52  # a remedy reaches 55 to 65 % on average, the broken program 47 %
CERTAIN = 0.58  # if the first two networks are this good, no other is trained


@task("bug5_heals", title="Bug 5: it predicts the orders of other guests too", unless_hidden=True)
def test_bug5_it_predicts_the_orders_of_other_guests_too(kata: Any, draw: Any, probes: Any) -> None:
    runs = []
    for _ in range(RUNS):
        run = kata.run(probes.bug5_run, draw.seed(), EPOCHS)
        assert 1 <= run["epochs"] <= EPOCHS, f"the history has {run['epochs']} losses for {EPOCHS} epochs"
        assert run["repeats"], "predict gives other answers when it is called again with the same network and guests"
        runs.append(run)
        if len(runs) == 2 and min(each["validation"] for each in runs) >= CERTAIN:
            return
    train, validation = (sum(run[part] for run in runs) / RUNS for part in ("train", "validation"))
    assert validation >= AT_LEAST, (
        f"mean of {RUNS} networks: the training accuracy is {train:.1%}, the validation accuracy {validation:.1%}; "
        f"with a remedy for overfitting, the validation accuracy is at least {AT_LEAST:.0%}"
    )
