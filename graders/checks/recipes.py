"""Remembers how a learner's program can make the large values that a test passes to a submission.

A failure is shown as a program. Large values cannot be written out in it, but most can be made again from a seed.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

GIVEN = "given"  # the name of the visible test file in a program

_Parameters = ParamSpec("_Parameters")
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Recipe:
    """A value, and the expression that makes it in a program."""

    value: object
    expression: str


_recipes: list[Recipe] = []


def made(value: _Value, expression: str) -> _Value:
    """Let programs write this expression in the place of `value`, which is returned. Parts of the value count, too.

    The test must not change the value afterwards. In the expression, `given` is the visible test file.
    """
    _recipes.append(Recipe(value, expression))
    return value


def remade(function: Callable[_Parameters, _Value]) -> Callable[_Parameters, _Value]:
    """Let programs call this function of the visible test file in the place of what it returns.

    Its arguments must be short, and they must decide what it returns.
    """

    @functools.wraps(function)
    def remembering(*arguments: _Parameters.args, **options: _Parameters.kwargs) -> _Value:
        passed = [*map(repr, arguments), *(f"{name}={value!r}" for name, value in options.items())]
        return made(function(*arguments, **options), f"{GIVEN}.{function.__name__}({', '.join(passed)})")

    return remembering


def recipes() -> list[Recipe]:
    """Return the recipes of the current case, the newest first."""
    return _recipes[::-1]


def forget() -> None:
    """Forget all recipes, before a new case."""
    _recipes.clear()
