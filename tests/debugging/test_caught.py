"""Tests of puzzles that planted faults showed to be missing; see `tests/planted.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from graders.checks import Mismatch
from tests.late import Late

if TYPE_CHECKING:
    from graders.debugging.readings import Reading

health = Late("graders.debugging.health")
readings = Late("graders.debugging.readings")


def reading(fresh: float) -> Reading:
    """Return a training that is healthy by itself, with this score on fresh data."""
    claims = (fresh, fresh)
    return readings.Reading((1.0, 0.2), (2, 2), 1, fresh, fresh, fresh, claims, claims, claims, 1.0, 0)


def test_program_is_healthy_if_its_twin_scores_alike() -> None:
    health.assert_healthy([reading(0.9)], [reading(0.9)], 2)
    with pytest.raises(Mismatch, match=r"The score on fresh data is 0\.70"):
        health.assert_healthy([reading(0.7)], [reading(0.9)], 2)
