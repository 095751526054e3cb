"""Tests for planted faults that no other test of pull requests caught; see `tests/planted.py`."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from graders import catalogue, intake
from graders.github import grading, reporting
from graders.github import intake as pulling
from graders.github.api import Repository, ServerError
from graders.github.records import Intake, Pull, Report, Taken, write
from graders.verdict import TestResult, Verdict
from tests.github_server import NAME, TOKEN, GitHub, committed, serving
from tests.workshop import SOLUTION, write_repository


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_repository(tmp_path_factory.mktemp("small") / "katas", ["alpha"])


class Lying(GitHub):
    """A server that returns the content of another blob."""

    def blob(self, query: Any, body: Any, name: str) -> tuple[int, Any]:
        status, answer = super().blob(query, body, name)
        return status, answer | {"content": base64.encodebytes(SOLUTION.replace("2.0", "3.0").encode()).decode()}


def test_a_blob_that_does_not_match_its_digest_is_refused(root: Path, tmp_path: Path) -> None:
    with serving(Lying(tmp_path, committed(root, tmp_path / "origin"))) as github:
        github.request(github.commit({"katas/alpha/twice.py": SOLUTION}))
        with pytest.raises(ServerError, match="the server's answer is a different blob"):
            pulling.take(Repository(NAME, TOKEN, github.url, pause_s=0.01), root, github.event())


def test_the_grading_jobs_report_is_redacted(root: Path) -> None:
    kata = catalogue.load(root, "alpha")
    wrong = intake.submission(kata, {"twice.py": SOLUTION.replace("/ 2.0", "/ 3.0").encode()})
    taken = Intake(pull=Pull(number=7, commit="a" * 40), taken=(Taken(kata="alpha", submission=wrong),))
    (verdict,) = grading.grade(root, taken, audience="public").verdicts
    assert (verdict.status, verdict.score, verdict.seed) == ("failed", 2, None)
    assert [test.name for test in verdict.tests if test.visibility == "hidden"] == ["hidden test 1 of half"]
    assert {test.message for test in verdict.tests} == {""}


def test_the_reporting_job_redacts_the_report_again(tmp_path: Path) -> None:
    test = TestResult(name="test_of_a_secret", task="half", visibility="hidden", status="failed", message="1.5")
    verdict = Verdict(kata="alpha", status="failed", seed="0" * 32, tests=(test,))
    write(tmp_path / "verdicts.json", Report(verdicts=(verdict,)))
    (found,) = reporting.checked(tmp_path / "verdicts.json", ["alpha"], "public")
    assert (found.seed, found.tests[0].name, found.tests[0].message) == (None, "hidden test 1 of half", "")
