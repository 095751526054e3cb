"""Query the gradebook for results, titles, the audit trail, and verdicts by version."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

import msgspec
import sqlalchemy as sa
from packaging.version import InvalidVersion, Version

from graders.course import rules
from graders.course.gradebook import course_settings, decisions, rule_changes
from graders.course.gradebook.groups import Groups
from graders.course.gradebook.people import Directory
from graders.course.gradebook.records import PersonKata, StoredSubmission, current_verdict, is_graded, rule_in, stored
from graders.course.gradebook.tables import AuditRow, KataRow, SubmissionRow
from graders.course.gradebook.transaction import Transaction
from graders.course.rules import Attempt, Decision, KataWork
from graders.errors import KataError
from graders.report.text import clean_line
from graders.verdict import Verdict


def places(transaction: Transaction, slug: str | None, person: str | None) -> list[PersonKata]:
    """Return the results for every kata or for one, and for everyone or one person, sorted by person and kata.

    Only people with submissions are listed, their own or those of their group. A bank of late days is spent over all
    of a person's katas, so if there is one, the submissions for the other katas are loaded too.
    """
    directory = Directory(transaction)
    course = Katas(transaction, directory)
    groups = Groups(directory.roster, [kata for kata, rule in course.rules.items() if rule.in_groups])
    wanted = None if person is None else directory.known(person)
    names = None
    if wanted is not None:
        names = [name for each in (wanted, *groups.mates(wanted)) for name in directory.names_of(each)]
    bank = course_settings.settings(transaction).late_day_bank
    given = decisions.by_person(transaction, directory)
    grouped: dict[str, dict[str, list[Attempt]]] = {}
    for submission in transaction.submissions(None if bank else slug, names):
        if is_graded(submission):
            own = grouped.setdefault(directory.id_of(submission.person.name), {})
            own.setdefault(submission.kata, []).append(_attempt(submission))
    found = []
    for name, attempts in sorted(groups.shared(grouped).items()):
        if wanted not in (None, name):
            continue
        work = [course.work(name, kata, tuple(each), given.get((name, kata), ())) for kata, each in attempts.items()]
        found += scored_places(name, work, bank)
    return [place for place in found if slug in (None, place.kata)]


def _attempt(submission: SubmissionRow) -> Attempt:
    verdict = _without_outputs(current_verdict(submission))
    return Attempt(submission.submitted_at, verdict, submitted_as=submission.person.name)


class Katas:
    """The katas' rules, and everyone's own deadlines."""

    def __init__(self, transaction: Transaction, directory: Directory) -> None:
        self.rules = {row.slug: rule_in(row) for row in transaction.session.scalars(sa.select(KataRow))}
        self.own = rule_changes.extensions(transaction, directory)

    def work(self, person: str, kata: str, attempts: tuple[Attempt, ...], given: tuple[Decision, ...]) -> KataWork:
        """Return a person's work on a kata, with the decisions on tasks in the verdicts."""
        rule = self.rules[kata]
        own = dataclasses.replace(rule, due_at=rules.deadline(rule.due_at, self.own.get((person, kata))))
        if any(decision.task for decision in given):
            attempts = tuple(
                dataclasses.replace(each, verdict=rules.decided(each.verdict, given), original=each.verdict)
                for each in attempts
            )
        return KataWork(kata, attempts, own, given, order=rule.due_at)


def scored_places(person: str, work: list[KataWork], bank: int) -> list[PersonKata]:
    scored = rules.scored(work, bank)
    found = []
    for each in sorted(work, key=lambda each: each.kata):
        standings = scored[each.kata]
        one = rules.counted(standings, each.rule)
        found.append(PersonKata(person, each.kata, each.rule, tuple(standings), one, each.decisions))
    return found


def titles(transaction: Transaction) -> dict[str, str]:
    """Return the titles of the gradebook's katas by slug."""
    return {row.slug: row.title for row in transaction.session.scalars(sa.select(KataRow).order_by(KataRow.slug))}


def batches_with(transaction: Transaction, slug: str) -> list[str]:
    """Return the batch folders that hold submissions for a kata or, if `slug` is empty, for any."""
    found = sa.select(SubmissionRow.batch).where(SubmissionRow.batch != "").distinct().order_by(SubmissionRow.batch)
    return list(transaction.session.scalars(found.where(SubmissionRow.kata == slug) if slug else found))


def audit(transaction: Transaction, person: str | None) -> list[AuditRow]:
    """Return the audit trail of one person or of everyone in chronological order."""
    wanted = sa.select(AuditRow).order_by(AuditRow.id)
    if person is not None:
        directory = Directory(transaction)
        known = directory.known(person)
        wanted = wanted.where(AuditRow.person.in_([known, *directory.names_of(known)]))
    rows = list(transaction.session.scalars(wanted))
    transaction.session.expunge_all()
    return rows


def affected(
    transaction: Transaction, since: str | None, before: str | None, slugs: Collection[str]
) -> list[StoredSubmission]:
    """Return the submissions whose current verdict was made by one of these versions of the harness.

    The versions start with `since` and end before `before`. None means no limit. If `slugs` is not empty, only
    submissions for these katas are returned.
    """
    first, end = _version(since), _version(before)
    found = []
    for submission in transaction.submissions():
        if not is_graded(submission) or (slugs and submission.kata not in slugs):
            continue
        verdict = current_verdict(submission)
        made = _version(verdict.harness_version)
        assert made is not None
        if (first is None or made >= first) and (end is None or made < end):
            found.append(stored(submission, verdict))
    return sorted(found, key=lambda each: (each.kata, each.person, each.submitted_at))


def _version(text: str | None) -> Version | None:
    try:
        return None if text is None else Version(text)
    except InvalidVersion:
        raise KataError(f"{clean_line(str(text))}: expected a version such as 0.1.0.") from None


def _without_outputs(found: Verdict) -> Verdict:
    tests = tuple(msgspec.structs.replace(test, output="") for test in found.tests)
    return msgspec.structs.replace(found, tests=tests)
