"""`katas review`: a person reads what was handed in, by the rubric, gives points and says why."""

from __future__ import annotations

import datetime
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from graders import intake
from graders.catalogue import Kata, Task
from graders.cli import delivery
from graders.cli.session import say
from graders.errors import KataError
from graders.files import alone
from graders.report.text import clean, clean_line
from graders.review import Mark, awarded, grading_of, marks_of, reviewable
from graders.verdict import Verdict, from_json, to_json

SHOWN = 20_000  # characters of a text that was handed in
T = TypeVar("T")
NOT_WRITTEN = "the points were not written; mend that, and give them again"


def review_verdict(
    kata: Kata,
    record: Path,
    verdict: Verdict,
    *,
    by: str,
    awards: Sequence[str],
    comments: Sequence[str],
    submission: Path | str | None,
) -> int:
    """Write the points and comments given into `record`, as soon as each is given, and then into its batch.

    What somebody else has written into it since `verdict` was read stays. Raises KataError where they could not be
    written into `record`, or where it was graded again. What goes wrong after that is told, and no more.
    """
    delivery.check(record)
    files = _handed_in(kata, verdict, submission)
    review = _Review(kata, record, verdict, by)
    try:
        if awards or comments:
            points, said = _once("--award", map(_award, awards)), _once("--comment", map(_comment, comments))
            review.give([(task, points.get(task), said.get(task)) for task in points | said])
        else:
            _ask_for_all(review, files)
        got = review.verdict
        awaited = f", {got.review_points:g} still outstanding" if got.review_points else ""
        _tell(f"{kata.slug}: {got.status}, {got.score:g} of {got.max_score:g} points{awaited}")
    finally:
        if review.written:
            _pass_on(record)
    return review.verdict.exit_status


@dataclass
class _Review:
    """What one person gives for the verdict in a file, which others may write too."""

    kata: Kata
    record: Path
    verdict: Verdict  # as it was read, or written, last
    by: str
    written: bool = False

    def mark(self, task: str) -> Mark | None:
        """What stands of a task."""
        return next((mark for mark in marks_of(self.verdict) if mark.task == task), None)

    def give(self, given: Sequence[tuple[str, float | None, str | None]]) -> None:
        """Write tasks' points and comments into what the file holds by now. Raises KataError, and writes nothing."""
        place = self.record.resolve().parent
        with alone(place.parent if _batch_of(self.record) else place):
            found = self.with_given(self._as_it_is(), given)
            _write(found, self.record)
        self.verdict, self.written = found, True

    def with_given(self, verdict: Verdict, given: Sequence[tuple[str, float | None, str | None]]) -> Verdict:
        """A verdict with tasks' points and comments. Raises KataError for what cannot be given."""
        for task, points, comment in given:
            verdict = awarded(self.kata, verdict, task, points, comment, reviewer=self.by, at=_now())
        return verdict

    def _as_it_is(self) -> Verdict:
        try:
            found = from_json(self.record.read_bytes())
        except OSError as fault:
            raise KataError(f"{self.record}: {fault.strerror}; {NOT_WRITTEN}") from None
        except KataError as fault:
            raise KataError(f"{self.record}: {fault}; {NOT_WRITTEN}") from None
        if grading_of(found) != grading_of(self.verdict):
            raise KataError(
                f"{self.record}: it was graded again since it was opened; the points were not written: "
                "look at it as it is now, and give them again"
            )
        return found


def _batch_of(record: Path) -> Path | None:
    """The folder of the batch that a verdict's file is in, if it is in one."""
    folders = record.resolve().parents
    known = len(folders) > 2 and folders[1].name == "verdicts" and (folders[2] / "journal.jsonl").is_file()
    return folders[2] if known else None


