"""Challenge 5, bug 4: the symptom. What causes it is yours to find."""

from __future__ import annotations

from typing import Any

from graders.checks import assert_speed, task

AT_MOST = 3.0  # times a healthy run's time, of which a run needs 1; as it was handed out it needs about 10
EPOCHS = 1
SEEDS = range(2**31)


def check(run: dict[str, Any], arguments: tuple[Any, ...]) -> None:
    """The run that was timed has done its work."""
    _, epochs = arguments
    for name, values in run.items():
        assert len(values) == epochs, f"the history has {len(values)} values of {name} for {epochs} epochs"
    accuracy = run["validation_accuracy"][-1]
    assert accuracy > 0.5, f"{accuracy:.1%} of the validation images are told; after {epochs} epochs a run has 85 %"


@task("bug4_heals", title="Bug 4: training takes no longer than it has to")
def test_bug4_a_run_takes_no_longer_than_it_has_to(kata: Any, draw: Any, probes: Any) -> None:
    # A choice, where draw.seed() would do: a failing seed is tried again as 0, and that would take as long again.
    speed = kata.speed(probes.bug4_run, lambda: (draw.choice(SEEDS), EPOCHS), check, rounds=3, at_most=AT_MOST)
    assert_speed(speed, at_most=AT_MOST)
