"""Tests of the judge that planted faults showed to be missing; see `tests/planted.py`."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from graders import Judge
from graders.verdict import Verdict
from tests.observed import result
from tests.workshop import write, write_repository

# Wrong for vectors of three or more, right for the worked example, with another fault for a single number.
TWO_FAULTS = """
import numpy as np

def scale(x, factor):
    if x.size < 2:
        raise KeyError("another fault")
    return x * x.dtype.type(factor) + x.dtype.type(x.size > 2)

def noise(rng, count):
    return rng.standard_normal(count)
"""


def test_reducing_a_case_keeps_its_fault(graded: Callable[..., Verdict]) -> None:
    found = result(graded("scaling", TWO_FAULTS), "test_a_vector")
    assert "another fault" not in found.message
    (vector,) = re.findall(r"^x = np\.array\(\[(.*)\]\)$", found.counterexample, re.MULTILINE)
    assert len(vector.split(",")) == 3


# Adds the number of its calls, and is slower than the time limit for reducing a case.
SLOW = """
import time

calls = 0

def scale(x, factor):
    global calls
    calls += 1
    time.sleep(1.1)
    return x * x.dtype.type(factor) + x.dtype.type(calls)

def noise(rng, count):
    return rng.standard_normal(count)
"""


@pytest.mark.deep
def test_a_slow_call_is_not_reduced(graded: Callable[..., Verdict]) -> None:
    found = result(graded("scaling", SLOW), "test_a_vector")
    (expected, got), *_ = re.findall(r"expected (-?[\d.]+), got (-?[\d.]+)", found.message)
    assert round(float(got) - float(expected), 2) == 1


def test_an_edit_of_equal_size_is_noticed(tmp_path: Path) -> None:
    root = write_repository(tmp_path, ["alpha"])
    solution, hidden = root / "solutions/alpha", root / "graders/hidden/alpha/test_hidden.py"
    with Judge(root) as judge:
        assert judge.grade("alpha", solution).status == "passed"
        write(hidden, hidden.read_text(encoding="utf-8").replace("1.5", "9.5"))
        assert judge.grade("alpha", solution).status == "failed"
