"""The operations that commands perform on a gradebook. Each operation runs in its own transaction."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable
from typing import Any

from graders.catalogue import Kata
from graders.course.gradebook import (
    course_settings,
    decisions,
    importing,
    queries,
    removal,
    reports,
    roster,
    rule_changes,
)
from graders.course.gradebook.database import Database
from graders.course.gradebook.decisions import Request
from graders.course.gradebook.people import Directory, Listing
from graders.course.gradebook.records import PersonKata, StoredSubmission, current_verdict
from graders.course.gradebook.reports import PersonReport
from graders.course.gradebook.roster import RosterChanges
from graders.course.gradebook.rule_changes import RuleChanges
from graders.course.gradebook.scores import add_scores
from graders.course.gradebook.tables import AuditRow, SubmissionRow
from graders.course.roster_files import RosterFile
from graders.course.rows import Key, Row
from graders.course.rules import Decision, Rule
from graders.course.submissions import KataSubmission
from graders.course.totals import Course
from graders.manual_scores import marks_of
from graders.verdict import Verdict

DEFAULT = "gradebook.sqlite"


class Gradebook(Database):
    """An open gradebook. Each method runs in its own transaction and records its changes in the audit trail."""

    def __init__(self, url: str = DEFAULT, *, who: str | None = None) -> None:
        super().__init__(url, who)

    def import_verdict(self, found: Verdict, person: str, submitted_at: str = "", batch: str = "") -> bool:
        """Import one verdict with its manual scores, and return whether the verdict was new.

        Without `submitted_at`, the time of grading is used as the time of submission. An `error` is not imported.
        """
        if found.status == "error":
            return False
        with self.transaction() as transaction:
            row = Row(person=person, submitted_at=submitted_at, verdict=found)
            submission, new = importing.add(transaction, row, batch)
            add_scores(transaction, submission, marks_of(found))
            return new

    def update_katas(self, katas: Iterable[Kata]) -> None:
        """Update the katas' titles and limits on attempts."""
        with self.transaction() as transaction:
            importing.update_katas(transaction, katas)

    def add_regraded(self, submission: int, found: Verdict) -> tuple[Verdict, Verdict]:
        """Add a new verdict on a submission. Return the verdicts that were current before and after."""
        with self.transaction(alone=True) as transaction:
            row = transaction.session.get(SubmissionRow, submission)
            assert row is not None
            before = current_verdict(row)
            importing.add_verdict(transaction, row, found)
            transaction.session.expire(row)
            return before, current_verdict(row)

    # --------------------------------------------------------------------------------------- rules

    def set_rule(self, slug: str, **changes: Any) -> Rule:
        """Change a kata's rule, and return the new rule. The changes are those in `RuleChanges`."""
        with self.transaction(alone=True) as transaction:
            return rule_changes.set_rule(transaction, slug, RuleChanges(**changes))

    def rules(self) -> dict[str, Rule]:
        """Return the katas' rules by slug."""
        with self.transaction() as transaction:
            return queries.Katas(transaction, Directory(transaction)).rules

    def extend(self, person: str, slug: str, due_at: str) -> str:
        """Set one person's deadline for a kata, or with an empty `due_at` withdraw it. Return the deadline until now.

        A person on the roster needs no submission.
        """
        with self.transaction(alone=True) as transaction:
            return rule_changes.extend(transaction, person, slug, due_at)

    def extensions(self) -> dict[tuple[str, str], str]:
        """Return everyone's own deadlines by person and kata."""
        with self.transaction() as transaction:
            return rule_changes.extensions(transaction, Directory(transaction))

    def course(self) -> Course:
        """Return the settings of the whole course."""
        with self.transaction() as transaction:
            return course_settings.settings(transaction)

    def set_course(self, *, late_day_bank: int | None = None, pass_percent: float | None = None) -> None:
        """Change the settings of the course. None leaves a setting unchanged; -1 removes the pass mark."""
        with self.transaction(alone=True) as transaction:
            course_settings.change(transaction, late_day_bank=late_day_bank, pass_percent=pass_percent)

    def set_category(self, name: str, *, weight: float | None = None, drop_lowest: int | None = None) -> None:
        """Change a category of katas. The empty name means the katas without a category."""
        with self.transaction(alone=True) as transaction:
            course_settings.change_category(transaction, name, weight=weight, drop_lowest=drop_lowest)

    # ------------------------------------------------------------------------------------- decisions

    def override(self, person: str, slug: str, points: float, reason: str, task: str = "") -> Decision:
        """Set a person's points for a kata, or for one task of it."""
        with self.transaction(alone=True) as transaction:
            return decisions.decide(transaction, person, slug, task, "override", points, reason)

    def exclude(self, person: str, slug: str, reason: str) -> Decision:
        """Give a person no points for a kata."""
        with self.transaction(alone=True) as transaction:
            return decisions.decide(transaction, person, slug, "", "exclude", 0.0, reason)

    def withdraw(self, person: str, slug: str, task: str = "") -> str:
        """Withdraw an override or an exclusion, and describe it."""
        with self.transaction(alone=True) as transaction:
            return decisions.withdraw(transaction, person, slug, task)

    def add_request(self, person: str, slug: str, reason: str) -> int:
        """Add a request to regrade, and return its number."""
        with self.transaction(alone=True) as transaction:
            return decisions.add_request(transaction, person, slug, reason)

    def close_request(self, number: int, answer: str) -> Request:
        """Close a request to regrade."""
        with self.transaction(alone=True) as transaction:
            return decisions.close_request(transaction, number, answer)

    def requests(self, person: str | None = None, *, closed: bool = False) -> list[Request]:
        """Return the open requests to regrade, and with `closed` the closed ones too."""
        with self.transaction() as transaction:
            return decisions.requests(transaction, person, closed=closed)

    # ---------------------------------------------------------------------------------------- people

    def import_roster(self, file: RosterFile) -> RosterChanges:
        """Update the roster from a file."""
        with self.transaction(alone=True) as transaction:
            return roster.import_roster(transaction, file)

    def match_by_hand(self, name: str, person: str | None) -> str:
        """Match a submitted name to a person on the roster, or with None remove such a match."""
        with self.transaction(alone=True) as transaction:
            return roster.match_by_hand(transaction, name, person)

    def people(self) -> list[Listing]:
        """Return everyone on the roster and everyone else who has submitted, sorted by id."""
        with self.transaction() as transaction:
            return Directory(transaction).listings()

    def id_of(self, person: str) -> str:
        """Return the id of a person, given any of their names. Raises KataError for an unknown person."""
        with self.transaction() as transaction:
            return Directory(transaction).known(person)

    def ids_of(self, names: Iterable[str]) -> dict[str, str]:
        """Return the id of each name's person, which is the name itself if the roster does not know it."""
        with self.transaction() as transaction:
            directory = Directory(transaction)
            return {name: directory.id_of(name) for name in names}

    def names_of(self, person: str) -> list[str]:
        """Return all submitted names of a person. Raises KataError for an unknown person."""
        with self.transaction() as transaction:
            directory = Directory(transaction)
            return directory.names_of(directory.known(person))

    def reports(self, slug: str | None = None, person: str | None = None) -> list[PersonReport]:
        """Return everyone's marks and totals, also of people on the roster without a submission."""
        with self.transaction() as transaction:
            return reports.reports(transaction, slug, person)

    def by_name(self) -> dict[Key, PersonKata]:
        """Return the results of everyone who has submitted, by the submitted name and the kata.

        Someone for whom only a group has submitted has no submitted name, and is found by id.
        """
        found: dict[Key, PersonKata] = {}
        for place in (place for report in self.reports() for place in report.places.values()):
            own = {each.attempt.submitted_as or place.person for each in place.standings if not each.attempt.by}
            found |= {(name, place.kata): place for name in (own or {place.person}) if place.standings}
        return found

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
        """Return whether the gradebook has a person with this name or id, as a submitter or on the roster."""
        with self.transaction() as transaction:
            return Directory(transaction).is_known(name)

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
            found = queries.affected(transaction, since, before, slugs)
        return [dataclasses.replace(each, batch=self._place(each.batch)) for each in found]

    def _place(self, batch: str) -> str:
        """Return the path of a batch folder. A gradebook inside such a folder calls it "."."""
        return str(self.folder) if batch == "." else batch

    # ------------------------------------------------------------------------------------- removal

    def batches_of(self, person: str) -> list[str]:
        """Return the batch folders that hold a person's submissions."""
        with self.transaction() as transaction:
            return list(map(self._place, removal.batches_of(transaction, person)))

    def batches_with(self, slug: str = "") -> list[str]:
        """Return the batch folders that hold submissions for a kata or, if `slug` is empty, for any."""
        with self.transaction() as transaction:
            return list(map(self._place, queries.batches_with(transaction, slug)))

    def batches_before(self, moment: str) -> list[str]:
        """Return the batch folders that hold submissions from before this moment."""
        with self.transaction() as transaction:
            return list(map(self._place, removal.batches_before(transaction, moment)))

    def count_before(self, moment: str) -> int:
        """Return the number of submissions from before this moment."""
        with self.transaction() as transaction:
            return removal.count_before(transaction, moment)

    def forget(self, person: str) -> list[str]:
        """Remove a person from the gradebook and its audit trail.

        Return the batch folders that hold the person's submissions.
        """
        with self.transaction() as transaction:
            batches = list(map(self._place, removal.forget(transaction, person)))
        self.compact()
        return batches

    def forget_before(self, moment: str) -> tuple[int, list[str]]:
        """Remove everything submitted before this moment.

        Return the number of removed submissions and the batch folders that hold their files.
        """
        with self.transaction() as transaction:
            removed, batches = removal.forget_before(transaction, moment)
        self.compact()
        return removed, list(map(self._place, batches))
