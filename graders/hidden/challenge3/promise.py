"""How these tests fail: with a message to the learner."""

from __future__ import annotations


def promise(kept: object, said: str) -> None:
    """Check that a promise is kept; if not, the learner reads `said` and nothing about how it was checked."""
    if not kept:
        raise AssertionError(said)
