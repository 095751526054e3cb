"""The commands of a course: `katas grade-batch`, `review`, `feedback` and `gradebook`.

grade_batch  grades a cohort
review       scores the tasks that a person grades
feedback     writes the reports that students get back
options      defines the options that several commands share
verdicts     imports and regrades verdicts
rules        changes the rules for katas and for the whole course
people       changes the roster, and removes people and old submissions
decisions    overrides points, excludes people, and keeps requests to regrade
results      shows points, statistics, rankings, similar submissions and the audit trail
export       writes points for other programs
"""

from __future__ import annotations

import typer

from graders.course.commands import (
    decisions,
    export,
    feedback,
    grade_batch,
    people,
    results,
    review,
    rules,
    verdicts,
)


def attach(app: typer.Typer) -> None:
    """Add the commands to `katas`."""
    app.command("grade-batch")(grade_batch.grade_batch)
    app.command()(review.review)
    app.command()(feedback.feedback)
    app.add_typer(_gradebook(), name="gradebook")


def _gradebook() -> typer.Typer:
    app = typer.Typer(
        help="Store a course's verdicts, and compute everyone's points.",
        no_args_is_help=True,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.add_typer(people.app, name="people")
    app.add_typer(decisions.app, name="request")
    app.add_typer(export.app, name="export")
    app.command("import")(verdicts.import_)
    app.command(hidden=True)(verdicts.affected)
    for command in (
        results.show,
        rules.rule,
        rules.course,
        decisions.override,
        decisions.exclude,
        decisions.withdraw,
        verdicts.regrade,
        results.stats,
        results.leaderboard,
        results.similar,
        results.audit,
        people.forget,
        people.expire,
        review.rubric,
    ):
        app.command()(command)
    return app
