"""`katas review`: score the tasks that a person grades."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graders import catalogue
from graders.cli.options import Submission, place_of, verdict_in
from graders.cli.session import Invocation

By = Annotated[str, typer.Option("--by", help="The name of the reviewer, which the verdict records.", metavar="NAME")]
Award = Annotated[
    list[str] | None,
    typer.Option("--award", help="Points for a task. Without this, the command asks.", metavar="TASK=POINTS"),
]
Comment = Annotated[
    list[str] | None,
    typer.Option("--comment", help="A comment for the author of the submission.", metavar="TASK=TEXT"),
]
Withdraw = Annotated[
    list[str] | None, typer.Option("--withdraw", help="Remove the score of this task.", metavar="TASK")
]


def review(
    record: Annotated[
        Path, typer.Argument(metavar="VERDICT.json", help="A verdict file written by `katas grade --format json`.")
    ],
    by: By,
    award: Award = None,
    comment: Comment = None,
    withdraw: Withdraw = None,
    submission: Submission = None,
) -> int:
    """Score the tasks that a person grades, using their rubrics.

    For every task that awaits review, this shows the rubric and asks for points and a comment. With --submission it
    also shows the submitted text. Points and comments go into the verdict, where the
    author of the submission can read them. If it belongs to a batch, they are stored in the batch's gradebook.

    To change a score, run the command again; `--comment TASK=` removes a comment. If a second reviewer gives points,
    the first reviewer's comment is dropped. If a second reviewer gives only a comment, the points stay.

    Exit status: that of the new verdict; 2 if nothing could be written.
    """
    from graders.cli.reviewing import review_verdict

    before = verdict_in(record)
    kata = catalogue.load(Invocation.root, before.kata)
    place = place_of(kata, submission, None)
    return review_verdict(
        kata,
        record,
        before,
        by=by,
        awards=award or [],
        comments=comment or [],
        withdraw=withdraw or [],
        submission=place,
    )
