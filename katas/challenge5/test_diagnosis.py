"""Challenge 5: check the form of diagnosis.toml. The hidden tests check whether the answers are right."""

from __future__ import annotations

from typing import Any

import pytest

from graders.checks import task
from graders.checks.diagnosis_file import diagnosis_of


def look_at(kata: Any, bug: str, file: str, lines: int) -> None:
    """Check the form of one table; an empty one is skipped here and fails in `katas grade`."""
    table = kata.toml("diagnosis.toml")
    begun = table.get(bug)
    if isinstance(begun, dict) and not any(begun.get(key) for key in ("cause", "why", "fix", "prevention")):
        pytest.skip(f"[{bug}] in diagnosis.toml isn't filled in yet")
    diagnosis_of(table, bug, file, lines)


@task("bug1_diagnosis", title="Bug 1: the diagnosis is filled in")
def test_bug1_the_diagnosis_is_filled_in(kata: Any) -> None:
    look_at(kata, "bug1", "bug1_never_learning.py", lines=115)


@task("bug2_diagnosis", title="Bug 2: the diagnosis is filled in")
def test_bug2_the_diagnosis_is_filled_in(kata: Any) -> None:
    look_at(kata, "bug2", "bug2_exploding_loss.py", lines=106)


@task("bug3_diagnosis", title="Bug 3: the diagnosis is filled in")
def test_bug3_the_diagnosis_is_filled_in(kata: Any) -> None:
    look_at(kata, "bug3", "bug3_plateau.py", lines=103)


@task("bug4_diagnosis", title="Bug 4: the diagnosis is filled in")
def test_bug4_the_diagnosis_is_filled_in(kata: Any) -> None:
    look_at(kata, "bug4", "bug4_slow_learner.py", lines=108)


@task("bug5_diagnosis", title="Bug 5: the diagnosis is filled in")
def test_bug5_the_diagnosis_is_filled_in(kata: Any) -> None:
    look_at(kata, "bug5", "bug5_overfitting.py", lines=113)
