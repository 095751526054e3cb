"""Comparisons of expected and actual values: parsing what the judge writes, and drawing it."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

from graders.pytest_plugin.outcome import actual_text, expected_text
from graders.report.comparison import comparison, drawn
from graders.verdict import TestResult


def failed(expected: Any, yours: Any, **changes: str) -> TestResult:
    """Return a failed test with these two values, as the judge writes them."""
    return spelled(expected_text(expected), actual_text(yours), **changes)


def spelled(expected: str, actual: str, **changes: str) -> TestResult:
    """Return a failed test with these two texts."""
    given = {"name": "test_it", "task": "t"} | changes
    return TestResult(visibility="visible", status="failed", expected=expected, actual=actual, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("expected", "yours"),
    [
        (np.array([1.0, 2.0]), np.array([1.0, 2.5])),
        (np.array([[1.0, -2.0], [1e-30, 4.0]]), np.array([[1.0, 2.0], [0.0, 4.0]])),
        (np.arange(24.0).reshape(2, 3, 4) / 7, np.arange(24.0).reshape(2, 3, 4) / 8),
        (np.array([1, 2]), np.array([1, 3])),
        (np.array([True, False]), np.array([False, False])),
        (np.float32([1.5, 2.5]), np.float32([1.5, 2.0])),
        (np.array(3.0), np.float64(4.0)),
        (0.25, np.float32(0.5)),
        (np.array([np.nan, np.inf, -np.inf]), np.array([0.0, np.inf, 1.0])),
    ],
)
def test_values_written_by_the_judge_are_parsed(expected: Any, yours: Any) -> None:
    found = comparison(failed(expected, yours))
    assert found is not None
    assert found.shape == np.shape(expected)
    np.testing.assert_allclose(found.expected, np.ravel(expected).astype(float), rtol=1e-4)
    np.testing.assert_allclose(found.yours, np.ravel(yours).astype(float), rtol=1e-4)


@pytest.mark.parametrize(
    ("expected", "yours"),
    [
        (np.array([1.0]), np.array([1.0])),  # no difference that can be drawn (only in dtype, for example)
        (np.array([[1.0]]), np.array([1.0])),
        (np.zeros((40, 40)), np.ones((40, 40))),  # described
        (np.zeros((19, 20)) + 1 / 3, np.ones((19, 20))),  # cut off
        ((np.arange(20.0) / 3,) * 20, (np.ones(20),) * 20),  # cut off, too
        ("left", "right"),
        ((np.array([1.0]), 2), (np.array([2.0]), 2)),
        (None, np.array([1.0])),
        (np.empty((0, 3)), np.empty((0, 3))),
        (1 + 2j, 1 + 3j),
    ],
)
def test_values_without_matching_entries_are_not_drawn(expected: Any, yours: Any) -> None:
    assert drawn(failed(expected, yours)) == ""


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("", ""),
        ("np.array([1.0])", ""),
        ("np.array([1.0])", "__import__('os').system('true')"),
        ("1.0", "open(1)"),
        ("1.0", "np.array([1.0], [2.0])"),
        ("1.0", "[" * 5000),
        ("1.0", "-" * 5000 + "1"),
        ("1.0", "float('<script>')"),
        ("1.0", "1" + "0" * 5000),
    ],
)
def test_text_that_is_not_a_number_is_neither_run_nor_drawn(expected: str, actual: str) -> None:
    assert drawn(spelled(expected, actual, counterexample="# expected: 1.0\n# yours   : 2.0")) == ""


def test_a_cell_states_sign_size_and_both_values() -> None:
    table = drawn(failed(np.array([[1.0, -2.0]]), np.array([[1.0, -2.5]])))
    assert "Yours minus expected: 1 of 2 entries off:" in table
    assert '<td>0<span>1</span></td><td class="under3"><b>−0.5</b><span>−2.5, not −2</span></td>' in table
    table = drawn(failed(np.array([1.0, 2.0]), np.array([math.nan, 2.0])))
    assert "<b>≠</b><span>nan, not 1</span>" in table


def test_the_worst_entry_is_named_by_its_index() -> None:
    expected = np.zeros((2, 2, 2))
    yours = expected.copy()
    yours[1, 0, 1], yours[0, 0, 0] = -3.0, 1.0
    table = drawn(failed(expected, yours))
    assert "2 of 8 entries off, the worst at [1, 0, 1]" in table
    assert '<th scope="row">1, 0</th>' in table
    assert re.findall(r'class="(over\d|under\d)"', table) == ["over1", "under3"]
