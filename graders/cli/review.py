"""`katas review`: score the tasks that a person grades."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from graders import catalogue
from graders.cli.options import Submission, place_of, verdict_in
from graders.cli.session import Invocation
from graders.errors import KataError

By = Annotated[str, typer.Option("--by", help="The name of the reviewer, which the verdict records.", metavar="NAME")]
Award = Annotated[
    list[str] | None,
    typer.Option("--award", help="Points for a task. Without this, the command asks.", metavar="TASK=POINTS"),
]
Comment = Annotated[
    list[str] | None,
    typer.Option("--comment", help="A comment for the author of the submission.", metavar="TASK=TEXT"),
]
Katas = Annotated[
    list[str] | None, typer.Option("--kata", help="In a queue: only this kata (repeatable).", metavar="SLUG")
]
Tasks = Annotated[
    list[str] | None, typer.Option("--task", help="In a queue: only this task (repeatable).", metavar="TASK")
]
People = Annotated[
    list[str] | None, typer.Option("--person", help="In a queue: only this person (repeatable).", metavar="PERSON")
]
Again = Annotated[bool, typer.Option("--again", help="In a queue: also show what is already marked.")]
Anonymous = Annotated[
    bool, typer.Option("--anonymous", help="In a queue: show pseudonyms, which stay the same, instead of names.")
]
Withdraw = Annotated[
    list[str] | None, typer.Option("--withdraw", help="Remove the score of this task.", metavar="TASK")
]


def review(
    what: Annotated[
        str, typer.Argument(metavar="WHAT", help="A batch folder or a gradebook for a queue, or one verdict file.")
    ],
    by: By,
    award: Award = None,
    comment: Comment = None,
    withdraw: Withdraw = None,
    submission: Submission = None,
    katas: Katas = None,
    tasks: Tasks = None,
    people: People = None,
    again: Again = False,
    anonymous: Anonymous = False,
) -> int:
    """Score the tasks that a person grades, using their rubrics.

    With a batch folder or a gradebook (a file or a URL), this walks through everything that awaits review, one task for
    everybody in a row. With a verdict file, it asks for points and a comment for every task in it that awaits review.

    Points and comments go into the verdict, where the author of the submission can read them. If it belongs to a batch,
    they are stored in the batch's gradebook.

    To change a score, run the command again; `--comment TASK=` removes a comment. If a second reviewer gives points,
    the first reviewer's comment is dropped. If a second reviewer gives only a comment, the points stay.

    Exit status: for a verdict file, that of the new verdict; 0 after a queue; 2 if nothing could be written.
    """
    of_file = {"--award": award, "--comment": comment, "--withdraw": withdraw, "--submission": submission}
    of_queue = {"--kata": katas, "--task": tasks, "--person": people, "--again": again, "--anonymous": anonymous}
    if _is_course(what):
        _refuse(of_file, "this is for a verdict file, and {} is a course. Leave it out.", what)
        from graders.cli.marking import review_course

        return review_course(
            what, by, katas=katas or (), tasks=tasks or (), people=people or (), again=again, anonymous=anonymous
        )
    _refuse(of_queue, "this is for a queue. Name a batch folder or a gradebook instead of {}.", what)
    return _review_file(Path(what), by, award or [], comment or [], withdraw or [], submission)


def _review_file(
    record: Path, by: str, awards: list[str], comments: list[str], withdraw: list[str], submission: str | None
) -> int:
    from graders.cli.reviewing import review_verdict

    before = verdict_in(record)
    kata = catalogue.load(Invocation.root, before.kata)
    place = place_of(kata, submission, None)
    return review_verdict(
        kata, record, before, by=by, awards=awards, comments=comments, withdraw=withdraw, submission=place
    )


def _is_course(what: str) -> bool:
    """Return whether this is a batch folder or a gradebook. A missing file counts as one if its name says so."""
    if "://" in what or Path(what).is_dir():
        return True
    try:
        with open(what, "rb") as file:
            return file.read(16) == b"SQLite format 3\0"
    except OSError:
        return what.endswith(".sqlite")


def _refuse(options: Mapping[str, object], problem: str, what: str) -> None:
    for option, value in options.items():
        if value:
            raise KataError(f"{option}: {problem.format(what)}")
