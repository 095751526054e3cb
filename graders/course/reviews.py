"""The manual scores in a batch, including those that are only in verdict files so far."""

from __future__ import annotations

from pathlib import Path

import msgspec

from graders.course import journal
from graders.course.journal import Marked, Row, Short
from graders.manual_scores import Given, ManualScore, with_marks
from graders.verdict import Verdict


class Reviews:
    """The current manual scores of every submission in a batch, as recorded in its journal."""

    def __init__(self, path: Path) -> None:
        self._given: dict[tuple[str, str, str], Given] = {}
        if path.is_file():
            for row in journal.marked(path):
                self.take(row.person, row.verdict)

    def take(self, person: str, found: Verdict | Marked) -> None:
        """Add the manual scores from a later verdict on a person's submission."""
        place = person, found.kata, found.submission_sha256
        if place in self._given or any(task.reviewer for task in found.tasks):
            self._given.setdefault(place, Given()).take((found.graded_at, found.seed), found.tasks)

    def lacks(self, person: str, found: Verdict) -> bool:
        """Add the scores from a later verdict, and return whether this has changed any score."""
        before = self._marks(person, found.kata, found.submission_sha256)
        self.take(person, found)
        return self._marks(person, found.kata, found.submission_sha256) != before

    def concern(self, row: Short) -> bool:
        """Return whether a submission has manual scores or is waiting for some."""
        place = row.person, row.verdict.kata, row.verdict.submission_sha256
        return row.verdict.review_points > 0 or place in self._given

    def onto(self, row: Row) -> Row:
        """Return the row with the manual scores of its submission."""
        marks = self._marks(row.person, row.verdict.kata, row.verdict.submission_sha256)
        return msgspec.structs.replace(row, verdict=with_marks(row.verdict, marks.values()))

    def _marks(self, *place: str) -> dict[str, ManualScore]:
        found = self._given.get((place[0], place[1], place[2]))
        return {} if found is None else {mark.task: mark for mark in found.marks}
