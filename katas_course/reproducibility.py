"""The versions of the kata, the tests and the harness, and the seed, which together determine a result."""

from __future__ import annotations

import hashlib

import msgspec

from graders.catalogue import Kata
from graders.verdict import Verdict
from graders.version import __version__
from katas_course.gradebook.batches import VerdictSummary


def versions(kata: Kata) -> tuple[str, str, str]:
    """Return the current digests of a kata and of its tests, and the current version of the harness."""
    return kata.kata_digest(), kata.suite_digest(), __version__


def versions_of(verdict: Verdict | VerdictSummary) -> tuple[str, str, str]:
    """Return the versions that a verdict was made with, in the same order as `versions`."""
    return verdict.kata_digest, verdict.suite_digest, verdict.harness_version


def seed_of(batch: bytes, *parts: str) -> bytes:
    """Derive the 16-byte seed of a grading run from a secret of the batch and `parts`, such as the person's name."""
    return hashlib.blake2b("\0".join(parts).encode(), key=batch, digest_size=16).digest()


def same_result(one: Verdict, other: Verdict) -> bool:
    """Return whether two verdicts are equal, apart from dates, durations, measured speeds and the version of Python."""
    own = {"duration_s": 0.0, "graded_at": "", "python": ""}
    first, second = (
        msgspec.structs.replace(each, tests=tuple(test.timeless for test in each.tests), **own) for each in (one, other)
    )
    return first == second
