"""Everyone's results: which submission counts for a kata, the final mark, and the total for the course."""

from __future__ import annotations

import dataclasses
import shlex
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import msgspec
import sqlalchemy as sa
from packaging.version import InvalidVersion, Version

from graders.errors import KataError
from graders.report.text import clean_line, first_names
from graders.verdict import Verdict
from katas_course import rules, totals
from katas_course.gradebook import decisions, settings
from katas_course.gradebook.database import Transaction
from katas_course.gradebook.groups import Groups
from katas_course.gradebook.people import Directory, IdKey, Listing
from katas_course.gradebook.storing import Key
from katas_course.gradebook.tables import AuditRow, KataRow, SubmissionRow
from katas_course.platforms import is_late_note
from katas_course.rules import Attempt, Decision, FinalMark, KataWork, Rule, ScoredAttempt
from katas_course.totals import KataMark, Total

SOME = 5  # people whom a warning about many names
Decisions = Mapping[IdKey, tuple[Decision, ...]]


@dataclass(frozen=True)
class KataResult:
    """One person's submissions for a kata, the one that counts, and instructors' decisions on the points."""

    person: str
    kata: str
    rule: Rule
    standings: tuple[ScoredAttempt, ...]
    counted: ScoredAttempt | None
    decisions: tuple[Decision, ...] = ()

    @property
    def mark(self) -> FinalMark:
        """The final points, with the steps that led to them."""
        return rules.final_mark(self.counted, self.rule, self.decisions, self.standings)

    @property
    def submitted(self) -> bool:
        """Whether there is a submission, or a decision in place of one."""
        return bool(self.standings) or self.is_decided

    @property
    def is_decided(self) -> bool:
        """Whether an instructor has decided on the points of the whole kata."""
        return any(not each.task for each in self.decisions)

    @property
    def verdict(self) -> Verdict | None:
        return None if self.counted is None else self.counted.attempt.verdict

    @property
    def points(self) -> float:
        return self.mark.points

    @property
    def passed(self) -> bool:
        """Whether the person has passed the kata, which may be with a submission whose points do not count."""
        return rules.passed(self.standings, self.rule) and not self.mark.excluded

    def standing(self, submitted_at: str, sha256: str) -> ScoredAttempt | None:
        """Return the submission of these files at this time, or None if it has no verdict that counts."""
        return next((each for each in self.standings if each.attempt.content == (submitted_at, sha256)), None)

    @property
    def outstanding(self) -> float:
        """The points that a review can still add to the submission that counts or to one that would then count."""
        waiting = (each for each in self.standings if self.is_to_review(each))
        return max((each.attempt.verdict.review_points for each in waiting), default=0.0)

    def is_to_review(self, standing: ScoredAttempt) -> bool:
        """Return whether a submission awaits a review that can still change the points for the kata."""
        if self.is_decided or standing.over_limit or not standing.attempt.verdict.review_points:
            return False
        return standing is self.counted or standing.at_most > self.points


@dataclass(frozen=True)
class PersonReport:
    """A person's results for all katas of the course, and their total.

    `days_used` is the number of days used from the bank of late days.
    """

    listing: Listing
    katas: Mapping[str, KataResult]
    total: Total
    days_used: int

    @property
    def person(self) -> str:
        return self.listing.id

    @property
    def has_submitted(self) -> bool:
        return any(result.submitted for result in self.katas.values())

    @property
    def has_left(self) -> bool:
        return self.listing.roster is not None and self.listing.roster.left_at is not None

    @property
    def outstanding(self) -> float:
        """The points that reviews can still add."""
        return sum(result.outstanding for result in self.katas.values())


class _Katas:
    """The katas' rules, everyone's own deadlines, and the decisions of instructors."""

    def __init__(self, transaction: Transaction, directory: Directory) -> None:
        self.rules = settings.rules(transaction)
        self.decisions: Decisions = decisions.by_person(transaction, directory)
        self._own = settings.extensions(transaction, directory)

    def work(self, person: str, kata: str, attempts: tuple[Attempt, ...]) -> KataWork:
        """Return a person's work on a kata, with the decisions on tasks in the verdicts."""
        rule, decided = self.rules[kata], self.decisions.get((person, kata), ())
        own = dataclasses.replace(rule, due_at=rules.deadline(rule.due_at, self._own.get((person, kata))))
        if any(decision.task for decision in decided):
            attempts = tuple(
                dataclasses.replace(each, verdict=rules.decided(each.verdict, decided), original=each.verdict)
                for each in attempts
            )
        return KataWork(kata, attempts, own, decided, order=rule.due_at)


