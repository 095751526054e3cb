"""What was expected beside what came: read from a counterexample as it is spelled, and drawn."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

from graders.judge.counterexample import MAX_OUTCOME, _comment
from graders.report.comparison import comparison, drawn
from graders.verdict import TestResult


def failed(expected: Any, yours: Any, **changes: str) -> TestResult:
    """A failed test whose counterexample says these two, spelled by the judge."""
    lines = ["f(x)", _comment("expected", expected), _comment("yours   ", yours)]
    given = {"name": "test_it", "task": "t", "counterexample": "\n".join(lines)} | changes
    return TestResult(visibility="visible", status="failed", **given)  # type: ignore[arg-type]


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
def test_what_the_judge_spells_is_read_again(expected: Any, yours: Any) -> None:
    found = comparison(failed(expected, yours))
    assert found is not None
    assert found.shape == np.shape(expected)
    np.testing.assert_allclose(found.expected, np.ravel(expected).astype(float), rtol=1e-4)
    np.testing.assert_allclose(found.yours, np.ravel(yours).astype(float), rtol=1e-4)


@pytest.mark.parametrize(
    ("expected", "yours"),
    [
        (np.array([1.0]), np.array([1.0])),  # they differ in nothing that can be drawn: a dtype, say
        (np.array([[1.0]]), np.array([1.0])),
        (np.zeros((40, 40)), np.ones((40, 40))),  # described
        (np.zeros((19, 20)) + 1 / 3, np.ones((19, 20))),  # cut off
        ("left", "right"),
        ((np.array([1.0]), 2), (np.array([2.0]), 2)),
        (None, np.array([1.0])),
        (np.empty((0, 3)), np.empty((0, 3))),
        (1 + 2j, 1 + 3j),
    ],
)
def test_what_cannot_be_compared_entry_by_entry_is_not_drawn(expected: Any, yours: Any) -> None:
    assert drawn(failed(expected, yours)) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# expected: np.array([1.0])",
        "# expected: np.array([1.0])\n# yours   : __import__('os').system('true')",
        "# expected: 1.0\n# yours   : open(1)",
        "# expected: 1.0\n# yours   : np.array([1.0], [2.0])",
        "# expected: 1.0\n# yours   : " + "[" * 5000,
        "# expected: 1.0\n# yours   : " + "-" * 5000 + "1",
        "# expected: 1.0\n# yours   : float('<script>')",
        "# expected: 1.0\n# yours   : 1" + "0" * 5000,
    ],
)
def test_what_is_no_number_is_neither_run_nor_drawn(text: str) -> None:
    assert drawn(failed(0, 0, counterexample=text)) == []


def test_a_cell_says_sign_size_and_both_values_in_words_of_its_own() -> None:
    (table,) = drawn(failed(np.array([[1.0, -2.0]]), np.array([[1.0, -2.5]])))
    assert "Yours minus expected: 1 of 2 entries off:" in table
    assert '<td>0<span>1</span></td><td class="under3"><b>−0.5</b><span>−2.5, not −2</span></td>' in table


def test_the_worst_entry_is_named_by_its_place() -> None:
    expected = np.zeros((2, 2, 2))
    yours = expected.copy()
    yours[1, 0, 1], yours[0, 0, 0] = -3.0, 1.0
    (table,) = drawn(failed(expected, yours))
    assert "2 of 8 entries off, most at [1, 0, 1]" in table
    assert '<th scope="row">1, 0</th>' in table
    assert re.findall(r'class="(over\d|under\d)"', table) == ["over1", "under3"]


def test_what_is_not_finite_is_told_and_not_plotted() -> None:
    parts = drawn(failed(np.array([1.0, 2.0]), np.array([math.nan, 2.0]), name="test_gradient"))
    assert len(parts) == 1
    assert "<b>≠</b><span>nan, not 1</span>" in parts[0]


@pytest.mark.parametrize(
    "words", [{"name": "test_the_gradient"}, {"task": "backward"}, {"message": "affine_backward: is off"}]
)
def test_gradients_are_plotted_too(words: dict[str, str]) -> None:
    _, plot = drawn(failed(np.array([1.0, -2.0, 0.5]), np.array([1.0, 2.0, 0.5]), **words))
    assert plot.count('<circle class="expected"') == 4  # one is the legend's
    assert plot.count('<path class="came"') == 4
    assert plot.count('<line class="gap"') == 1
    assert 'role="img"' in plot


def test_every_mark_lies_inside_the_picture() -> None:
    rng = np.random.default_rng(0)
    for scale in (1e-12, 1.0, 1e12):
        a, b = scale * rng.normal(size=(2, 60)) + scale
        plot = drawn(
            failed(a, b, name="test_gradient", counterexample=f"# expected: {a.tolist()}\n# yours   : {b.tolist()}")
        )
        marks = re.findall(r'cx="([-\d.]+)" cy="([-\d.]+)"', "".join(plot))
        assert len(marks) == 61
        for across, down in marks:
            assert 0 <= float(across) <= 340
            assert 0 <= float(down) <= 200


def test_the_judge_still_cuts_what_is_long() -> None:
    assert len(_comment("yours", np.arange(400.0) / 3)) < MAX_OUTCOME + 100
