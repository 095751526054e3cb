"""The records that a batch reads from its store and writes to it."""

from __future__ import annotations

import msgspec

from graders.verdict import Record, Verdict

Key = tuple[str, str]  # a person's name, and a kata's slug


class Row(Record, frozen=True, kw_only=True):
    """A verdict on a person's submission. `submitted_at` is a time in UTC, in ISO 8601."""

    person: str
    submitted_at: str
    verdict: Verdict

    @property
    def key(self) -> Key:
        return self.person, self.verdict.kata


class Graded(msgspec.Struct, frozen=True, kw_only=True):
    """The main fields of a verdict, without its tasks and its tests."""

    kata: str
    status: str
    submission_sha256: str
    kata_digest: str
    suite_digest: str
    harness_version: str
    graded_at: str = ""
    message: str = ""
    score: float = 0.0
    max_score: float = 0.0
    review_points: float = 0.0
    require_extras: bool = False
    intake_notes: tuple[str, ...] = ()
    stopped_tests: int = 0


class Short(msgspec.Struct, frozen=True, kw_only=True):
    """A row without its tasks and its tests, so that all rows fit into memory."""

    person: str
    submitted_at: str
    verdict: Graded

    @property
    def key(self) -> Key:
        return self.person, self.verdict.kata


def shortened(row: Row) -> Short:
    """Return a row without its tasks and its tests."""
    fields = {name: getattr(row.verdict, name) for name in Graded.__struct_fields__}
    return Short(person=row.person, submitted_at=row.submitted_at, verdict=Graded(**fields))
