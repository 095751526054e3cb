"""Hidden test for the diagnosis of a broken training program."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from graders.checks import task
from graders.debugging import judging

PUZZLE = json.loads(Path(__file__).with_name("puzzle.json").read_text(encoding="utf-8"))


@task("diagnosis")
def test_cause_and_line(kata: Any) -> None:
    table = kata.toml(judging.DIAGNOSIS_FILE)
    judging.assert_named(table, ["fault1"], PUZZLE["faults"], 0, PUZZLE["lines"])
