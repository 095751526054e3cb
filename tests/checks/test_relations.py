"""What is said about a wrong answer is true, and nothing is said that is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from graders.checks.relations import relations
from graders.pytest_plugin.explanation import advice_table, observed

RIGHT = np.array([[1.5, -2.0, 3.0], [4.0, 5.0, 6.5]])
ARGUMENTS = {"x": np.zeros((4, 7)), "b": np.array([1.0, 2.0, 3.0]), "eps": 1e-5, "name": "he"}


WRONG: list[tuple[Any, Any, str]] = [
    (RIGHT, None, "the result is None"),
    (RIGHT, RIGHT.tolist(), "the result is a list, not an array"),
    (RIGHT, RIGHT.T, "the result is the expected one, transposed"),
    (RIGHT, -RIGHT, "the result is the expected one with the opposite sign"),
    (RIGHT, abs(RIGHT), "the result is the expected one without its sign"),
    (RIGHT, RIGHT**2, "the result is the expected one squared"),
    (RIGHT, np.trunc(RIGHT), "the result is the expected one without its decimals"),
    (RIGHT, RIGHT.sum(0), "the result is the expected one, each column summed"),
    (RIGHT, RIGHT.mean(1), "the result is the expected one, each row averaged"),
    (RIGHT[0], RIGHT[0].sum(), "the result is the expected one, all elements summed"),
    (RIGHT, RIGHT.mean(), "the result is the expected one, all elements averaged"),
    (RIGHT, np.stack([RIGHT, 2 * RIGHT]) / 3, "summed over axis 0, the result would be right"),
    (RIGHT, RIGHT / 2, "the result is 0.5 times the expected one"),
    (RIGHT, RIGHT * 7, "the result is n times the expected one (n: axis 1 of x)"),
    (RIGHT, RIGHT / 4, "the result is 1/n times the expected one (n: axis 0 of x)"),
    (RIGHT, RIGHT * 0, "every number is 0"),
    (RIGHT, RIGHT - ARGUMENTS["b"], "the result lacks the summand b"),
    (RIGHT, RIGHT + ARGUMENTS["b"], "the result has the summand b once too often"),
    (RIGHT, RIGHT - 2 * ARGUMENTS["b"], "the result has the summand b with the opposite sign"),
    (RIGHT, np.tile(ARGUMENTS["b"], (2, 1)), "the result is the argument b itself"),
    (RIGHT, RIGHT[None], "the numbers are right, but an axis of length 1 is missing or too many"),
    (RIGHT, RIGHT.ravel(), "the numbers are right, but their shape is not"),
    (RIGHT, RIGHT[0] + 1, "the result has one axis too few"),
    (RIGHT, RIGHT[:, :, None] + np.ones(3), "the result has one axis too many"),
    (RIGHT, np.where(RIGHT == 3, np.nan, RIGHT), "every wrong number is NaN"),
    (RIGHT, np.where(RIGHT == 6.5, 0, RIGHT), "only the last row is wrong"),
    ("(h, y)", RIGHT, "the result is one array, not a tuple"),
    (RIGHT[0] ** 2, abs(RIGHT[0]), "the result is the expected one under a square root"),
    (np.array([1.0, 0.0]), np.array([1, 0]), "the numbers are right, but their type is int64"),
    (np.arange(1.0, 5.0), np.array([1.0, 0.0, 0.0, 0.0]), "only the first element is right"),
]


@pytest.mark.parametrize(("expected", "actual", "said"), WRONG)
def test_a_relation_is_said_and_has_advice(expected: Any, actual: Any, said: str) -> None:
    assert said in relations(expected, actual, ARGUMENTS)
    assert observed({said})[0] == said


def test_a_vector_has_no_columns_to_sum() -> None:
    assert not any("column" in said for said in relations(RIGHT[0], RIGHT[0].sum(), ARGUMENTS))


def test_every_advice_is_given_on_one_of_these_relations() -> None:
    advice = {entry.sentence for entry in advice_table() if entry.type == "Observation"}
    assert {observed({said})[1] for *_, said in WRONG} == advice


@pytest.mark.parametrize("actual", [RIGHT + 0.1, RIGHT[::-1], np.zeros((5, 5, 5)) + 1, "text", {}, np.array(["a"])])
def test_nothing_is_said_about_an_answer_of_another_kind(actual: Any) -> None:
    assert relations(RIGHT, actual, ARGUMENTS) == set()


def test_nothing_is_said_about_yes_or_no_or_about_nan_and_infinity() -> None:
    assert relations(True, False, {}) == set()
    assert relations(1.0, np.inf, {}) == set()
    assert relations(np.array([0.0, np.inf]), np.array([1.0, 2.0]), {}) == set()
