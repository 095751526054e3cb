"""The one sentence in which these tests say no."""

from __future__ import annotations


def promise(kept: object, said: str) -> None:
    """What was promised is kept; else `said` is what the learner reads, and nothing of how it was found out."""
    if not kept:
        raise AssertionError(said)
