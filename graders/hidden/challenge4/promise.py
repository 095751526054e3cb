"""A failure in one sentence."""

from __future__ import annotations


def promise(kept: object, said: str) -> None:
    """Fail with the message `said` unless a promise is kept; the learner sees nothing of how it was checked."""
    if not kept:
        raise AssertionError(said)
