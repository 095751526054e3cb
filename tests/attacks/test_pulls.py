"""K: pull requests. The three jobs of official.yml run step by step, against a server on loopback.

`runner` turns each step into a function call in this process; `processes` runs each step as a process, in a copy of
the default branch.
"""

from __future__ import annotations

import json
import shutil

import pytest

from graders import Judge
from tests.github_server import Failed, GitHub, Runner, committed, serving, workflow
from tests.workshop import ROOT

pytestmark = pytest.mark.security
attack = pytest.mark.attack

HONEST = (ROOT / "solutions/exercise01/affine.py").read_text(encoding="utf-8")
HONEST_2 = {
    f"katas/exercise02/{path.name}": path.read_text(encoding="utf-8")
    for path in (ROOT / "solutions/exercise02").glob("*.py")
    if path.name != "figure.py"
}
WRONG = "import numpy as np\n\n\ndef affine(W, x, b):\n    return np.zeros(len(b))\n"
MODULE = "katas/exercise01/affine.py"
GRADER = "graders/scoring.py"


@pytest.fixture(scope="session")
def default_branch(tmp_path_factory):
    """Return the default branch: the harness and two katas."""
    root = tmp_path_factory.mktemp("default") / "katas"
    root.mkdir()
    for name in ("conftest.py", "tox.ini"):
        shutil.copy(ROOT / name, root)
    shutil.copytree(ROOT / ".github", root / ".github")
    leave = shutil.ignore_patterns("__pycache__", ".benchmarks")
    shutil.copytree(ROOT / "graders", root / "graders", ignore=shutil.ignore_patterns("__pycache__", "hidden"))
    for place in ("katas", "solutions", "graders/hidden"):
        for slug in ("exercise01", "exercise02"):
            shutil.copytree(ROOT / place / slug, root / place / slug, ignore=leave)
    return root


@pytest.fixture(scope="session")
def origin(default_branch, tmp_path_factory):
    return committed(default_branch, tmp_path_factory.mktemp("origin") / "katas")


@pytest.fixture(scope="module")
def judge(default_branch):
    with Judge(default_branch, require="full") as judge:
        yield judge


@pytest.fixture
def github(origin, tmp_path):
    with serving(GitHub(tmp_path, origin)) as server:
        yield server


@pytest.fixture
def runner(github, default_branch, judge, tmp_path):
    (tmp_path / "runner").mkdir()
    return Runner(github, default_branch, tmp_path / "runner", judge=judge)


@pytest.fixture
def processes(github, default_branch, tmp_path):
    (tmp_path / "processes").mkdir()
    return Runner(github, default_branch, tmp_path / "processes")


def check(github):
    """Return the only check run and the only comment."""
    (run,) = github.checks
    (comment,) = github.comments
    assert run["output"]["summary"] == comment["body"]
    return run


@pytest.mark.deep
@attack("K1")
@pytest.mark.parametrize(("text", "ended"), [(HONEST, "success"), (WRONG, "failure")], ids=["right", "wrong"])
def test_changes_to_the_grader_are_not_used(github, processes, text, ended, observed):
    trap = "import os\nos._exit(0)\n"
    changes = {
        ".github/workflows/official.yml": "on: push\n",
        GRADER: trap,
        "conftest.py": trap,
        "katas/exercise01/conftest.py": trap,
        "katas/exercise01/test_exercise01.py": "def test_nothing():\n    pass\n",
        "katas/exercise01/kata.toml": "format = 9\n",
        "tox.ini": "[pytest]\naddopts = --co\n",
    }
    github.request(github.commit({**changes, MODULE: text}))
    processes.run()
    assert check(github)["conclusion"] == ended
    for name in changes:
        assert name.replace("_", "&#95;") in github.comments[0]["body"]
    observed("N")


@attack("K2")
@pytest.mark.parametrize(
    ("way", "branch"),
    [
        pytest.param("runner", "$(touch${IFS}trap)", marks=pytest.mark.deep),
        pytest.param("runner", "a;touch${IFS}trap;#", marks=pytest.mark.deep),
        ("runner", "a`touch${IFS}trap`"),
        pytest.param("runner", "x'\"&&touch${IFS}trap", marks=pytest.mark.deep),
        pytest.param("processes", "x'\"&&touch${IFS}trap", marks=pytest.mark.deep),
    ],
)
def test_shell_syntax_in_names_and_texts_is_text(request, github, way, branch, tmp_path, observed):
    commit = github.commit({MODULE: HONEST}, branch=branch, message="$(touch trap) `touch trap` ${{ github.token }}")
    github.request(commit, branch=branch, title="\"; touch trap; echo '${{ secrets.KEY }}'")
    request.getfixturevalue(way).run()
    assert check(github)["conclusion"] == "success"
    assert list(tmp_path.rglob("trap")) == []
    assert "touch" not in github.comments[0]["body"]
    observed("N")


