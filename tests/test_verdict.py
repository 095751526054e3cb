"""The record of a grading: its schema, its JSON, and what each audience can see."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

import graders.verdict
from graders.errors import KataError
from graders.verdict import TaskResult, TestResult, Verdict, from_json, schema, schema_json, to_json
from tests.late import Late

jsonschema = Late("jsonschema")
SCHEMA_FILE = Path(graders.verdict.__file__).with_name("verdict.schema.json")

OLD = Path(__file__).with_name("golden") / "wrong" / "verdict.json"

HIDDEN = TestResult(
    name="test_secret_name",
    task="batch",
    visibility="hidden",
    status="failed",
    message="secret message",
    counterexample="secret = 1\n# expected: secret 2\n# yours   : secret 3",
    expected="secret 2",
    actual="secret 3",
    diagnosis="a secret misconception",
    output="secret output",
    duration_s=0.25,
    worker_cpu_s=0.125,
)
CASE = ("counterexample", "expected", "actual")
DETAILS = ["none", "status", "message", "counterexample"]
VISIBLE = replace(HIDDEN, name="test_open_name", visibility="visible")
VERDICT = Verdict(
    kata="exercise01",
    status="failed",
    message="a text",
    seed="ab" * 16,
    ignored_files=("secret.txt",),
    tasks=(TaskResult(name="batch", title="Batch", status="failed", score=0, max_score=2, reviewer="A. Person"),),
    tests=(VISIBLE, HIDDEN, replace(HIDDEN, status="passed")),
)


def test_the_shipped_schema_matches_the_structs():
    """To update it: `python -c "from graders.verdict import *; …write_bytes(schema_json())"`."""
    assert SCHEMA_FILE.read_bytes() == schema_json()


@pytest.mark.parametrize("verdict", [VERDICT, Verdict(kata="x", status="passed")], ids=["full", "bare"])
def test_json_of_a_verdict_is_valid_by_the_schema_and_read_again(verdict):
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.validate(json.loads(to_json(verdict)), schema())
    assert from_json(to_json(verdict)) == verdict


def test_the_schema_refuses_an_unknown_field():
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"kata": "x", "status": "passed", "grade": "A"}, schema())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"{", "not JSON"),
        (b"[]", "a JSON object is expected"),
        (b"[" * 100_000, "nested too deeply"),
        (b"{}", "schema None"),
        (b'{"schema": "katas/verdict/v0"}', "katas/verdict/v0"),
        (b'{"schema": "katas/verdict/v3", "kata": "x", "status": "passed"}', "katas/verdict/v3"),
        (b'{"schema": "katas/verdict/v2", "kata": "x", "status": "great"}', "status"),
        (b'{"schema": "katas/verdict/v2", "kata": "x", "status": "passed", "grade": 1}', "grade"),
        (b'{"schema": "katas/verdict/v2", "kata": "x", "status": "passed", "tasks": 1}', "tasks"),
        (b'{"schema": "katas/verdict/v2", "kata": "x", "status": "passed", "tasks": [1]}', "tasks"),
    ],
)
def test_invalid_verdicts_are_rejected_with_the_reason(text, reason):
    with pytest.raises(KataError, match=reason):
        from_json(text)


def test_a_verdict_without_expected_and_actual_is_read():
    older = json.loads(to_json(VERDICT))
    for test in older["tests"]:
        del test["expected"], test["actual"]
    read = from_json(json.dumps(older).encode())
    assert {(test.expected, test.actual) for test in read.tests} == {("", "")}
    assert [test.counterexample for test in read.tests] == [HIDDEN.counterexample] * 3


@pytest.mark.parametrize("audience", ["learner", "public", "instructor"])
@pytest.mark.parametrize("detail", DETAILS)
def test_expected_and_actual_are_shown_with_the_counterexample(audience, detail):
    verdict = replace(VERDICT, hidden_detail=detail).for_audience(audience)
    for test in verdict.tests:
        wanted = ("secret 2", "secret 3") if test.counterexample else ("", "")
        assert (test.expected, test.actual) == wanted


@pytest.mark.parametrize("require_extras", [False, True])
def test_a_verdict_records_whether_extras_were_required(require_extras):
    verdict = replace(VERDICT, require_extras=require_extras)
    assert json.loads(to_json(verdict))["require_extras"] is require_extras
    assert from_json(to_json(verdict)) == verdict
    assert {verdict.for_audience(audience).require_extras for audience in ("learner", "public")} == {require_extras}


def test_core_decides_and_extras_decide_if_required():
    core, extra = (replace(VERDICT.tasks[0], name=name, extra=name == "extra") for name in ("core", "extra"))
    verdict = replace(VERDICT, tasks=(core, extra))
    assert verdict.deciding == (core,)
    assert replace(verdict, require_extras=True).deciding == (core, extra)
    assert verdict.extras == (extra,)


@pytest.mark.parametrize(
    ("status", "exit_status"),
    [("passed", 0), ("awaiting_review", 0), ("failed", 1), ("ungradable", 1), ("ungraded", 2), ("error", 2)],
)
def test_the_exit_status_follows_from_the_status(status, exit_status):
    assert Verdict(kata="x", status=status).exit_status == exit_status


def test_a_verdict_cannot_be_changed():
    with pytest.raises(AttributeError):
        VERDICT.score = 10


@pytest.mark.parametrize("detail", DETAILS)
def test_only_the_instructor_sees_everything(detail):
    verdict = replace(VERDICT, hidden_detail=detail)
    learner, public, instructor = map(verdict.for_audience, ("learner", "public", "instructor"))
    assert instructor == verdict
    assert (learner.seed, public.seed) == (None, None)
    assert learner.tests[0] == VISIBLE
    for audience, shown in (("learner", learner), ("public", public)):
        assert shown.for_audience(audience) == shown  # redacting twice equals redacting once
        names = [test.name for test in shown.tests if test.visibility == "hidden"]
        if detail == "none":  # a kata can conceal that hidden tests exist
            assert names == []
        elif audience == "public" or detail != "counterexample":
            assert names == ["hidden test 1 of batch", "hidden test 2 of batch"]


@pytest.mark.parametrize(
    ("detail", "seen"),
    [
        ("status", {"status"}),
        ("message", {"status", "message", "diagnosis"}),
        ("counterexample", {"status", "message", "diagnosis", *CASE, "output", "name"}),
    ],
)
def test_a_learner_sees_of_hidden_tests_what_the_kata_allows(detail, seen):
    test = replace(VERDICT, hidden_detail=detail).for_audience("learner").tests[1]
    texts = ("name", "status", "message", "diagnosis", *CASE, "output")
    assert {field for field in texts if getattr(test, field) == getattr(HIDDEN, field)} == seen


@pytest.mark.parametrize("detail", DETAILS)
def test_the_public_sees_only_the_status(detail):
    verdict = replace(VERDICT, hidden_detail=detail).for_audience("public")
    shown = msgspec.json.encode(verdict).decode()
    assert not [word for word in ("secret", "A. Person", "a text", "0.25", "0.125", "abab") if word in shown]


ERROR = replace(VERDICT, status="error", score=3.0)


@pytest.mark.parametrize("audience", ["learner", "public"])
def test_an_error_shows_no_results_of_hidden_tests(audience):
    shown = ERROR.for_audience(audience)
    assert [test.visibility for test in shown.tests] == ["visible"]
    assert {task.status for task in shown.tasks if not task.reviewer} <= {"error"}
    assert shown.score == sum(task.score for task in shown.tasks if task.reviewer)
    assert shown.for_audience(audience) == shown


def test_a_broken_visible_test_shows_no_stack_of_the_judge():
    broken = replace(VISIBLE, status="error", message="File graders/judge/suite_server.py, line 3")
    shown = replace(ERROR, tests=(broken,)).for_audience("learner")
    assert "suite_server" not in shown.tests[0].message
    assert "not the submission's fault" in shown.tests[0].message


@pytest.mark.parametrize(
    ("audience", "detail", "seconds"),
    [
        ("instructor", "none", 1.75),
        ("learner", "none", 0.0),
        ("learner", "status", 0.0),
        ("learner", "message", 1.75),
        ("public", "message", 0.0),
    ],
)
def test_a_duration_reveals_nothing_of_hidden_inputs(audience, detail, seconds):
    """Otherwise a submission could reveal an input by how long it sleeps."""
    slept = replace(VERDICT, duration_s=1.75, hidden_detail=detail)
    assert slept.for_audience(audience).duration_s == seconds
