"""docs/origin.md names tasks, files and commands that exist."""

from __future__ import annotations

import re

import pytest

from graders import catalogue
from graders.cli.app import COMMANDS
from tests.workshop import ROOT

PAGE = " ".join((ROOT / "docs" / "origin.md").read_text(encoding="utf-8").split())  # a list may go on in the next line
LISTED = [
    (slug, name.strip())
    for slug, names in re.findall(r"(exercise\d\d|challenge\d|meta): ([\w, ]+)", PAGE)
    for name in names.split(",")
]


@pytest.mark.parametrize("slug", sorted({slug for slug, _ in LISTED}))
def test_each_task_exists_and_each_core_task_has_a_row(slug: str) -> None:
    kata, names = catalogue.load(ROOT, slug), {name for other, name in LISTED if other == slug}
    assert names <= {task.name for task in kata.tasks}
    ours = {"generator"}  # of exercise07 and exercise08: the documents use NumPy's global one
    assert {task.name for task in kata.tasks if not task.extra} <= names | ours


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:katas|docs|solutions)/[\w/.]+)`", PAGE))))
def test_each_file_exists(path: str) -> None:
    assert (ROOT / path).is_file()


@pytest.mark.parametrize("command", sorted(set(re.findall(r"`katas ([a-z]+)", PAGE))))
def test_each_command_exists(command: str) -> None:
    assert command in COMMANDS