@attack("K3")
def test_a_commit_pushed_during_grading_gets_no_other_verdict(github, runner, observed):
    github.request(github.commit({MODULE: HONEST}))
    runner.run("intake", "grade")
    github.request(github.commit({MODULE: WRONG}))
    runner.run("report")
    assert (github.comments, github.checks) == ([], [])
    assert "the request has a newer commit" in runner.said
    observed("N")


@attack("K3")
def test_a_commit_pushed_before_intake_is_not_graded_instead(github, runner, monkeypatch, observed):
    github.request(github.commit({MODULE: HONEST}))
    before = github.event()
    github.request(github.commit({MODULE: WRONG}))
    monkeypatch.setattr(github, "event", lambda: before)
    runner.run()
    assert runner.ran == ["intake"]
    observed("N")


POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12\n"


def linked_folder(github):
    github.commit({"katas/exercise01": None})
    return github.commit_link("katas/exercise01", "120000", "../../solutions/exercise01")


@attack("K4")
@pytest.mark.parametrize(
    ("commit", "said"),
    [
        (lambda github: github.commit_link(MODULE, "160000", github.base), "affine.py: it is a submodule, not a file"),
        (lambda github: github.commit_link(MODULE, "120000", "/etc/passwd"), "it is a symbolic link, not a file"),
        (linked_folder, "it is a symbolic link, not a folder"),
        (lambda github: github.commit({MODULE: POINTER}), "affine.py: it is a Git LFS pointer"),
    ],
    ids=["submodule", "link", "linked folder", "pointer"],
)
def test_what_is_not_a_file_is_refused(github, runner, commit, said, observed):
    github.request(commit(github))
    runner.run()
    assert check(github)["conclusion"] == "failure"
    assert said in check(github)["output"]["annotations"][0]["message"]
    observed("R")


@pytest.mark.deep
@attack("K5")
def test_two_katas_in_one_request_are_both_graded(github, runner, observed):
    github.request(github.commit({MODULE: WRONG, **HONEST_2}))
    runner.run()
    assert check(github)["output"]["title"].startswith("exercise01: 0 of 11 points; extras 0 of 3, exercise02: ")
    assert {note["path"] for note in check(github)["output"]["annotations"]} == {MODULE}
    assert check(github)["conclusion"] == "failure"
    observed("N")


@attack("K6")
def test_a_very_large_request_is_refused_unread(github, runner, observed):
    github.request(github.commit({MODULE: HONEST, **{f"notes/{number}.txt": "x" for number in range(301)}}))
    runner.run()
    assert runner.ran == ["intake", "report"]
    assert check(github)["conclusion"] == "failure"
    assert "it changes more than 300 files" in check(github)["output"]["summary"]
    assert not [path for _, path in github.asked if "/blobs/" in path]
    observed("R")


@attack("K6")
def test_a_very_large_file_in_a_request_is_refused_unread(github, runner, observed):
    github.request(github.commit({MODULE: "#" * (9 << 20)}))
    runner.run()
    assert "affine.py: it is larger than 256 KB" in check(github)["output"]["annotations"][0]["message"]
    assert not [path for _, path in github.asked if "/blobs/" in path]
    observed("R")


@attack("K7")
def test_a_deleted_file_makes_a_kata_ungradable(github, runner, observed):
    github.request(github.commit({MODULE: None}))
    runner.run()
    assert check(github)["conclusion"] == "failure"
    assert "affine.py: not found" in check(github)["output"]["annotations"][0]["message"]
    observed("U")


@attack("K8")
def test_a_renamed_folder_fails_with_what_to_rename(github, runner, observed):
    stub = (ROOT / MODULE).read_text(encoding="utf-8")
    github.request(github.commit({"katas/exercise01": None, "katas/affine/affine.py": stub}))
    runner.run()
    assert check(github)["conclusion"] == "failure"
    message = check(github)["output"]["annotations"][0]["message"]
    assert "renames katas/exercise01/affine.py to katas/affine/affine.py: rename it back" in message
    observed("F")


def forged(runner, text):
    (runner.artifacts / "verdicts").write_text(text, encoding="utf-8")


