"""Challenge 5, bug 4: the symptom. What causes it is yours to find."""

from __future__ import annotations

from typing import Any

from graders.checks import task

AT_MOST = (
    3.0  # times the steps' own time, of which a healthy run needs a little over 1; as handed out it needs about 10
)
EPOCHS = 2
SEEDS = [0, 1, 0]


@task("bug4_heals", title="Bug 4: training takes no longer than it has to")
def test_bug4_a_run_takes_no_longer_than_it_has_to(kata: Any, probes: Any) -> None:
    runs = kata.run(probes.bug4_runs, SEEDS, EPOCHS)
    for seed, loss, accuracies in zip(SEEDS, runs["loss"], runs["validation_accuracy"], strict=True):
        assert len(loss) == EPOCHS, f"the history has {len(loss)} losses for {EPOCHS} epochs"
        assert accuracies[-1] > 0.8, (
            f"seed {seed}: {accuracies[-1]:.1%} of the validation images are recognised after {EPOCHS} epochs; "
            "a healthy run has 89 %"
        )
    first, _, third = runs["loss"]
    assert first == third, f"seed 0 gives the losses {first} in the first run, and {third} in the third"
    assert runs["times"] < AT_MOST, (
        f"a run of {EPOCHS} epochs takes {runs['times']:.1f} times as long as its steps alone, on other numbers; "
        f"at most {AT_MOST:g} times is healthy"
    )
