"""Find rows and add lines to the audit trail within a transaction on a gradebook."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from graders.course.gradebook.tables import AuditRow, KataRow, PersonRow, SubmissionRow
from graders.course.submissions import as_utc, forms

WHOLE = [selectinload(each) for each in (SubmissionRow.person, SubmissionRow.verdicts, SubmissionRow.marks)]
"""The options of a query that loads submissions with all that a result needs."""


@dataclass(frozen=True)
class Transaction:
    """A transaction whose author is `who`. Error messages use `gradebook` as the name of the gradebook."""

    session: Session
    who: str
    gradebook: str

    def note(
        self,
        what: str,
        person: str = "",
        kata: str = "",
        before: str = "",
        after: str = "",
        submission: int | None = None,
    ) -> None:
        """Add a line to the audit trail."""
        self.session.add(
            AuditRow(
                at=as_utc(datetime.datetime.now(datetime.UTC)),
                who=self.who,
                what=what,
                person=person,
                kata=kata,
                before=before,
                after=after,
                submission_id=submission,
            )
        )

    def note_submission(self, submission: SubmissionRow, what: str, before: str, after: str) -> None:
        """Add a line about a submission to the audit trail. The line is deleted together with the submission."""
        self.note(what, submission.person.name, submission.kata, before, after, submission.id)

    def kata(self, slug: str) -> KataRow:
        """Return a kata's row, and add the row if it is missing."""
        row = self.session.get(KataRow, slug)
        if row is None:
            row = KataRow(slug=slug, title="", attempts_per_day=0, counts="best", late_percent=0.0)
            self.session.add(row)
            self.session.flush()
        return row

    def person(self, name: str) -> PersonRow | None:
        """Return the row of the person with this name, in any Unicode form."""
        wanted = sa.select(PersonRow).where(PersonRow.name.in_(forms(name)))
        found = {row.name: row for row in self.session.scalars(wanted)}
        return found.get(name) or next(iter(found.values()), None)

    def submissions(self, slug: str | None = None, names: Collection[str] | None = None) -> Iterator[SubmissionRow]:
        """Yield submissions with their verdicts, in the order of submission. With `names`, only those of these people.

        Rows are loaded in batches, because the outputs in all verdicts might not fit into memory.
        """
        wanted = sa.select(SubmissionRow).options(*WHOLE).order_by(SubmissionRow.submitted_at, SubmissionRow.id)
        if slug is not None:
            wanted = wanted.where(SubmissionRow.kata == slug)
        if names is not None:
            wanted = wanted.join(PersonRow).where(PersonRow.name.in_(names))
        return iter(self.session.scalars(wanted.execution_options(yield_per=100)))
