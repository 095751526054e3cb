"""What planted faults showed that no test of the puzzles protects; see `tests/planted.py`."""

from __future__ import annotations

import pytest

from graders.checks import Mismatch
from graders.debugging import judging


def reading(fresh: float) -> judging.Reading:
    """A training that is healthy by itself, with this score on fresh data."""
    claims = (fresh, fresh)
    return judging.Reading((1.0, 0.2), (2, 2), 1, fresh, fresh, fresh, claims, claims, claims, 1.0, 0)


def test_a_program_heals_by_the_measure_of_its_twin() -> None:
    judging.assert_healthy([reading(0.9)], [reading(0.9)], 2)
    with pytest.raises(Mismatch, match=r"The score on fresh data is 0\.70"):
        judging.assert_healthy([reading(0.7)], [reading(0.9)], 2)
