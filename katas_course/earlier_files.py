"""Complete the submissions for milestones, which build on people's files for earlier katas."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from graders import intake
from graders.catalogue import Kata
from graders.errors import KataError
from katas_course.batch import Batch
from katas_course.gradebook import Gradebook, results, settings
from katas_course.gradebook.people import Directory
from katas_course.gradebook.results import StoredSubmission
from katas_course.rules import Rule
from katas_course.submissions import KataSubmission

MANY = 8  # katas that a note names


class EarlierSource:
    """Where the files for earlier katas come from, as the rules of a gradebook say.

    By default, they are the submitted ones and, for a kata without any, those of the person's best stored submission.
    """

    def __init__(self, book: Gradebook, katas: Sequence[Kata]) -> None:
        slugs = {other.slug for kata in katas for other in kata.earlier}
        self._rules, self._directory = book.read(settings.rules), book.read(Directory)
        self._best: dict[tuple[str, str], StoredSubmission] = {}
        for each in sorted(book.read(results.stored, slugs=slugs), key=_worth) if slugs else ():
            self._best[self._directory.id_of(each.person), each.kata] = each

    def completed(self, submission: KataSubmission) -> KataSubmission:
        """Return a submission with the files of the katas that it builds on, and notes that say whose they are."""
        kata, files = submission.kata, submission.files
        if files is None or not files.files or not kata.earlier:
            return submission
        source = self._rules.get(kata.slug, Rule()).earlier
        person = self._directory.id_of(submission.entry.person)
        earlier = {each.kata: {file.name: file.data for file in each.files} for each in files.earlier}
        notes: dict[str, list[str]] = {}
        for other in kata.earlier:
            best = self._best.get((person, other.slug))
            if source == "shipped":
                earlier[other.slug] = intake.shipped(other, other.solution)
                notes.setdefault("files of the course", []).append(f"{other.slug}{_fault(best)}")
            elif best and (source == "stored" or (not source and not earlier.get(other.slug))):
                found, fault = _stored(other, best)
                earlier[other.slug] = found
                notes.setdefault("files of stored submissions", []).append(f"{other.slug}{fault or _fault(best)}")
        if not notes:
            return submission
        own = {file.name: file.data for file in files.files}
        said = (*files.notes, *(f"{what}: {_listed(names)}" for what, names in notes.items()))
        complete = intake.submission(kata, own, files.ignored, earlier, said, files.refused)
        return dataclasses.replace(submission, files=complete)


def _worth(stored: StoredSubmission) -> tuple[bool, float, str]:
    return stored.verdict.status == "passed", stored.verdict.score, stored.submitted_at


def _fault(best: StoredSubmission | None) -> str:
    """Return in brackets that a person's own submission for an earlier kata did not pass, or an empty string."""
    if best is None or best.verdict.status == "passed":
        return ""
    return f" (yours did not pass: {best.verdict.score:g} of {best.verdict.max_score:g} points)"


def _stored(other: Kata, best: StoredSubmission) -> tuple[dict[str, bytes], str]:
    """Return the files of a stored submission, or none and in brackets why not."""
    try:
        found = Batch(Path(best.batch)).store.take(other, best.sha256)
    except KataError:
        return {}, " (no longer stored)"
    return {file.name: file.data for file in found.files}, ""


def _listed(names: Sequence[str]) -> str:
    """Return the katas with a fault first, because a note names only some."""
    ordered = sorted(names, key=lambda name: "(" not in name)
    more = f" and {len(names) - MANY} more" if len(names) > MANY else ""
    return ", ".join(ordered[:MANY]) + more
