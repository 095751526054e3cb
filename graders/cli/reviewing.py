"""`katas review`: show a reviewer the rubric and the submitted text, and store points and comments."""

from __future__ import annotations

import datetime
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from graders import intake
from graders.atomic import folder_lock
from graders.catalogue import Kata, Task
from graders.cli.session import say
from graders.errors import KataError
from graders.manual_scores import ManualScore, awarded, grading_of, marks_of, reviewable, withdrawn
from graders.output import delivery, submitted
from graders.report.text import clean_line
from graders.verdict import Verdict, from_json, to_json

if TYPE_CHECKING:
    from graders.course.reviews import BatchReview

T = TypeVar("T")
NOT_WRITTEN = "The points were not written. Fix that, and give them again."


def review_verdict(
    kata: Kata,
    record: Path,
    verdict: Verdict,
    *,
    by: str,
    awards: Sequence[str],
    comments: Sequence[str],
    withdraw: Sequence[str] = (),
    submission: Path | str | None,
) -> int:
    """Store the given scores, or ask for scores if none are given. Return the exit status of the new verdict.

    Each score is stored as soon as it is known: in the gradebook of the batch that contains the file `record`, or else
    in the file itself. Scores that other reviewers have stored since `verdict` was read are kept. Raises KataError if a
    score cannot be stored, or if the submission was graded again.
    """
    delivery.check(record)
    batch = _batch_review(record)
    verdict = batch.verdict() if batch else verdict
    files = _submitted_texts(kata, verdict, submission)
    review = _Review(kata, record, verdict, by, batch)
    try:
        if awards or comments or withdraw:
            points, texts = _by_task("--award", map(_award, awards)), _by_task("--comment", map(_comment, comments))
            given = [(task, points.get(task), texts.get(task)) for task in points | texts]
            review.give([*given, *((task, None, None) for task in withdraw)])
        else:
            _ask_for_all(review, files)
        after = review.verdict
        awaited = f", {after.review_points:g} still outstanding" if after.review_points else ""
        _print(f"{kata.slug}: {after.status}, {after.score:g} of {after.max_score:g} points{awaited}")
    finally:
        if review.written and batch:
            _write_table(batch)
    return review.verdict.exit_status


@dataclass
class _Review:
    """A review of a verdict in a batch or in a file. Other reviewers may write to it at the same time."""

    kata: Kata
    record: Path
    verdict: Verdict  # the verdict as it was last read or written
    by: str
    batch: BatchReview | None
    written: bool = False

    def score(self, task: str) -> ManualScore | None:
        """Return the current manual score of a task, or None."""
        return next((mark for mark in marks_of(self.verdict) if mark.task == task), None)

    def give(self, given: Sequence[tuple[str, float | None, str | None]]) -> None:
        """Store (task, points, comment) tuples. If this raises KataError, nothing is stored."""
        if self.batch:
            found = self.batch.give(
                self.verdict, lambda verdict, at: self.with_given(verdict, given, not_before=at), self.by
            )
        else:
            with folder_lock(self.record.resolve().parent):
                found = self.with_given(self._current(), given)
                delivery.deliver(to_json(found).decode(), self.record, NOT_WRITTEN)
        self.verdict, self.written = found, True

    def with_given(
        self, verdict: Verdict, given: Sequence[tuple[str, float | None, str | None]], not_before: str = ""
    ) -> Verdict:
        """Return the verdict with these (task, points, comment) tuples added. Raises KataError if one is invalid.

        A tuple with neither points nor a comment withdraws the score.
        """
        for task, points, comment in given:
            if points is None and comment is None:
                verdict = withdrawn(verdict, task)
                continue
            at = max(_now(), not_before)
            verdict = awarded(self.kata, verdict, task, points, comment, reviewer=self.by, at=at)
        return verdict

    def _current(self) -> Verdict:
        try:
            found = from_json(self.record.read_bytes())
        except OSError as fault:
            raise KataError(f"{self.record}: {fault.strerror}. {NOT_WRITTEN}") from None
        except KataError as fault:
            raise KataError(f"{self.record}: {str(fault).rstrip('.')}. {NOT_WRITTEN}") from None
        if grading_of(found) != grading_of(self.verdict):
            raise KataError(
                f"{self.record}: the submission was graded again in the meantime, so the points were not written. "
                "Look at the new verdict, and give them again."
            )
        return found


