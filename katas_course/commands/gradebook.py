"""The group `katas gradebook`."""

from __future__ import annotations

import typer

from katas_course.commands import decisions, export, people, regrade, results, rules
from katas_course.commands.options import KataFirst
from katas_course.commands.review import rubric

app = typer.Typer(
    help="Store a course's verdicts, and compute everyone's points.", no_args_is_help=True, rich_markup_mode=None
)
for _name, _group in (("people", people.app), ("request", decisions.app), ("export", export.app)):
    app.add_typer(_group, name=_name)
for _command in (
    *(results.show, rules.rule, rules.course, decisions.override, decisions.exclude, decisions.withdraw),
    *(regrade.regrade, results.stats, results.audit),
    *(people.forget, people.expire, rubric),
):
    app.command(cls=KataFirst)(_command)
