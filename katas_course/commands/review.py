"""`katas review` and `katas gradebook rubric`: manual scores in one verdict file, and changes of rubric items."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

from graders import catalogue
from graders.atomic import folder_lock
from graders.catalogue import Kata
from graders.cli.session import Invocation, say
from graders.errors import KataError
from graders.manual_scores import awarded, withdrawn
from graders.output import delivery
from graders.report.text import clean_line
from graders.verdict import Verdict, to_json
from katas_course.commands.options import (
    DEFAULT_URL,
    KataSlug,
    Url,
    argument,
    counted,
    line,
    open_gradebook,
    option,
    verdict_in,
)

Change = Callable[..., Verdict]  # gets a verdict, and the time that new scores must not be earlier than
NOT_WRITTEN = "The points were not written. Fix that, and give them again."

By = Annotated[str, option("The name of the reviewer, which the verdict records.", "NAME", "--by")]
Award = Annotated[list[str] | None, option("Points for a task.", "TASK=POINTS", "--award")]
Comment = Annotated[list[str] | None, option("A comment for the author of the submission.", "TASK=TEXT", "--comment")]
Withdraw = Annotated[list[str] | None, option("Remove the score of this task.", "TASK", "--withdraw")]


def review(
    record: Annotated[str, argument("VERDICT", "A verdict file.")],
    by: By,
    award: Award = None,
    comment: Comment = None,
    withdraw: Withdraw = None,
) -> int:
    """Score the tasks in a verdict that a person grades.

    Points and comments go into the verdict, where the author of the submission can read them. If it belongs to a batch,
    they are stored in the batch's gradebook. To score a whole course, with the rubrics and the submitted texts, use its
    page: `katas serve --instructor COURSE --by NAME`.

    To change a score, run the command again; `--comment TASK=` removes a comment. If a second reviewer gives only
    points or only a comment, the other stays.

    Exit status: that of the new verdict; 2 if nothing could be written.
    """
    if "://" in record or Path(record).is_dir() or record.endswith(".sqlite"):
        raise KataError(f"{record}: this is a course. Score it in a browser: katas serve --instructor {record} --by …")
    file = Path(record)
    kata = catalogue.load(Invocation.root, verdict_in(file).kata)
    awards = _by_task("--award", award, "POINTS, such as explanation=7.5")
    points = {task: float(text) for task, text in awards.items()}
    comments = _by_task("--comment", comment, "TEXT")
    if not (points or comments or withdraw):
        raise KataError(f"{file}: give points, for example with --award TASK=POINTS, a --comment, or --withdraw TASK.")
    from katas_course.submissions import now

    def change(verdict: Verdict, not_before: str = "") -> Verdict:
        for task in withdraw or ():
            verdict = withdrawn(verdict, task)
        at = max(now(), not_before)
        for task in points | comments:
            given = points.get(task), comments.get(task)
            verdict = awarded(kata, verdict, task, *given, reviewer=by, at=at)
        return verdict

    return _changed(kata, file, change, by)


def _changed(kata: Kata, file: Path, change: Change, by: str) -> int:
    """Store scores as soon as they are known: in the gradebook of the batch with this file, or else in the file."""
    from katas_course import marking

    delivery.check(file)
    batch = marking.batch_of(file)
    if batch is not None:
        after, write_files = marking.score(batch, file, change, by)
    else:
        with folder_lock(file.resolve().parent):
            after = change(verdict_in(file, NOT_WRITTEN))
            delivery.deliver(to_json(after).decode(), file, NOT_WRITTEN)
    awaited = f", {after.review_points:g} still outstanding" if after.review_points else ""
    _print(f"{kata.slug}: {after.status}, {after.score:g} of {after.max_score:g} points{awaited}")
    if batch is not None:
        try:
            _print("\n".join(write_files()))
        except KataError as fault:
            say(f"katas: {fault}\nThe points are stored.")
    return after.exit_status


def _print(text: str) -> None:
    """Print a line about points that were written. If standard output is broken, report that on standard error."""
    try:
        print(text, flush=True)
    except OSError as fault:
        say(f"katas: standard output: {fault.strerror}. The points were written anyway: {text}")
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 (what is left must not be flushed again)


def _by_task(option: str, given: Iterable[str] | None, form: str) -> dict[str, str]:
    """Return the texts by task. Raises KataError for one that is not TASK=…, and if a task is given twice."""
    by_task: dict[str, str] = {}
    for text in given or ():
        task, sign, value = text.partition("=")
        if not sign or not task or (option == "--award" and not _is_number(value)):
            raise KataError(f"{option} {clean_line(text, 60)}: expected TASK={form}.")
        if task in by_task:
            raise KataError(f"{option} {clean_line(task, 60)}=…: given twice. Give it once.")
        by_task[task] = value
    return by_task


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def rubric(
    kata: KataSlug,
    task: Annotated[str, argument("TASK", "A task that a person grades.")],
    change: Annotated[int | None, option("Change the item with this number.", "NUMBER")] = None,
    label: Annotated[str | None, option("The item's new name.", "TEXT")] = None,
    points: Annotated[float | None, option("The item's new points, such as -1.", "X")] = None,
    comment: Annotated[str | None, option("The new comment for the authors.", "TEXT")] = None,
    gradebook: Url = DEFAULT_URL,
    by: Annotated[str | None, option("The name for the audit trail; by default, yours.")] = None,
) -> None:
    """List or change the rubric items of a task.

    A change also changes all manual scores that come from the item. New items are added on the marking page: `katas
    serve --instructor COURSE --by NAME`.
    """
    from katas_course import marking
    from katas_course.gradebook import rubrics

    loaded = catalogue.load(Invocation.root, kata, complete=False)
    reviewed = [each.name for each in loaded.tasks if each.review]
    if task not in reviewed:
        raise KataError(f"{kata}: no person grades a task {task}. Choose one of: {', '.join(reviewed) or 'none'}.")
    if (change is None) != (label is None and points is None and comment is None):
        raise KataError("--change NUMBER needs --label, --points or --comment, and they need it.")
    with open_gradebook(gradebook, by) as book:
        if change is not None:
            count, lines = marking.change_item(book, loaded, task, change, label, points, comment)
            print("\n".join([f"{counted(count, 'score has', 'scores have')} changed", *lines]))
        with book.transaction() as transaction:
            for number, item in enumerate(rubrics.items(transaction, kata, task), start=1):
                uses = rubrics.count(row for row, _ in rubrics.users(transaction, item.id))
                what = f"{line(item.label)}: {line(item.comment)}" if item.comment else line(item.label)
                print(f"#{number}  {item.points:+g}  {what}  ({counted(uses, 'score', 'scores')})")