def of_katas(transaction: Transaction, slug: str | None = None, person: str | None = None) -> list[KataResult]:
    """Return the results for every kata or for one, and for everyone or one person, sorted by person and kata.

    Only people with submissions are listed, their own or those of their group. A bank of late days is spent over all
    of a person's katas, so if there is one, the submissions for the other katas are loaded too.
    """
    directory = Directory(transaction)
    katas = _Katas(transaction, directory)
    groups = Groups(directory.roster, [kata for kata, rule in katas.rules.items() if rule.in_groups])
    wanted = None if person is None else directory.known(person)
    names = None
    if wanted is not None:
        names = [name for each in (wanted, *groups.mates(wanted)) for name in directory.names_of(each)]
    bank = settings.course(transaction).late_day_bank
    own: dict[str, dict[str, list[Attempt]]] = {}
    for submission in transaction.submissions(None if bank else slug, names):
        if submission.is_graded:
            of_person = own.setdefault(directory.id_of(submission.person.name), {})
            of_person.setdefault(submission.kata, []).append(_attempt(submission))
    results = []
    for name, attempts in sorted(groups.shared(own).items()):
        if wanted in (None, name):
            results += _scored(name, [katas.work(name, kata, tuple(each)) for kata, each in attempts.items()], bank)
    return [result for result in results if slug in (None, result.kata)]


def _attempt(submission: SubmissionRow) -> Attempt:
    verdict = submission.current_verdict()
    without_outputs = tuple(msgspec.structs.replace(test, output="") for test in verdict.tests)
    verdict = msgspec.structs.replace(verdict, tests=without_outputs)
    return Attempt(submission.submitted_at, verdict, submitted_as=submission.person.name)


def _scored(person: str, work: list[KataWork], bank: int) -> list[KataResult]:
    standings = {kata: tuple(each) for kata, each in rules.scored(work, bank).items()}
    return [
        KataResult(person, each.kata, each.rule, of_kata, rules.counted(of_kata, each.rule), each.decisions)
        for each in sorted(work, key=lambda each: each.kata)
        for of_kata in (standings[each.kata],)
    ]


def by_name(transaction: Transaction) -> dict[Key, KataResult]:
    """Return the results of everyone who has submitted, by the submitted name and the kata.

    Someone for whom only a group has submitted has no submitted name, and is found by id.
    """
    results: dict[Key, KataResult] = {}
    for result in (result for report in reports(transaction) for result in report.katas.values() if result.standings):
        own = {each.attempt.submitted_as or result.person for each in result.standings if not each.attempt.by}
        results |= {(name, result.kata): result for name in own or {result.person}}
    return results


def lateness_warnings(
    transaction: Transaction, slug: str | None = None, marks: Mapping[tuple[str, str], bool] | None = None
) -> list[str]:
    """Say who is late only according to the platform or only according to the stored time, and how to settle it.

    `marks` says by submitted name and time whether the platform marks a submission as late. Otherwise the note on it
    counts, unless `--times` has corrected its time. A person with a deadline of their own is settled.
    """
    corrected = sa.select(AuditRow.person, AuditRow.kata, AuditRow.after).where(AuditRow.what == "handed in")
    settled = {tuple(row) for row in transaction.session.execute(corrected)}
    general = settings.rules(transaction)
    lines, unmarked = [], dict[tuple[str, str], list[str]]()
    for result in of_katas(transaction, slug):
        due = result.rule.due_at or ""
        for each in result.standings if due and due == general[result.kata].due_at else ():
            name, time = each.attempt.submitted_as, each.attempt.submitted_at
            is_settled, notes = (name, result.kata, time) in settled, each.attempt.verdict.intake_notes
            noted = not is_settled and any(map(is_late_note, notes))
            mark = None if each.attempt.by else (marks or {}).get((name, time), noted or None)
            if each.late and mark is False:
                unmarked.setdefault((result.kata, due), []).append(name)
            elif not each.late and mark:
                text = f"{name}, {result.kata}: marked as LATE, but submitted {time}, so 0 days after {due}"
                command = f"katas gradebook rule {result.kata} --person {shlex.quote(name)} --due TIME"
                lines.append(clean_line(f"WARNING: {text}. If there was more time: {command}", 1_000))
    for (kata, due), names in unmarked.items():
        who = f"{len(names)} {'person' if len(names) == 1 else 'people'}, {kata}"
        text = f"{who}: not marked as LATE, but submitted after {due}: {first_names(names, SOME)}"
        command = f"katas gradebook rule {kata} --person NAME --due TIME"
        lines.append(clean_line(f"WARNING: {text}. If there was more time: {command}", 1_000))
    if lines:
        command = "katas grade-batch SUBMISSIONS --out DIR --times FILE --zone ZONE"
        lines.append(f"Otherwise give the platform's times, in its time zone: {command}")
    return lines


