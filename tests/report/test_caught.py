"""Tests of the reports that planted faults showed to be missing; see `tests/planted.py`."""

from __future__ import annotations

import csv
import io

import pytest

from graders.report import render
from graders.verdict import Verdict


@pytest.mark.parametrize("sign", ["=", "+", "-", "@"])
def test_a_cell_that_begins_like_a_formula_is_text(sign: str) -> None:
    verdict = Verdict(kata=f"{sign}SUM(A1:A9)", status="passed")
    _, row = csv.reader(io.StringIO(render([verdict], "csv", "learner")))
    assert row[0] == f"'{sign}SUM(A1:A9)"
