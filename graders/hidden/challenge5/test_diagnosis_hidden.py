"""Test the diagnosed cause and line of every fault in the programs that learners receive."""

from __future__ import annotations

from typing import Any, NamedTuple

from graders.checks import task
from graders.checks.diagnosis_file import diagnosis_of


class Truth(NamedTuple):
    """The causes and line numbers (from 1) that are right answers for `file`, which has `lines` lines."""

    file: str
    lines: int
    causes: frozenset[str]
    places: frozenset[int]


# If a fault can be described in several ways, several causes or lines are right. tests/katas/test_challenge5.py checks
# these lines against the programs.
TRUTHS = {
    "bug1": Truth(
        "bug1_never_learning.py",
        lines=115,
        causes=frozenset({"parameters-not-optimized"}),
        places=frozenset({70, 72, 73, 74, 81, 82, 83}),
    ),
    "bug2": Truth(
        "bug2_exploding_loss.py",
        lines=106,
        causes=frozenset({"initial-weights-too-large"}),
        places=frozenset({70, 75, 76}),
    ),
    "bug3": Truth(
        "bug3_plateau.py",
        lines=103,
        causes=frozenset({"inputs-not-scaled"}),
        places=frozenset({21, 58, 60, 61}),
    ),
    "bug4": Truth(
        "bug4_slow_learner.py",
        lines=108,
        causes=frozenset({"work-repeated"}),
        places=frozenset({34, 35, 36, 37, 38, 81, 82}),
    ),
    "bug5": Truth(
        "bug5_overfitting.py",
        lines=115,
        causes=frozenset({"regularisation-off"}),
        places=frozenset({*range(69, 76), 80, *range(84, 92), 95, 96, 97}),
    ),
}


def judge(kata: Any, bug: str) -> None:
    truth = TRUTHS[bug]
    found = diagnosis_of(kata.toml("diagnosis.toml"), bug, truth.file, truth.lines)
    assert found.cause in truth.causes, f"{bug}: `{found.cause}` isn't the cause"
    assert found.line in truth.places, f"{bug}: the cause is right, but it is not in line {found.line}"


@task("bug1_diagnosis", title="Bug 1: cause and line")
def test_bug1_cause_and_line(kata: Any) -> None:
    judge(kata, "bug1")


@task("bug2_diagnosis", title="Bug 2: cause and line")
def test_bug2_cause_and_line(kata: Any) -> None:
    judge(kata, "bug2")


@task("bug3_diagnosis", title="Bug 3: cause and line")
def test_bug3_cause_and_line(kata: Any) -> None:
    judge(kata, "bug3")


@task("bug4_diagnosis", title="Bug 4: cause and line")
def test_bug4_cause_and_line(kata: Any) -> None:
    judge(kata, "bug4")


@task("bug5_diagnosis", title="Bug 5: cause and line")
def test_bug5_cause_and_line(kata: Any) -> None:
    judge(kata, "bug5")
