"""Probes for every kata's tests. They show what a function does to its arguments and to earlier answers.

The judge sends this file to the worker, where it runs in the submission's process. Probes only report what they saw.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from graders.worker.layouts import LAYOUTS, Array


def call_with_layout(submission: Any, name: str, layout: str, *arguments: Array) -> list[Any]:
    """Call `name` with arrays in the memory layout `layout`; return its answer, then those arrays after the call."""
    laid_out = [LAYOUTS[layout](array) for array in arguments]
    return [getattr(submission, name)(*laid_out), *(array.copy() for array in laid_out)]


def row_by_row(submission: Any, name: str, rows: Sequence[int], *arguments: Array) -> int:
    """Call `name` once for each row of the arguments at the positions `rows`, and return the number of calls."""
    function = getattr(submission, name)
    batches = [list(each) if each.ndim > 1 else each.tolist() for each in (arguments[place] for place in rows)]
    for row in zip(*batches, strict=True):
        call = list(arguments)
        for place, each in zip(rows, row, strict=True):
            call[place] = each
        function(*call)
    return len(batches[0])


def answers_of_calls(submission: Any, calls: Sequence[Sequence[Any]]) -> tuple[list[Any], list[Any]]:
    """Make these calls in turn. Return each answer twice: as it was returned, and as it is after the last call."""
    returned, kept = [], []
    for name, *arguments in calls:
        returned.append(getattr(submission, name)(*arguments))
        kept.append(copy.deepcopy(returned[-1]))
    return kept, returned


def answer_after_renewal(submission: Any, name: str, arguments: Sequence[Array], numbers: Sequence[Array]) -> Any:
    """Call `name` again with the same arrays after changing their numbers, and return the second answer."""
    getattr(submission, name)(*arguments)
    for array, number in zip(arguments, numbers, strict=True):
        array[...] = number
    return getattr(submission, name)(*arguments)
