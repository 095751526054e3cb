"""Probes that every kata's tests know: what a function does with its arguments, and with earlier answers.

Run beside a submission, as text that is sent there; they report what they saw and judge nothing.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from graders.worker.layouts import LAYOUTS, Array


def call_with_layout(submission: Any, name: str, layout: str, *arguments: Array) -> list[Any]:
    """What `name` returns for arrays laid out in memory as `layout` says, and then those arrays as they are after."""
    laid_out = [LAYOUTS[layout](array) for array in arguments]
    return [getattr(submission, name)(*laid_out), *(array.copy() for array in laid_out)]


def answers_of_calls(submission: Any, calls: Sequence[Sequence[Any]]) -> tuple[list[Any], list[Any]]:
    """The answer to each of these calls, made in turn: as it was returned, and as it is after the last of them."""
    returned, kept = [], []
    for name, *arguments in calls:
        returned.append(getattr(submission, name)(*arguments))
        kept.append(copy.deepcopy(returned[-1]))
    return kept, returned


def answer_after_renewal(submission: Any, name: str, arguments: Sequence[Array], numbers: Sequence[Array]) -> Any:
    """What `name` returns for arrays that it was called with before, when they held other numbers."""
    getattr(submission, name)(*arguments)
    for array, number in zip(arguments, numbers, strict=True):
        array[...] = number
    return getattr(submission, name)(*arguments)
