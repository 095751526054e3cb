"""The subcommands of `katas gradebook`."""

from __future__ import annotations

import typer

from graders.course.commands import decisions, export, people, results, rules, verdicts
from graders.course.commands.review import rubric

app = typer.Typer(rich_markup_mode=None)
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
    rubric,
):
    app.command()(command)
