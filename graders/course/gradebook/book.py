"""The operations that commands perform on a gradebook. Each operation runs in its own transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from graders.catalogue import Kata
from graders.course import journal
from graders.course.batch import Batch
from graders.course.gradebook import importing, queries, removal, rule_changes
from graders.course.gradebook.database import Database
from graders.course.gradebook.importing import Imported
from graders.course.gradebook.records import PersonKata, StoredSubmission, current_verdict
from graders.course.gradebook.scores import add_scores
from graders.course.gradebook.tables import AuditRow, SubmissionRow
from graders.course.journal import Row
from graders.course.rules import Rule
from graders.course.submissions import KataSubmission
from graders.manual_scores import marks_of
from graders.verdict import Verdict

DEFAULT = "gradebook.sqlite"


class Gradebook(Database):
    """An open gradebook. Each method runs in its own transaction and records its changes in the audit trail."""

    def __init__(self, url: str = DEFAULT, *, who: str | None = None) -> None:
        super().__init__(url, who)

    def import_batch(self, batch: Batch, katas: Iterable[Kata] = ()) -> Imported:
        """Import a batch's verdicts and manual scores.

        Verdicts that are already in the gradebook stay unchanged, so a second import changes nothing.
        """
        journal.head(batch.journal)
        with self.transaction() as transaction:
            return importing.import_batch(transaction, batch, katas)

    def import_verdict(self, found: Verdict, person: str, submitted_at: str = "", batch: str = "") -> bool:
        """Import one verdict with its manual scores, and return whether the verdict was new.

        Without `submitted_at`, the time of grading is used as the time of submission.
        """
        with self.transaction() as transaction:
            row = Row(person=person, submitted_at=submitted_at, verdict=found)
            submission, new = importing.add(transaction, row, batch)
            if submission is not None:
                add_scores(transaction, submission, marks_of(found))
            return new

    def update_katas(self, katas: Iterable[Kata]) -> None:
        """Update the katas' titles and limits on attempts."""
        with self.transaction() as transaction:
            importing.update_katas(transaction, katas)

    def add_regraded(self, submission: int, found: Verdict) -> tuple[Verdict, Verdict]:
        """Add a new verdict on a submission. Return the verdicts that were current before and after."""
        with self.transaction() as transaction:
            row = transaction.session.get(SubmissionRow, submission)
            assert row is not None
            before = current_verdict(row)
            importing.add_verdict(transaction, row, found)
            transaction.session.expire(row)
            return before, current_verdict(row)

    # --------------------------------------------------------------------------------------- rules

    def set_rule(
        self,
        slug: str,
        *,
        counts: str | None = None,
        due_at: str | None = None,
        late_percent: float | None = None,
        late_days: int | None = None,
    ) -> Rule:
        """Change a kata's rule, and return the new rule. Settings that are None stay unchanged."""
        with self.transaction() as transaction:
            return rule_changes.set_rule(
                transaction, slug, counts=counts, due_at=due_at, late_percent=late_percent, late_days=late_days
            )

    def extend(self, person: str, slug: str, due_at: str) -> None:
        """Set one person's deadline for a kata."""
        with self.transaction() as transaction:
            rule_changes.extend(transaction, person, slug, due_at)

    def may_be_graded(self, submission: KataSubmission) -> str:
        """Return why the daily limit on attempts forbids grading a submission, or an empty string if it does not."""
        with self.transaction() as transaction:
            return rule_changes.attempts_exceeded(transaction, submission)

    # -------------------------------------------------------------------------------------- queries

    def places(self, slug: str | None = None, person: str | None = None) -> list[PersonKata]:
        """Return the results for every kata or for one, and for everyone or one person, sorted by person and kata."""
        with self.transaction() as transaction:
            return queries.places(transaction, slug, person)

    def has_person(self, name: str) -> bool:
        """Return whether the gradebook has a person of this name."""
        with self.transaction() as transaction:
            return transaction.person(name) is not None

    def name_of(self, person: str) -> str:
        """Return a person's name in the gradebook's Unicode form. Raises KataError for an unknown person."""
        with self.transaction() as transaction:
            return transaction.known_person(person).name

    def titles(self) -> dict[str, str]:
        """Return the titles of the gradebook's katas by slug."""
        with self.transaction() as transaction:
            return queries.titles(transaction)

    def audit(self, person: str | None = None) -> list[AuditRow]:
        """Return the audit trail of one person or of everyone in chronological order."""
        with self.transaction() as transaction:
            return queries.audit(transaction, person)

    def affected(
        self, since: str | None = None, before: str | None = None, slugs: Collection[str] = ()
    ) -> list[StoredSubmission]:
        """Return the submissions whose current verdict was made by one of these versions of the harness.

        The versions start with `since` and end before `before`. None means no limit. If `slugs` is not empty, only
        submissions for these katas are returned.
        """
        with self.transaction() as transaction:
            return queries.affected(transaction, since, before, slugs)

    # ------------------------------------------------------------------------------------- removal

    def batches_of(self, person: str) -> list[str]:
        """Return the batch folders that hold a person's submissions."""
        with self.transaction() as transaction:
            return removal.batches_of(transaction, person)

    def batches_before(self, moment: str) -> list[str]:
        """Return the batch folders that hold submissions from before this moment."""
        with self.transaction() as transaction:
            return removal.batches_before(transaction, moment)

    def forget(self, person: str) -> list[str]:
        """Remove a person from the gradebook and its audit trail.

        Return the batch folders that hold the person's submissions.
        """
        with self.transaction() as transaction:
            batches = removal.forget(transaction, person)
        self.compact()
        return batches

    def forget_before(self, moment: str) -> tuple[int, list[str]]:
        """Remove everything submitted before this moment.

        Return the number of removed submissions and the batch folders that hold their files.
        """
        with self.transaction() as transaction:
            removed = removal.forget_before(transaction, moment)
        self.compact()
        return removed
