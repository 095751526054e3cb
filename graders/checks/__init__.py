"""Helpers for a kata's tests, such as pytest marks, random inputs and checks whose messages explain mistakes.

`draw` makes the inputs, `reducer` shrinks inputs that fail, and most other modules check one kind of value.
Importing this package imports neither torch nor hypothesis.
"""

from __future__ import annotations

import pytest

from graders.checks.arrays import (
    assert_bool,
    assert_close,
    assert_equal,
    assert_float,
    assert_near,
    assert_parts,
    assert_shape,
    values_only,
)
from graders.checks.artifacts import assert_picture, assert_prose, read_png
from graders.checks.classes import MadeUpClasses, accuracy, assert_accuracy, made_up_classes, standard_error
from graders.checks.distributions import assert_bernoulli, assert_independent, assert_normal, assert_uniform
from graders.checks.draw import Draw
from graders.checks.gradients import assert_gradient, away_from_kinks, vector_jacobian_product
from graders.checks.mismatch import Mismatch, about
from graders.checks.recipes import made, remade
from graders.checks.speed import assert_speed
from graders.wire import generator

__all__ = [
    "Draw",
    "MadeUpClasses",
    "Mismatch",
    "about",
    "accuracy",
    "assert_accuracy",
    "assert_bernoulli",
    "assert_bool",
    "assert_close",
    "assert_equal",
    "assert_float",
    "assert_gradient",
    "assert_independent",
    "assert_near",
    "assert_normal",
    "assert_parts",
    "assert_picture",
    "assert_prose",
    "assert_shape",
    "assert_speed",
    "assert_uniform",
    "away_from_kinks",
    "cases",
    "generator",
    "made",
    "made_up_classes",
    "read_png",
    "remade",
    "standard_error",
    "task",
    "values_only",
    "vector_jacobian_product",
]

task = pytest.mark.task
cases = pytest.mark.cases
