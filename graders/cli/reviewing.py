"""`katas review`: a person reads what was handed in, by the rubric, gives points and says why."""

from __future__ import annotations

import datetime
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from graders import intake
from graders.catalogue import Kata, Task
from graders.cli import delivery
from graders.cli.session import say
from graders.errors import KataError
from graders.report.text import clean, clean_line
from graders.review import awarded, marks_of, reviewable
from graders.verdict import Verdict, to_json

SHOWN = 20_000  # characters of a text that was handed in


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

    Raises KataError where they could not be written into `record`. What goes wrong after that is told, and no more.
    """
    delivery.check(record)
    files = _handed_in(kata, verdict, submission)
    before = verdict
    if awards or comments:
        points, said = dict(map(_award, awards)), dict(map(_comment, comments))
        for task in points | said:
            verdict = awarded(kata, verdict, task, points.get(task), said.get(task), reviewer=by, at=_now())
        _write(verdict, record)
    else:
        try:
            verdict = _asked(kata, record, verdict, by, files)
        except (KeyboardInterrupt, EOFError):
            _pass_on(record)
            raise
    awaited = f", {verdict.review_points:g} still outstanding" if verdict.review_points else ""
    _tell(f"{kata.slug}: {verdict.status}, {verdict.score:g} of {verdict.max_score:g} points{awaited}")
    if verdict != before:
        _pass_on(record)
    return verdict.exit_status


def _pass_on(record: Path) -> None:
    """Write the points into the journal and the table of the batch that a verdict is of, if it is of one."""
    place = record.resolve()
    if len(place.parents) < 3 or place.parents[1].name != "verdicts":
        return
    from graders.batch import cohort

    batch = cohort.Batch(place.parents[2])
    if not batch.journal.is_file():
        return
    table = batch.out / "results.csv"
    try:
        cohort.keep_marks(batch, place)
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


def _asked(kata: Kata, record: Path, verdict: Verdict, by: str, files: dict[str, str]) -> Verdict:
    """Ask for the points of one task after the other, and for a comment; a bare Enter leaves it as it is."""
    tasks = reviewable(kata, verdict)
    if not tasks:
        raise KataError(f"{record}: nothing in it awaits a person's marks")
    if not sys.stdin.isatty():
        raise KataError(f"nobody can be asked here: give the points as --award {tasks[0].name}=POINTS")
    for task in tasks:
        _show(task, files)
        while answer := input(f"points for {task.name}, 0 to {task.points:g} (Enter: leave it): ").strip():
            try:
                verdict = awarded(kata, verdict, *_award(f"{task.name}={answer}"), reviewer=by, at=_now())
            except KataError as fault:
                print(fault)
                continue
            _write(verdict, record)
            verdict = _commented(kata, record, verdict, task, by)
            break
    return verdict


def _commented(kata: Kata, record: Path, verdict: Verdict, task: Task, by: str) -> Verdict:
    """Ask what the author is told of the points just given."""
    before = next((mark.comment for mark in marks_of(verdict) if mark.task == task.name), "")
    left = f"leave it: {clean_line(before, 40)}" if before else "nothing"
    while comment := input(f"what its author is told of them, in a line (Enter: {left}): ").strip():
        try:
            verdict = awarded(kata, verdict, task.name, comment=comment, reviewer=by, at=_now())
        except KataError as fault:
            print(fault)
            continue
        _write(verdict, record)
        break
    return verdict


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


def _award(text: str) -> tuple[str, float]:
    task, sign, points = text.partition("=")
    try:
        if not sign or not task:
            raise ValueError
        return task, float(points)
    except ValueError:
        raise KataError(f"--award {text}: TASK=POINTS is expected, such as explanation=7.5") from None


def _comment(text: str) -> tuple[str, str]:
    task, sign, comment = text.partition("=")
    if not sign or not task:
        raise KataError(f"--comment {clean_line(text, 60)}: TASK=TEXT is expected")
    return task, comment


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _write(verdict: Verdict, record: Path) -> None:
    remedy = "the points were not written; mend that, and give them again"
    delivery.deliver(to_json(verdict).decode(), record, remedy)
