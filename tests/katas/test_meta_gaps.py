"""A framework without something that only the task tensor is about loses that task, and no other core task by it.

The frameworks are answers in meta's accept/ that are excused, by `# without:`, from the tasks that they lose.
`katas check` grades them on the other tasks.
"""

from __future__ import annotations

import pytest

from graders import Judge, catalogue, intake
from tests.observed import tasks
from tests.workshop import ROOT

GAPS = ["float32_by_default", "no_changes_in_place", "no_clone", "no_factories"]
FEW = {"tensor", "autograd", "losses", "optimizers"}


@pytest.mark.parametrize("few", [True, pytest.param(False, marks=pytest.mark.deep)])
@pytest.mark.parametrize("name", GAPS)
def test_a_gap_costs_only_the_tasks_that_are_about_it(katas_judge: Judge, name: str, few: bool) -> None:
    kata = catalogue.load(ROOT, "meta")
    (variant,) = (each for each in kata.accept if each.path.stem == name)
    core = {task.name for task in kata.tasks if not task.extra}
    asked = FEW if few else core
    found = tasks(katas_judge.grade_files("meta", variant.submission(intake.solved(kata)), tasks=asked, visible=few))
    expected = {task: "failed" if task in variant.without else "passed" for task in asked}
    assert found == expected


def test_no_core_task_waits_for_another() -> None:
    kata = catalogue.load(ROOT, "meta")
    assert [task.name for task in kata.tasks if task.after and not task.extra] == []
