"""Tests of how a wrong answer is found to depend on earlier calls."""

from itertools import count
from types import SimpleNamespace
from typing import Any, cast

import pytest

from graders.checks.mismatch import Mismatch
from graders.pytest_plugin.handle import Call, Handle
from graders.pytest_plugin.repetition import Later, later

WRONG = Mismatch("computed from the answer: 0.9, expected 0.1", 0.1, 0.9)


def dependence(value: Any, again: Any) -> Later | None:
    """Return how an answer depends on earlier calls, if new processes give `again(1)`, `again(2)` and so on."""
    numbers = count(1)
    call = Call("f", (), value=value, ask=lambda _: again(next(numbers)))
    return later(cast("Handle", SimpleNamespace(afresh=lambda: None, other=None)), call, WRONG)


def test_a_measured_time_is_no_memory() -> None:
    assert dependence({"seconds": 0.5}, lambda number: {"seconds": number / 8}) is None
    assert dependence(["trained", 0.5], lambda number: ["trained", number / 8]) is None


@pytest.mark.parametrize("value", [[3, 1, 2], [[3, 1], [2]]])
def test_other_whole_numbers_in_every_process_are_noticed(value: Any) -> None:
    assert dependence(value, lambda number: [number]) == Later(None, [1])
    assert dependence(value, lambda _: value) is None
