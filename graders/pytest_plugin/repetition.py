"""Repeats the call that got a wrong answer in a new process, because the answer may depend on earlier calls."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from typing import Any

import numpy as np

from graders.checks.mismatch import Mismatch, TooSlow
from graders.errors import RemoteFault
from graders.pytest_plugin.handle import Call, Handle, Side
from graders.pytest_plugin.observation_cache import same
from graders.pytest_plugin.parts import access, part_at


@dataclass(frozen=True)
class Later:
    """A wrong answer that another process does not give to the call alone.

    `value` is what a new process answers after the call `before`, or to the call alone if no such call was found.
    """

    before: Call | None = None
    value: Any = None


def later(handle: Handle, call: Call | None, fault: Exception) -> Later | None:
    """Return how the wrong answer to a call depends on earlier calls, or None if it doesn't or can't be known."""
    if handle.afresh is None or call is None or isinstance(fault, TooSlow):
        return None
    answer, where, other = call.value, None, handle.other
    if isinstance(fault, RemoteFault) and call.fault is fault:
        answer, where, other = _raised(fault), "", None  # after other calls, it may raise the same for the same reason
    elif isinstance(fault, Mismatch) and call.fault is None:
        where = access(answer, fault.actual, first=True)
        if where is None and _can_be_repeated(answer):  # for example, its mean is wrong
            where = ""
    if where is None:
        return None

    def alike(one: Any, two: Any) -> bool:
        return same(part_at(one, where), part_at(two, where))

    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            side = other() if other is not None else None
            answers = [_asked(call, side) for _ in range(2)] if side is not None else []
            if answers and all(alike(each, answer) for each in answers):
                return None  # it is the same after other calls and after itself, so no new process is needed
            alone = _asked(call, handle.afresh())
            if alike(alone, answer):
                return None
            for before in filter(None, (call, call.before)):
                value, again = (_after(before, call, handle.afresh()) for _ in range(2))
                if alike(value, again) and not alike(value, alone):
                    return Later(before, value)
    except Exception:  # noqa: BLE001 (then nothing is known, and the failure is shown as it was)
        return None
    return Later(None, alone)


def _can_be_repeated(answer: Any) -> bool:
    """Return whether a whole answer is an array, or a list of whole numbers. A float may be a time."""
    if type(answer) is list:
        return all(isinstance(each, int | np.integer) or _can_be_repeated(each) for each in answer)
    return isinstance(answer, np.ndarray)


def _after(before: Call, call: Call, side: Side) -> Any:
    """Return the answer to a call after another one. It may differ each time, for example if it is drawn at random."""
    _asked(before, side)
    return _asked(call, side)


def _asked(call: Call, side: Side) -> Any:
    """Return what a call returns, or which exception it raises."""
    try:
        return call.ask(side)
    except RemoteFault as fault:
        return _raised(fault)


def _raised(fault: RemoteFault) -> str:
    return f"raised {fault.type_name}"