PASSED = {"kata": "exercise01", "status": "passed", "score": 10, "max_score": 10, "confinement": "full"}
REVIEWED = {"name": "words", "title": "Words", "status": "passed", "score": 3, "max_score": 3}


@pytest.mark.deep
@attack("K9")
@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"verdicts": [PASSED | {"kata": "exercise02"}]}),
        json.dumps({"verdicts": [PASSED, PASSED]}),
        json.dumps({"verdicts": []}),
        json.dumps({"verdicts": [PASSED | {"number": 8}]}),
        json.dumps({"verdicts": [PASSED], "pull": {"number": 8}}),
        json.dumps({"verdicts": [PASSED | {"message": "x" * 70_000}]}),
        json.dumps({"verdicts": [PASSED | {"tasks": [REVIEWED | {"reviewer": "Prof. Hopper"}]}]}),
        json.dumps({"verdicts": [PASSED | {"tasks": [REVIEWED | {"comment": "Excellent."}]}]}),
        "[" * 60_000,
        "no JSON",
        "\0",
    ],
    ids=["other", "twice", "none", "field", "request", "large", "reviewed", "praised", "deep", "text", "nul"],
)
def test_a_forged_report_is_not_published(github, runner, text, observed):
    github.request(github.commit({MODULE: WRONG}))
    runner.run("intake")
    forged(runner, text)
    with pytest.raises(Failed, match="the report was not published"):
        runner.run("report")
    assert check(github)["conclusion"] == "cancelled"
    assert "Not graded" in github.comments[0]["body"]
    observed("N")


@attack("K9")
def test_a_forged_report_is_only_text_on_its_own_request(github, runner, observed):
    github.request(github.commit({MODULE: WRONG}))
    runner.run("intake")
    evil = "<script>alert(1)</script> @everyone [a](http://evil) \u202e ::error::x \x1b[31m"
    test = {"name": evil, "task": evil, "visibility": "visible", "status": "failed", "message": evil, "output": evil}
    forged(
        runner,
        json.dumps({"verdicts": [PASSED | {"status": "failed", "title": evil, "tests": [test], "seed": "0" * 32}]}),
    )
    runner.run("report")
    body = github.comments[0]["body"]
    outside = "".join(body.split("```")[::2])
    assert "<script>" not in outside
    assert "@everyone" not in outside
    assert not set(body) & set("\u202e\x1b")
    assert "0" * 32 not in body
    assert {path for method, path in github.asked if method != "GET"} == {
        "/repos/school/katas/issues/7/comments",
        "/repos/school/katas/check-runs",
    }
    observed("N")


@attack("K9")
def test_a_request_that_a_forged_file_names_is_not_written_to(github, runner, observed):
    github.request(github.commit({MODULE: WRONG}))
    github.request(github.pulls[7]["head"]["sha"], number=8, branch="other")
    runner.run("intake", "grade")
    taken = runner.artifacts / "taken"
    taken.write_text(taken.read_text().replace('"number":7', '"number":8'))
    with pytest.raises(Failed, match="this file belongs to another request"):
        runner.run("report")
    assert (github.comments, github.checks) == ([], [])
    observed("N")


@attack("K9")
def test_the_official_run_downloads_nothing_of_the_other_run(observed):
    for name in ("official", "visible"):
        for job in workflow(name)["jobs"].values():
            for step in job["steps"]:
                if "download-artifact" in step.get("uses", ""):
                    assert step["with"].keys() == {"name"}  # no run-id or repository: this run's artifacts only
    uploads = [
        step
        for job in workflow("visible")["jobs"].values()
        for step in job["steps"]
        if "upload" in step.get("uses", "")
    ]
    assert uploads == []
    observed("N")


@attack("K9")
def test_a_foreign_comment_with_the_marker_is_not_edited(github, runner, observed):
    mine = {"id": 100, "user": {"login": "ada", "type": "User"}, "body": "<!-- katas: official verdict -->\nI passed"}
    github.comments.append(mine)
    github.request(github.commit({MODULE: WRONG}))
    runner.run()
    assert github.comments[0]["body"].endswith("I passed")
    assert len(github.comments) == 2
    observed("N")


@attack("K10")
@pytest.mark.parametrize("name", ["official", "visible", "tests"])
def test_no_workflow_has_a_cache(name, observed):
    for job in workflow(name)["jobs"].values():
        for step in job["steps"]:
            assert "cache" not in step.get("uses", "")
            assert not [key for key in step.get("with", {}) if "cache" in key]
    observed("N")
