"""The records that the gradebook returns, and functions that create them from table rows."""

from __future__ import annotations

from dataclasses import dataclass

from graders import verdict as verdicts
from graders.course import rules
from graders.course.gradebook.tables import DecisionRow, KataRow, MarkRow, SubmissionRow, VerdictRow
from graders.course.rules import Decision, FinalMark, Rule, ScoredAttempt
from graders.manual_scores import ManualScore, with_marks
from graders.verdict import Verdict


@dataclass(frozen=True)
class PersonKata:
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
        submitted, of_group = bool(self.standings), rules.of_group(self.standings)
        return rules.final_mark(self.counted, self.rule, self.decisions, submitted=submitted, of_group=of_group)

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
        wanted = submitted_at, sha256
        return next((each for each in self.standings if _submitted(each) == wanted), None)

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


def _submitted(standing: ScoredAttempt) -> tuple[str, str]:
    return standing.attempt.submitted_at, standing.attempt.verdict.submission_sha256


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


def stored(submission: SubmissionRow, verdict: Verdict) -> StoredSubmission:
    """Return the record of a submission."""
    return StoredSubmission(
        submission.id,
        submission.person.name,
        submission.kata,
        submission.sha256,
        submission.submitted_at,
        submission.batch,
        verdict,
    )


def age(row: VerdictRow) -> tuple[str, int]:
    """Return the sort key of a verdict. The verdict with the greatest key is current."""
    return row.graded_at, row.id


def verdict_in(row: VerdictRow) -> Verdict:
    """Return the verdict in a row, without manual scores."""
    return verdicts.from_json(row.record.encode())


def is_graded(submission: SubmissionRow) -> bool:
    """Return whether a submission has a verdict that counts. An `error` is the harness's fault and never counts."""
    return any(each.status != "error" for each in submission.verdicts)


def current_verdict(submission: SubmissionRow) -> Verdict:
    """Return the newest verdict that counts on a graded submission, with its manual scores."""
    counting = [each for each in submission.verdicts if each.status != "error"]
    return with_marks(verdict_in(max(counting, key=age)), map(score_in, submission.marks))


def last_verdict(submission: SubmissionRow) -> Verdict:
    """Return the newest verdict on a submission, even if it is an `error`, with the submission's manual scores."""
    return with_marks(verdict_in(max(submission.verdicts, key=age)), map(score_in, submission.marks))


def score_in(row: MarkRow) -> ManualScore:
    """Return the manual score in a row."""
    return ManualScore(row.task, row.points, row.reviewer, row.reviewed_at, row.comment)


def rule_in(row: KataRow) -> Rule:
    """Return the rule in a kata's row."""
    return Rule(
        counts="last" if row.counts == "last" else "best",
        due_at=row.due_at,
        late_percent=row.late_percent,
        late_days=row.late_days,
        attempts_per_day=row.attempts_per_day,
        grace_s=row.grace_s,
        maximum=row.max_points or 0.0,
        weight=row.weight,
        category=row.category,
        missing="empty" if row.missing == "empty" else "zero",
        in_groups=row.in_groups,
    )


def decision_in(row: DecisionRow) -> Decision:
    """Return the decision in a row."""
    return Decision(row.kind, row.task, row.points, row.who, row.at, row.reason)
