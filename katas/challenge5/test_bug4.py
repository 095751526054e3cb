"""Challenge 5, bug 4: the symptom. You find the cause."""

from __future__ import annotations

from typing import Any

from graders.checks import task

AT_MOST = 3.0  # times the time of the steps alone; a healthy run takes a little over 1, the broken program about 10
EPOCHS = 2
SEEDS = [0, 1, 0]


@task("bug4_heals", title="Bug 4: training takes no longer than it has to")
def test_bug4_a_run_takes_no_longer_than_it_has_to(kata: Any, probes: Any) -> None:
    runs = kata.run(probes.bug4_runs, SEEDS, EPOCHS)
    for seed, loss, accuracies in zip(SEEDS, runs["loss"], runs["validation_accuracy"], strict=True):
        assert len(loss) == EPOCHS, f"the history has {len(loss)} losses for {EPOCHS} epochs"
        assert accuracies[-1] > 0.8, (
            f"seed {seed}: the validation accuracy after {EPOCHS} epochs is {accuracies[-1]:.1%}; "
            "a healthy run reaches 89 %"
        )
    first, _, third = runs["loss"]
    assert first == third, f"seed 0 gives the losses {first} in the first run but {third} in the third"
    assert runs["ratio_of_seconds"] < AT_MOST, (
        f"a run of {EPOCHS} epochs takes {runs['ratio_of_seconds']:.1f} times as long as the same steps alone, on "
        f"random numbers; a healthy run takes at most {AT_MOST:g} times as long"
    )
