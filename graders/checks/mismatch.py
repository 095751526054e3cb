"""The one way in which a check says no, and the switch that keeps it quiet while behaviour is only observed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

_T = TypeVar("_T")
_observing: ContextVar[bool] = ContextVar("observing", default=False)


class Mismatch(AssertionError):
    """A submission's answer is not the expected one; the message says what is off, where and by how much."""

    def __init__(self, message: str, expected: object = None, actual: object = None) -> None:
        super().__init__(message)
        self.message = message
        self.expected = expected
        self.actual = actual


class Missing(Mismatch):
    """A file that was to be handed in is not there; reports add how to make it."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is missing: hand it in with the other files", name, None)
        self.name = name


def fail(message: str, expected: object, actual: object) -> None:
    """Raise Mismatch; return silently inside `observing()`, so callers must return after it."""
    if not _observing.get():
        raise Mismatch(message, expected, actual)


def handed_in(content: _T | None, name: str) -> _T:
    """What a file holds that was to be handed in. Raises Missing, also inside `observing()`, where it is missing."""
    if content is None:
        raise Missing(name)
    return content


@contextmanager
def about(subject: str) -> Iterator[None]:
    """A mismatch inside says first what it is about, where one test looks at several things."""
    try:
        yield
    except Missing:
        raise
    except Mismatch as fault:
        raise Mismatch(f"{subject}: {fault.message}", fault.expected, fault.actual) from None


@contextmanager
def observing() -> Iterator[None]:
    """Inside it no check fails: a test is run for what the submission returns, not for whether that is right."""
    token = _observing.set(True)
    try:
        yield
    finally:
        _observing.reset(token)