def _pass_on(record: Path) -> None:
    """Write the points into the journal and the table of the batch that a verdict is of, if it is of one."""
    out = _batch_of(record)
    if out is None:
        return
    from graders.batch import cohort  # of instructors: who was handed out a course has none

    batch, table = cohort.Batch(out), out / "results.csv"
    try:
        cohort.keep_marks(batch, record.resolve())
        delivery.deliver(cohort.results(batch), table)
    except KataError as fault:
        say(f"katas: {fault}\nThe points are in {record}; the next `katas grade-batch` writes the table.")
        return
    _tell(f"written: {table}; `katas gradebook import {batch.out}` takes them over")


def _tell(line: str) -> None:
    """Say something of what is written already: that it cannot be said makes nothing of it undone."""
    try:
        print(line, flush=True)
    except OSError as fault:
        say(f"katas: standard output: {fault.strerror}; the points are written all the same: {line}")
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what could not be said is not tried again at the end


def _ask_for_all(review: _Review, files: dict[str, str]) -> None:
    """Ask for the points of one task after the other, and for a comment; a bare Enter leaves it as it is."""
    tasks = reviewable(review.kata, review.verdict)
    if not tasks:
        raise KataError(f"{review.record}: nothing in it awaits a person's marks")
    if not sys.stdin.isatty():
        raise KataError(f"nobody can be asked here: give the points as --award {tasks[0].name}=POINTS")
    for task in tasks:
        _show(task, files)
        before = review.mark(task.name)
        stands = f": {before.points:g} by {clean_line(before.reviewer, 60)}" if before else ""
        while answer := _asked(f"points for {task.name}, 0 to {task.points:g} (Enter: leave it{stands}): "):
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
    """Ask what the author is told of the points just given."""
    before = review.mark(task.name)
    left = f"leave it: {clean_line(before.comment, 40)}" if before and before.comment else "nothing"
    while comment := _asked(f"what its author is told of them, in a line (Enter: {left}): "):
        try:
            review.with_given(review.verdict, [(task.name, points, comment)])
        except KataError as fault:
            print(fault)
            continue
        review.give([(task.name, points, comment)])  # with the points that it is about, whoever came in between
        break


def _asked(question: str) -> str:
    while True:
        try:
            return input(question).strip()
        except UnicodeDecodeError:
            print("there is a byte in it that is no UTF-8; write it again")


def _show(task: Task, files: dict[str, str]) -> None:
    print(f"\n{task.title} ({task.points:g} points)\n\n{task.rubric.strip()}\n")
    for name, text in files.items():
        if not task.files or name in task.files:
            print(f"--- {name}\n{text}\n---")


def _handed_in(kata: Kata, verdict: Verdict, submission: Path | str | None) -> dict[str, str]:
    """The declared files that are prose, or tables to be read. Raises KataError where it is another submission."""
    if submission is None:
        return {}
    taken = intake.take(kata, submission)
    if verdict.submission_sha256 and taken.sha256 != verdict.submission_sha256:
        raise KataError(f"{submission}: it is not what the verdict is about; name the folder that was graded")
    prose = [file for file in taken.files if file.name.endswith((".md", ".txt", ".toml"))]
    return {file.name: clean(file.data.decode("utf-8", "replace"), SHOWN) for file in prose}


def _once(option: str, given: Iterable[tuple[str, T]]) -> dict[str, T]:
    """By task what was given. Raises KataError where something was given twice for one."""
    found: dict[str, T] = {}
    for task, what in given:
        if task in found:
            raise KataError(f"{option} {clean_line(task, 60)}=… is there twice: which one is meant?")
        found[task] = what
    return found


def _award(text: str) -> tuple[str, float]:
    task, sign, points = text.partition("=")
    try:
        if not sign or not task:
            raise ValueError
        return task, float(points)
    except ValueError:
        raise KataError(f"--award {clean_line(text, 60)}: TASK=POINTS is expected, such as explanation=7.5") from None


def _comment(text: str) -> tuple[str, str]:
    task, sign, comment = text.partition("=")
    if not sign or not task:
        raise KataError(f"--comment {clean_line(text, 60)}: TASK=TEXT is expected")
    return task, comment


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _write(verdict: Verdict, record: Path) -> None:
    delivery.deliver(to_json(verdict).decode(), record, NOT_WRITTEN)
