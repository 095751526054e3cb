"""Turns what a submission raises in the pytest process into what pytest can report: a failure, with a short text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from graders import watchdog
from graders.errors import SubmissionError, WorkerError
from graders.pytest_plugin.local_rules import Enforcement, Left
from graders.pytest_plugin.pytest_internals import ends_or_skips

LONGEST = 4_000  # in characters, as in a worker
EARLIER_S = 0.1  # the limit on making the text of an exception that led to another
MOST_LINKS = 20  # exceptions that led to another


@contextmanager
def only_failures(what: str) -> Iterator[None]:
    """Turn an exception with which the submission would skip the test or end pytest into its failure."""
    __tracebackhide__ = True
    try:
        yield
    except Left as end:
        text = f"{what}: the process ended itself with exit status {end} instead of returning"
        raise WorkerError(text).with_traceback(end.__traceback__) from None
    except BaseException as fault:
        left_the_debugger = Enforcement.debugged and isinstance(fault, pytest.exit.Exception)
        if not ends_or_skips(fault) or left_the_debugger:
            raise
        text = f"{what} raised {type(fault).__name__}: {fault}".removesuffix(": ")
        raise SubmissionError(text).with_traceback(fault.__traceback__) from None


@contextmanager
def short_text() -> Iterator[None]:
    """Replace an exception whose text is too long or cannot be made, within the time limit of the block around this."""
    __tracebackhide__ = True
    try:
        yield
    except (Exception, SystemExit) as fault:
        _cut_chain(fault)
        if fault.__context__ is not None:  # such as URLError, raised because socket was refused
            for note in getattr(fault.__context__, "__notes__", ()):
                fault.add_note(note)
        text, replaced = _text(fault)
        if not replaced:
            raise
        raise _like(fault, text).with_traceback(fault.__traceback__) from None


def _text(fault: BaseException) -> tuple[str, bool]:
    """Return an exception's text, or what to show in its place, and which of them it is."""
    try:
        text = str(fault)
    except (Exception, SystemExit) as other:  # noqa: BLE001 (a submission's own __str__ may do anything)
        return f"(no message: str() of the exception raised {type(other).__name__})", True
    more = len(text) - LONGEST
    return (f"{text[:LONGEST]}… ({more} more characters)", True) if more > 0 else (text, False)


def _cut_chain(fault: BaseException) -> None:
    """Leave out the exceptions that led to this one from the first whose text is too long or cannot be made."""
    for _ in range(MOST_LINKS):
        earlier = fault.__cause__ or fault.__context__
        if earlier is None:
            return
        try:
            with watchdog.own_time_limit(EARLIER_S, ""):
                if _text(earlier)[1]:
                    break
        except watchdog.OutOfTime:
            break
        fault = earlier
    fault.__cause__ = fault.__context__ = None


def _like(fault: BaseException, text: str) -> BaseException:
    """Return an exception with this text, and with the name and the built-in type of `fault`."""
    kind = type(fault)
    base = next(each for each in kind.__mro__ if each.__module__ == "builtins" and not issubclass(each, ExceptionGroup))
    made: Any = type(kind.__name__, (base,), {"__str__": lambda _: text, "__module__": kind.__module__})
    shown: BaseException = made.__new__(made)  # without __init__, which may need more arguments
    return shown
