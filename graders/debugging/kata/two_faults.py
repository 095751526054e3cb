"""Hidden tests for the diagnosis of a program with two faults, which may be in any order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from graders.checks import task
from graders.debugging import judging

PUZZLE = json.loads(Path(__file__).with_name("puzzle.json").read_text(encoding="utf-8"))
TABLES = ["fault1", "fault2"]


@task("diagnosis")
def test_cause_and_line_of_one_fault(kata: Any) -> None:
    table = kata.toml(judging.DIAGNOSIS_FILE)
    judging.assert_named(table, TABLES, PUZZLE["faults"], 0, PUZZLE["lines"])


@task("diagnosis")
def test_cause_and_line_of_the_other(kata: Any) -> None:
    table = kata.toml(judging.DIAGNOSIS_FILE)
    judging.assert_named(table, TABLES, PUZZLE["faults"], 1, PUZZLE["lines"])
