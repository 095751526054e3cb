"""A pull request's milestone is graded with the earlier files of the same request."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from graders.github import grading
from graders.github import intake as pulling
from graders.github.api import Repository
from graders.github.records import Intake
from tests.github_server import NAME, TOKEN, GitHub, committed, serving
from tests.milestone_course import STUB, WHOLE, write_course


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_course(tmp_path_factory.mktemp("course") / "katas")
    shutil.rmtree(root / ".git")  # `committed` makes a new one
    return root


def taken(root: Path, place: Path, changes: dict[str, str], link: str = "") -> Intake:
    with serving(GitHub(place, committed(root, place / "origin"))) as github:
        github.commit(changes)
        commit = github.commit_link(link, "120000", "../elsewhere") if link else github.commit({})
        github.request(commit)
        found = pulling.take(Repository(NAME, TOKEN, github.url, pause_s=0.01), root, github.event())
        assert found is not None
        return found


def test_a_request_brings_its_own_earlier_files(root: Path, tmp_path: Path) -> None:
    found = taken(root, tmp_path, WHOLE)
    (milestone,) = (each.submission for each in found.taken if each.kata == "milestone")
    assert milestone is not None
    assert milestone.stored == {name.removeprefix("katas/milestone/"): text.encode() for name, text in WHOLE.items()}
    statuses = {verdict.kata: verdict.status for verdict in grading.grade(root, found).verdicts}
    assert statuses["milestone"] == "passed"


def test_a_request_with_an_earlier_stub_is_told_what_to_do_first(root: Path, tmp_path: Path) -> None:
    found = taken(root, tmp_path, {"katas/milestone/network.py": WHOLE["katas/milestone/network.py"]})
    (verdict,) = grading.grade(root, found).verdicts
    assert verdict.message.startswith("Do one first: katas/one/double.py is still the stub")


def test_a_linked_earlier_file_in_a_request_is_refused(root: Path, tmp_path: Path) -> None:
    changes = {
        "katas/milestone/network.py": STUB.format(name="both") + "\n",
        "katas/one/double.py": WHOLE["katas/one/double.py"],
    }
    found = taken(root, tmp_path, changes, link="katas/two/add_two.py")
    refused = {each.kata: each.refused for each in found.taken}
    assert refused["milestone"].startswith("two: add_two.py: it is a symbolic link")
