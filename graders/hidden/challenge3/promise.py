"""A helper that fails a test with a message to the learner."""

from __future__ import annotations

from graders.checks import Mismatch


def promise(kept: object, said: str, actual: object = None) -> None:
    """Fail with the message `said` unless `kept` is true, without showing the learner what was checked.

    `actual` is the part of the submission's answer that is wrong, if a report should show it.
    """
    if not kept:
        raise AssertionError(said) if actual is None else Mismatch(said, None, actual)
