"""One submission must not spoil the grading, the storage or the feedback of others."""

from __future__ import annotations

import os
import subprocess

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graders import catalogue, intake
from graders.errors import IntakeError, KataError
from graders.intake import git
from graders.report import FORMATS, render
from graders.verdict import TaskResult, TestResult, Verdict
from katas_course.blobs import Store

pytestmark = pytest.mark.security
attack = pytest.mark.attack

NUMBERS = st.one_of(
    st.integers(-(10**20), 10**20),
    st.sampled_from([10**400, -(10**400), 10**308, 1e308, -1e308, float("inf"), float("-inf"), float("nan"), 5e-324]),
    st.floats(),
)


def verdict_of(expected: object, yours: object, message: str = "wrong") -> Verdict:
    """Return a failed test with an expected and an actual value."""
    told = f"affine(W, x, b)\n# expected: {expected!r}\n# yours   : {yours!r}"
    told = told.replace("nan", "float('nan')").replace("inf", "float('inf')")
    test = TestResult(
        name="test_gradient", task="a", visibility="hidden", status="failed", message=message, counterexample=told
    )
    task = TaskResult(name="a", title="A", status="failed", score=0, max_score=1)
    return Verdict(kata="exercise01", status="failed", max_score=1, tests=(test,), tasks=(task,))


@attack("Z34")
def test_an_integer_of_400_digits_is_shown_in_every_report(observed):
    for form in FORMATS:
        assert render([verdict_of(1.0, 10**400)], form)
    observed("N")


@attack("Z34")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(expected=NUMBERS | st.lists(NUMBERS, max_size=5), yours=NUMBERS | st.lists(NUMBERS, max_size=5))
def test_no_value_breaks_a_report(observed, expected, yours):
    for form in FORMATS:
        assert render([verdict_of(expected, yours)], form)
    observed("N")


@attack("Z35")
@pytest.mark.parametrize("data", [b"\n" * (2 << 20), b"\0\1" * 1000, b""], ids=["newlines", "bytes", "empty"])
def test_a_stored_submission_can_be_restored(observed, repository_of_results, tmp_path, data):
    kata, folder = repository_of_results
    (folder / "results" / "log.dat").write_bytes(data)
    taken = intake.take(kata, folder)
    store = Store(tmp_path / "store")
    place = store.keep(taken)
    assert store.take(kata, taken.sha256).files == taken.files
    assert intake.take(kata, place).files == taken.files  # as `katas replay` restores it
    observed("N")


@attack("Z35")
def test_stored_results_without_the_module_can_be_restored(observed, repository_of_results, tmp_path):
    kata, folder = repository_of_results
    (folder / "affine.py").unlink()
    (folder / "results" / "log.dat").write_bytes(b"1")
    taken = intake.take(kata, folder)
    store = Store(tmp_path / "store")
    store.keep(taken)
    assert [file.name for file in store.take(kata, taken.sha256).files] == ["results/log.dat"]
    observed("N")


@attack("Z35")
@pytest.mark.parametrize("name", ["a\\b.txt", "a\\..\\..\\b.txt"])
def test_a_name_forbidden_in_archives_is_refused_in_a_folder(observed, repository_of_results, name):
    kata, folder = repository_of_results
    (folder / "results" / name).write_text("1")
    with pytest.raises(IntakeError, match="Windows"):
        intake.take(kata, folder)
    observed("R")


@attack("Z36")
def test_reading_a_branch_that_is_a_pipe_times_out(observed, tmp_path, monkeypatch):
    repository = tmp_path / "repository"
    subprocess.run(["git", "init", "-q", "-b", "main", str(repository)], check=True)
    os.mkfifo(repository / ".git/refs/heads/main")
    monkeypatch.setattr(git, "PATIENCE_S", 0.5)
    with pytest.raises(KataError, match=r"git did not answer within 0\.5 s"):
        git.resolve(git.Reference(repository, "main"))
    observed("R")


@pytest.fixture
def repository_of_results(repository, tmp_path):
    """Return an exercise01 that declares a folder of results, and a folder with a submission to it."""
    kata = catalogue.load(repository, "exercise01")
    folder = tmp_path / "submission"
    (folder / "results").mkdir(parents=True)
    (folder / "affine.py").write_text("def affine(W, x, b):\n    return x @ W.T + b\n")
    return msgspec.structs.replace(kata, files=("affine.py", "results/*")), folder
