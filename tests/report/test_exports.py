"""Exports to other systems: each follows the documented format, for any texts."""

from __future__ import annotations

import csv
import functools
import io
import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from graders.report import render, wording
from graders.verdict import Verdict
from tests.late import Late
from tests.report.test_reports import KINDS, hostile_verdicts, read

jsonschema = Late("jsonschema")
TEXT = {"type": "string"}
POINTS = {"type": "number", "minimum": 0}


def record(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the schema of an object with exactly these fields."""
    properties = required | (optional or {})
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def listed(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


SHOWN = {"enum": ["visible", "hidden", "after_due_date", "after_published"]}
FORM = {"enum": ["text", "html", "simple_format", "md", "ansi"]}


def fields(names: str, kind: dict[str, Any]) -> dict[str, Any]:
    return dict.fromkeys(names.split(), kind)


SCHEMAS = {
    # gradescope-autograders.readthedocs.io, "Autograder Specifications": results.json
    "gradescope": record(
        {
            **fields("score execution_time", POINTS),
            **fields("output", TEXT),
            **fields("output_format test_output_format test_name_format", FORM),
            **fields("visibility stdout_visibility", SHOWN),
            **fields("extra_data", {"type": "object"}),
            "tests": listed(
                record(
                    {
                        **fields("score max_score", POINTS),
                        **fields("status", {"enum": ["passed", "failed"]}),
                        **fields("name number output", TEXT),
                        **fields("name_format output_format", FORM),
                        **fields("tags", listed(TEXT)),
                        **fields("visibility", SHOWN),
                        **fields("extra_data", {"type": "object"}),
                    }
                )
            ),
        }
    ),
}


@functools.cache
def validator(form: str) -> Any:
    return jsonschema.Draft202012Validator(SCHEMAS[form])


def exported(form: str, *verdicts: Verdict, audience: Any = "learner") -> Any:
    result = json.loads(render(list(verdicts), form, audience))
    validator(form).validate(result)
    return result


@pytest.mark.parametrize("form", SCHEMAS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_export_follows_the_documented_format(form, kind):
    exported(form, read(kind))
    exported(form, read(kind), read("right"))
    exported(form)


@settings(max_examples=30)
@given(hostile_verdicts())
def test_an_export_is_valid_for_any_texts(verdict):
    for form in SCHEMAS:
        exported(form, verdict, verdict, audience="instructor")


@pytest.mark.parametrize("kind", ["right", "wrong", "blocked"])
def test_points_are_those_of_the_verdict(kind):
    tasks = wording.counted(read(kind))
    score, most = sum(task.score for task in tasks), sum(task.max_score for task in tasks)
    result = exported("gradescope", replace(read(kind), score=score, max_score=most))
    assert sum(test["score"] for test in result["tests"]) == result["score"] == score
    assert sum(test["max_score"] for test in result["tests"]) == most


# CSV


def table(*verdicts: Verdict) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(render(list(verdicts), "csv", "instructor"))))


def test_csv_has_a_row_per_submission_and_a_column_per_task():
    rows = table(read("right"), read("wrong"), replace(read("right"), kata="exercise05"))
    assert [row["kata"] for row in rows] == ["exercise04", "exercise04", "exercise05"]
    verdict = read("wrong")
    for task in wording.counted(verdict):
        assert float(rows[1][f"{verdict.kata}.{task.name}"]) == task.score
    assert {rows[2][f"{verdict.kata}.{task.name}"] for task in verdict.tasks} == {""}


@settings(max_examples=40)
@given(hostile_verdicts())
def test_no_cell_of_the_csv_is_a_formula_and_every_row_is_whole(verdict):
    rows = list(csv.reader(io.StringIO(render([verdict, verdict], "csv", "instructor"))))
    assert len(rows) == 3
    assert len({len(row) for row in rows}) == 1
    assert not [cell for row in rows for cell in row if re.match(r"[=+@\t\r-]", cell)]


def test_a_cell_that_begins_like_a_formula_is_text() -> None:
    verdicts = [Verdict(kata=f"{sign}SUM(A1:A9)", status="passed") for sign in "=+-@"]
    _, *rows = csv.reader(io.StringIO(render(verdicts, "csv", "learner")))
    assert [row[0] for row in rows] == [f"'{sign}SUM(A1:A9)" for sign in "=+-@"]
