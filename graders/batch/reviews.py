"""The points that people gave in a batch: by its journal, and by verdicts' files that the journal has not seen yet."""

from __future__ import annotations

from pathlib import Path

import msgspec

from graders.batch import journal
from graders.batch.journal import Marked, Row, Short
from graders.review import Given, Mark, with_marks
from graders.verdict import Verdict


class Reviews:
    """What stands of the points that people gave for every submission in a batch, as its journal tells it."""

    def __init__(self, path: Path) -> None:
        self._given: dict[tuple[str, str, str], Given] = {}
        if path.is_file():
            for row in journal.marked(path):
                self.take(row.person, row.verdict)

    def take(self, person: str, found: Verdict | Marked) -> None:
        """Take in a later record of a person's submission."""
        place = person, found.kata, found.submission_sha256
        if place in self._given or any(task.reviewer for task in found.tasks):
            self._given.setdefault(place, Given()).take((found.graded_at, found.seed), found.tasks)

    def lacks(self, person: str, found: Verdict) -> bool:
        """Whether a later record has other points than are known here; it is taken in."""
        before = self._marks(person, found.kata, found.submission_sha256)
        self.take(person, found)
        return self._marks(person, found.kata, found.submission_sha256) != before

    def concern(self, row: Short) -> bool:
        """Whether somebody gave, or is to give, points for a submission."""
        place = row.person, row.verdict.kata, row.verdict.submission_sha256
        return row.verdict.review_points > 0 or place in self._given

    def onto(self, row: Row) -> Row:
        """The row with what people gave for its submission."""
        marks = self._marks(row.person, row.verdict.kata, row.verdict.submission_sha256)
        return msgspec.structs.replace(row, verdict=with_marks(row.verdict, marks.values()))

    def _marks(self, *place: str) -> dict[str, Mark]:
        found = self._given.get((place[0], place[1], place[2]))
        return {} if found is None else {mark.task: mark for mark in found.marks}