def reports(
    transaction: Transaction, slug: str | None = None, person: str | None = None, *, everyone: bool = False
) -> list[PersonReport]:
    """Return everyone's report, or one person's, sorted by person. With `slug`, only this kata counts.

    People on the roster are listed without a submission too, but only with one if they have left the course, or with
    `everyone`.
    """
    directory = Directory(transaction)
    katas = _Katas(transaction, directory)
    course = settings.course(transaction)
    by_person: dict[str, dict[str, KataResult]] = {}
    for result in of_katas(transaction, slug, person):
        by_person.setdefault(result.person, {})[result.kata] = result
    used = {*transaction.session.scalars(sa.select(SubmissionRow.kata).distinct())}
    used |= {kata for _, kata in katas.decisions} | {kata for kata, rule in katas.rules.items() if rule.due_at}
    slugs = sorted(used if slug is None else used & {slug})
    wanted = None if person is None else directory.known(person)
    collected = []
    for listing in directory.listings():
        own = by_person.get(listing.id, {})
        is_here = listing.roster is not None and (everyone or listing.roster.left_at is None)
        is_listed = is_here or own or any(each == listing.id for each, _ in katas.decisions)
        if listing.id == wanted or (wanted is None and is_listed):
            missing = {kata: _scored(listing.id, [katas.work(listing.id, kata, ())], 0)[0] for kata in slugs}
            found = {kata: own.get(kata) or missing[kata] for kata in slugs}
            marks = [KataMark(kata, each.mark, each.rule, each.submitted) for kata, each in found.items()]
            used_days = sum(each.counted.free for each in found.values() if each.counted and not each.is_decided)
            collected.append(PersonReport(listing, found, totals.total(marks, course), used_days))
    return collected


# ------------------------------------------------------------------------------------------- the rest


@dataclass(frozen=True)
class StoredSubmission:
    """A submission in the gradebook, with its current verdict. Its files are in the folder `batch`."""

    id: int
    person: str
    kata: str
    sha256: str
    submitted_at: str
    batch: str
    verdict: Verdict


def stored(transaction: Transaction, since: str | None = None, slugs: Collection[str] = ()) -> list[StoredSubmission]:
    """Return the graded submissions, or only those whose current verdict was made by version `since` or a later one.

    If `slugs` is not empty, only submissions for these katas are returned.
    """
    first = None if since is None else _version(since)
    result = []
    for row in transaction.submissions():
        if not row.is_graded or (slugs and row.kata not in slugs):
            continue
        verdict = row.current_verdict()
        if first is None or _version(verdict.harness_version) >= first:
            batch = transaction.path_of(row.batch)
            result.append(
                StoredSubmission(row.id, row.person.name, row.kata, row.sha256, row.submitted_at, batch, verdict)
            )
    return sorted(result, key=lambda each: (each.kata, each.person, each.submitted_at))


def _version(text: str) -> Version:
    try:
        return Version(text)
    except InvalidVersion:
        raise KataError(f"{clean_line(text)}: expected a version such as 0.1.0.") from None


REGRADING, REGRADED = "regrading", "regraded"  # lines of the audit trail at the start and the end of a regrading


def begin_regrading(transaction: Transaction, what: str) -> int:
    """Return the line of the audit trail after which a regrading changes verdicts: of one that was killed, if any."""
    lines = sa.select(AuditRow).where(AuditRow.what.in_((REGRADING, REGRADED))).order_by(AuditRow.id.desc())
    last = transaction.session.scalar(lines.limit(1))
    if last is None or last.what == REGRADED:
        transaction.note(REGRADING, after=what)
        transaction.session.flush()
        last = transaction.session.scalar(lines.limit(1))
    assert last is not None
    return last.id


def end_regrading(transaction: Transaction, line: int, what: str) -> list[tuple[str, str, Verdict, Verdict]]:
    """Note the end of the regrading that began with a line, and return what it has changed.

    This is the person, the kata, and the earlier and the current verdict, with their manual scores.
    """
    graded = sa.select(AuditRow.submission_id).where(
        AuditRow.id > line, AuditRow.what == "graded", AuditRow.before != ""
    )
    changed = []
    for number, times in Counter(transaction.session.scalars(graded.order_by(AuditRow.id))).items():
        row = transaction.session.get_one(SubmissionRow, number)
        before, after = row.earlier_verdict(times), row.current_verdict()
        if before and (before.status, before.score) != (after.status, after.score):
            changed.append((row.person.name, row.kata, before, after))
    transaction.note(REGRADED, after=what)
    return changed


def titles(transaction: Transaction) -> dict[str, str]:
    """Return the titles of the gradebook's katas by slug."""
    return {row.slug: row.title for row in transaction.session.scalars(sa.select(KataRow).order_by(KataRow.slug))}


def audit(transaction: Transaction, person: str | None = None) -> list[AuditRow]:
    """Return the audit trail of one person or of everyone in chronological order."""
    wanted = sa.select(AuditRow).order_by(AuditRow.id)
    if person is not None:
        wanted = wanted.where(AuditRow.person.in_(Directory(transaction).every_name(person)))
    rows = list(transaction.session.scalars(wanted))
    transaction.session.expunge_all()
    return rows