def _batch_review(record: Path) -> BatchReview | None:
    """Return the review of a verdict in a batch, or None if the file is not in a batch."""
    folders = record.resolve().parents
    stores = ("gradebook.sqlite", "gradebook.json")
    if len(folders) < 3 or folders[1].name != "verdicts" or not any((folders[2] / name).is_file() for name in stores):
        return None
    from graders.course.reviews import BatchReview  # imported late, because students' bundles have no graders/course

    return BatchReview(folders[2], record.resolve())


def _write_table(batch: BatchReview) -> None:
    try:
        _print("\n".join(batch.write_table()))
    except KataError as fault:
        say(f"katas: {fault}\nThe points are stored.")


def _print(line: str) -> None:
    """Print a line about points that were written. If standard output is broken, report that on standard error."""
    try:
        print(line, flush=True)
    except OSError as fault:
        say(f"katas: standard output: {fault.strerror}. The points were written anyway: {line}")
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # keep Python from flushing standard output again at exit


def _ask_for_all(review: _Review, files: dict[str, str]) -> None:
    """Ask for each task's points and for a comment. Pressing only Enter leaves the current value unchanged."""
    tasks = reviewable(review.kata, review.verdict)
    if not tasks:
        raise KataError(f"{review.record}: no task in it is graded by a person, so there is nothing to review.")
    if not sys.stdin.isatty():
        raise KataError(f"standard input is not a terminal. Give the points as --award {tasks[0].name}=POINTS.")
    for task in tasks:
        print(submitted.shown(task, files))
        before = review.score(task.name)
        current = f" keeps {before.points:g} by {clean_line(before.reviewer, 60)}" if before else " skips it"
        while answer := asked(f"points for {task.name}, 0 to {task.points:g} (Enter{current}): "):
            try:
                _, points = _award(f"{task.name}={answer}")
                review.with_given(review.verdict, [(task.name, points, None)])
            except KataError as fault:
                print(fault)
                continue
            review.give([(task.name, points, None)])
            _ask_for_comment(review, task, points)
            break


def _ask_for_comment(review: _Review, task: Task, points: float) -> None:
    before = review.score(task.name)
    default = f"keeps: {clean_line(before.comment, 40)}" if before and before.comment else "adds none"
    while comment := asked(f"a comment for the author, on one line (Enter {default}): "):
        try:
            review.with_given(review.verdict, [(task.name, points, comment)])
        except KataError as fault:
            print(fault)
            continue
        review.give([(task.name, points, comment)])  # give the points again, in case another reviewer has changed them
        break


def asked(question: str) -> str:
    """Ask for a line on the terminal."""
    while True:
        try:
            return input(question).strip()
        except UnicodeDecodeError:
            print("that is not valid UTF-8; type it again")


def _submitted_texts(kata: Kata, verdict: Verdict, submission: Path | str | None) -> dict[str, str]:
    if submission is None:
        return {}
    taken = intake.take(kata, submission)
    if verdict.submission_sha256 and taken.sha256 != verdict.submission_sha256:
        raise KataError(f"{submission}: this is not the submission that was graded. Give the folder that was graded.")
    return submitted.texts(taken)


def _by_task(option: str, given: Iterable[tuple[str, T]]) -> dict[str, T]:
    found: dict[str, T] = {}
    for task, value in given:
        if task in found:
            raise KataError(f"{option} {clean_line(task, 60)}=…: given twice. Give it once.")
        found[task] = value
    return found


def _award(text: str) -> tuple[str, float]:
    task, sign, points = text.partition("=")
    try:
        if not sign or not task:
            raise ValueError
        return task, float(points)
    except ValueError:
        raise KataError(f"--award {clean_line(text, 60)}: expected TASK=POINTS, such as explanation=7.5.") from None


def _comment(text: str) -> tuple[str, str]:
    task, sign, comment = text.partition("=")
    if not sign or not task:
        raise KataError(f"--comment {clean_line(text, 60)}: expected TASK=TEXT.")
    return task, comment


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
