"""Defines how checks fail, and how to switch failures off while a submission is only being observed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

_T = TypeVar("_T")
_observing: ContextVar[Callable[[Mismatch], object] | None] = ContextVar("observing", default=None)


class Mismatch(AssertionError):
    """Raised if a submission's answer is wrong. The message says what is wrong, where and by how much."""

    def __init__(self, message: str, expected: object = None, actual: object = None) -> None:
        super().__init__(message)
        self.message = message
        self.expected = expected
        self.actual = actual


class TooSlow(Mismatch):
    """Raised if a submission takes too long in a race. The message contains the measured times."""


class Missing(Mismatch):
    """Raised if a required file is missing from the submission."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is missing: submit it with the other files", name, None)
        self.name = name


def fail(message: str, expected: object, actual: object) -> None:
    """Raise Mismatch. Inside `observing()`, only note it instead, so callers must return after this call."""
    note, fault = _observing.get(), Mismatch(message, expected, actual)
    if note is None:
        raise fault
    note(fault)


def is_observing() -> bool:
    """Return whether this code runs inside `observing()`."""
    return _observing.get() is not None


def handed_in(content: _T | None, name: str) -> _T:
    """Return the content of a required file. Raises Missing if it is None, even inside `observing()`."""
    if content is None:
        raise Missing(name)
    return content


@contextmanager
def about(subject: str) -> Iterator[None]:
    """Prefix the message of a Mismatch raised in the block with `subject`, for tests that check several things."""
    try:
        yield
    except Missing:
        raise
    except Mismatch as fault:
        raise Mismatch(f"{subject}: {fault.message}", fault.expected, fault.actual) from None


@contextmanager
def observing(note: Callable[[Mismatch], object] = lambda _: None) -> Iterator[None]:
    """Keep `fail` from raising in the block: it calls `note`, while the caller observes what the submission returns."""
    token = _observing.set(note)
    try:
        yield
    finally:
        _observing.reset(token)
