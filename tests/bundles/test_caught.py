"""Tests for planted faults that no other test of the bundles caught; see `tests/planted.py`."""

from __future__ import annotations

import shlex

import pytest

from graders.bundles import grading


@pytest.mark.parametrize(
    ("script", "audience"),
    [
        (grading.RUN_AUTOGRADER, "learner"),
        (grading.DOCKERFILE, None),  # and the command's own default is the learner
    ],
    ids=["gradescope", "docker"],
)
def test_a_bundle_reports_to_learners(script: str, audience: str | None) -> None:
    words = shlex.split(script.replace("\\\n", " "), comments=True)
    assert (words[words.index("--audience") + 1] if "--audience" in words else None) == audience
