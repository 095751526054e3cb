"""`katas gradebook`: store a course's verdicts, and compute everyone's points."""

from __future__ import annotations

import typer

from graders.cli.gradebook import (
    affected,
    audit,
    course,
    decisions,
    export,
    importing,
    people,
    regrade,
    removal,
    rule,
    show,
    similar,
    stats,
)

app = typer.Typer(
    help="Store a course's verdicts, and compute everyone's points.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(people.app, name="people")
app.add_typer(decisions.app, name="request")
app.add_typer(export.app, name="export")
app.command("import")(importing.import_)
for command in (
    show.show,
    rule.rule,
    course.course,
    decisions.override,
    decisions.exclude,
    decisions.withdraw,
    regrade.regrade,
    affected.affected,
    stats.stats,
    similar.similar,
    audit.audit,
    removal.forget,
    removal.expire,
):
    app.command()(command)
