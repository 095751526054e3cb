"""Submissions that look like each other, by copydetect's winnowing of their tokens (the method of MOSS)."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from graders import intake
from graders.catalogue import Kata
from graders.errors import KataError
from graders.intake import Submission

TOKENS = 15  # of a match: shorter ones are nothing, and as long ones are all found, whatever hashes are drawn


@dataclass(frozen=True)
class Pair:
    """Two people, and the share of the one's and of the other's code that is in both; from 0 to 1."""

    one: str
    other: str
    share: float
    other_share: float

    @property
    def most(self) -> float:
        return max(self.share, self.other_share)


def pairs(kata: Kata, submissions: Mapping[str, Submission], at_least: float) -> list[Pair]:
    """Everybody's Python files compared with everybody else's; what the stubs hold already counts for nothing.

    Raises KataError where the detector is not installed.
    """
    try:
        from copydetect import CopyDetector
    except ImportError:
        raise KataError("similar submissions are found by copydetect: pip install 'nn-katas[cohort]'") from None
    people = sorted(submissions)
    with tempfile.TemporaryDirectory(prefix="katas-similar-") as folder:
        stub = Path(folder, "stub.py")
        stub.write_text(_source(intake.shipped(kata, kata.folder)), encoding="utf-8")
        files = []
        for number, person in enumerate(people):
            file = Path(folder, f"{number}.py")
            file.write_text(_source({each.name: each.data for each in submissions[person].files}), encoding="utf-8")
            files.append(str(file))
        detector = CopyDetector(noise_t=TOKENS, guarantee_t=TOKENS, display_t=0.0, silent=True, autoopen=False)
        for file_name in files:
            detector.add_file(file_name)
        detector.add_file(str(stub), type="boilerplate")
        detector.run()
        found = [_pair(people, row) for row in detector.get_copied_code_list()]
    return sorted(
        (each for each in found if each.most >= at_least), key=lambda each: (-each.most, each.one, each.other)
    )


def _source(files: Mapping[str, bytes]) -> str:
    return "\n".join(data.decode("utf-8", "replace") for name, data in sorted(files.items()) if name.endswith(".py"))


def _pair(people: list[str], row: list[object]) -> Pair:
    """A row of copydetect's: the two shares, the two files, and what is highlighted."""
    share, other_share, file, other = row[:4]
    one, two = (people[int(Path(str(name)).stem)] for name in (file, other))
    if one > two:
        one, two, share, other_share = two, one, other_share, share
    return Pair(one, two, float(str(share)), float(str(other_share)))
