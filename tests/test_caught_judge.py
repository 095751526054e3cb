"""What planted faults showed that no test of the judge protects; see `tests/planted.py`."""

from __future__ import annotations

from collections.abc import Callable

from graders.verdict import Verdict
from tests.observed import result

# Wrong for every vector, and fails otherwise for the smallest ones.
TWO_FAULTS = """
import numpy as np

def scale(x, factor):
    if x.size < 3:
        raise KeyError("another fault")
    return x * x.dtype.type(factor) + x.dtype.type(1)

def noise(rng, count):
    return rng.standard_normal(count)
"""


def test_a_case_is_reduced_to_one_of_the_same_fault(graded: Callable[..., Verdict]) -> None:
    found = result(graded("scaling", TWO_FAULTS), "test_a_vector")
    assert "another fault" not in found.message
    assert found.counterexample.count("array(") >= 1
    assert "raises" not in found.counterexample
