"""A helper that fails a test with a message to the learner."""

from __future__ import annotations


def promise(kept: object, said: str) -> None:
    """Fail with the message `said` unless `kept` is true, without showing the learner what was checked."""
    if not kept:
        raise AssertionError(said)
