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

from collections.abc import Callable
from functools import partial
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from graders.course.commands.feedback import feedback
from graders.course.commands.grade_batch import grade_batch
from graders.course.commands.review import review

__all__ = ["feedback", "grade_batch", "gradebook", "review"]


class LazyGradebook(TyperGroup):
    """The group `gradebook`, which imports its commands when they are needed, because they import SQLAlchemy."""

    def __init__(self, **settings: Any) -> None:
        self.for_all: list[Any] = []  # parameters that all of its commands get
        self._loaded: dict[str, Any] | None = None
        super().__init__(**settings)

    @property
    def commands(self) -> dict[str, Any]:
        if self._loaded is None:
            group: Any = get_command(_subcommands())
            self._loaded = dict(group.commands)
            for command in self._loaded.values():
                for each in (command, *getattr(command, "commands", {}).values()):
                    each.params += self.for_all
                    if getattr(each.params[0], "param_type_name", "") == "argument" and each.params[0].name == "kata":
                        each.parse_args = partial(_with_kata_first, each.parse_args)
        return self._loaded

    @commands.setter
    def commands(self, _: object) -> None:
        """Ignore what the base class sets."""


def _with_kata_first(parse: Callable[[Any, list[str]], list[str]], context: Any, words: list[str]) -> list[str]:
    """Parse a command's arguments. The first one is a kata, which may also be given as an option, `--kata`."""
    words = [part for word in words for part in (word.split("=", 1) if word.startswith("--kata=") else [word])]
    if "--kata" in words[:-1]:
        position = words.index("--kata")
        words = [words[position + 1], *words[:position], *words[position + 2 :]]
    return parse(context, words)


def _subcommands() -> typer.Typer:
    from graders.course.commands import decisions, export, people, results, rules, verdicts
    from graders.course.commands.review import rubric

    app = typer.Typer(rich_markup_mode=None)
    for name, group in (("people", people.app), ("request", decisions.app), ("export", export.app)):
        app.add_typer(group, name=name)
    app.command("import")(verdicts.import_)
    app.command(hidden=True)(verdicts.affected)
    for command in (
        *(results.show, rules.rule, rules.course, decisions.override, decisions.exclude, decisions.withdraw),
        *(verdicts.regrade, results.stats, results.leaderboard, results.similar, results.audit),
        *(people.forget, people.expire, rubric),
    ):
        app.command()(command)
    return app


gradebook = typer.Typer(
    cls=LazyGradebook,
    help="Store a course's verdicts, and compute everyone's points.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
gradebook.callback()(lambda: None)  # so that Typer makes a group of it
