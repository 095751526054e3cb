"""Find similar submissions with copydetect, which uses the winnowing algorithm of MOSS."""

from __future__ import annotations

import io
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from graders import intake, watchdog
from graders.catalogue import Kata
from graders.errors import KataError
from graders.intake import Submission

if TYPE_CHECKING:
    from copydetect import CodeFingerprint

TOKENS = 15  # the number of tokens in the shortest match that is found
TOKENIZING_S = 5.0  # the limit on CPU time for one person's files; a framework of 100 kB takes less than a second


@dataclass(frozen=True)
class Pair:
    """Two people, and the share of each person's code (0 to 1) that also occurs in the other person's code."""

    one: str
    other: str
    share: float
    other_share: float

    @property
    def most(self) -> float:
        return max(self.share, self.other_share)


@dataclass
class SimilarPairs:
    """The pairs of people whose code is similar, and the people whose files took too long to process."""

    pairs: list[Pair] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def compared(kata: Kata, submissions: Mapping[str, Submission], at_least: float) -> SimilarPairs:
    """Compare all pairs of people's Python files, ignoring code from the stubs.

    Raises KataError if copydetect is not installed.
    """
    try:
        from copydetect import compare_files
    except ImportError:
        raise KataError("copydetect is not installed. Install it: pip install 'nn-katas[cohort]'") from None
    stubs = _fingerprint(_source(intake.shipped(kata, kata.folder)))
    found, known = SimilarPairs(), {}
    for person in sorted(submissions):
        source = _source({each.name: each.data for each in submissions[person].files})
        try:
            with watchdog.cpu_limit(TOKENIZING_S):
                known[person] = _fingerprint(source, list(stubs.hashes))
        except watchdog.OutOfTime:
            watchdog.stop()
            found.left_out.append(person)
    for (one, mine), (other, theirs) in itertools.combinations(known.items(), 2):
        _, (share, other_share), _ = compare_files(mine, theirs)
        pair = Pair(one, other, float(share), float(other_share))
        if pair.most >= max(at_least, 1e-9):  # two people whose code has nothing in common are not a pair
            found.pairs.append(pair)
    found.pairs.sort(key=lambda each: (-each.most, each.one, each.other))
    return found


def _fingerprint(source: str, known: list[int] | None = None) -> CodeFingerprint:
    from copydetect import CodeFingerprint

    return CodeFingerprint("submission.py", TOKENS, 1, known, fp=io.StringIO(source))


def _source(files: Mapping[str, bytes]) -> str:
    return "\n".join(data.decode("utf-8", "replace") for name, data in sorted(files.items()) if name.endswith(".py"))
