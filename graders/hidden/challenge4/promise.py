"""A helper that fails a test with a message to the learner."""

from __future__ import annotations


def promise(kept: object, said: str) -> None:
    """Unless `kept` holds, fail with the message `said`; the learner doesn't see how it was checked."""
    if not kept:
        raise AssertionError(said)
