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

from graders.report import exports, render, wording
from graders.verdict import TaskResult, Verdict
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
IMAGE = record({"label": TEXT, "url": TEXT})
BOOLEAN, WHOLE = {"type": "boolean"}, {"type": "integer", "minimum": 0}


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
    # the rules of Classroom 50's runner and collector for a result.json
    "classroom50": record(
        {
            "schema": {"const": "classroom50/result/v1"},
            **{name: {"type": "string", "minLength": 1} for name in exports.CLASSROOM50_FIELDS},
            "datetime": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
            **fields("score max-score", WHOLE),
            "tests": listed(record({"test-name": TEXT, "passed": BOOLEAN, **fields("score max-score", WHOLE)})),
        }
    ),
    # docs.prairielearn.com, "External grading": results/results.json
    "prairielearn": record(
        {
            "gradable": BOOLEAN,
            "score": {"type": "number", "minimum": 0, "maximum": 1},
            **fields("message output", TEXT),
            **fields("images", listed(IMAGE)),
            **fields("format_errors", listed(TEXT)),
            "tests": listed(
                record(
                    {
                        **fields("name description message output", TEXT),
                        **fields("points max_points", POINTS),
                        **fields("images", listed(IMAGE)),
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


@pytest.mark.parametrize("form", ["gradescope", "classroom50", "prairielearn"])
@pytest.mark.parametrize("kind", ["right", "wrong", "blocked"])
def test_points_are_those_of_the_verdict(form, kind):
    tasks = wording.counted(read(kind))
    score, most = sum(task.score for task in tasks), sum(task.max_score for task in tasks)
    verdict = replace(read(kind), score=score, max_score=most)
    result = exported(form, verdict)
    scores = [test.get("score", test.get("points")) for test in result["tests"]]
    most = [test.get("max_score", test.get("max-score", test.get("max_points"))) for test in result["tests"]]
    if form == "classroom50":  # whole points: 2.5 of 2.5 become 3 of 3
        assert (sum(most), sum(scores)) == (11, {"right": 11, "wrong": 3, "blocked": 0}[kind])
        assert (result["score"], result["max-score"]) == (sum(scores), sum(most))
        return
    assert sum(scores) == verdict.score
    assert sum(most) == verdict.max_score
    assert result["score"] == (verdict.score / verdict.max_score if form == "prairielearn" else verdict.score)


def test_classroom50_rounds_unearned_points_down():
    tasks = (TaskResult(name="a", title="A", status="partial", score=1.9999, max_score=3),)
    result = exported("classroom50", replace(read("right"), tasks=tasks))
    assert (result["score"], result["max-score"], result["tests"][0]["passed"]) == (1, 3, False)


def test_classroom50_is_stamped_with_its_runners_environment():
    said = {"CLASSROOM": "cs1", "ASSIGNMENT": "layers", "SUBMISSION_TAG": "submit/1"}
    said |= {"COMMIT_URL": "https://c", "RELEASE_URL": "https://r"}
    result = json.loads(exports.stamped(render([read("right")], "classroom50", "learner"), said))
    jsonschema.validate(result, SCHEMAS["classroom50"])
    expected = ["cs1", "layers", "submit/1", "https://c", "https://r", "https://c"]  # the review is where the commit is
    assert [result[name] for name in exports.CLASSROOM50_FIELDS] == expected
    assert result["score"] == result["max-score"] == 11


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
