"""Bundles of a milestone hold what it needs of the earlier katas, and nothing that students must not see."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders import catalogue
from graders.bundles import contents
from tests.milestone_course import write_course


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_course(tmp_path_factory.mktemp("course"))


def test_students_get_the_earlier_katas_but_no_solution(root: Path) -> None:
    files = contents.student_files(root, [catalogue.load(root, "milestone")])
    assert {name for name in files if name.startswith("katas/") and name.endswith("kata.toml")} == {
        f"katas/{slug}/kata.toml" for slug in ("milestone", "one", "two")
    }
    assert not [name for name in files if name.startswith(("solutions/", "graders/hidden/"))]


def test_graders_get_the_earlier_solutions(root: Path) -> None:
    files = contents.grader_files(root, [catalogue.load(root, "milestone")])
    assert {name for name in files if name.startswith("solutions/")} == {
        "solutions/milestone/network.py",
        "solutions/one/double.py",
        "solutions/two/add_two.py",
    }
    assert "katas/one/double.py" in files  # the stub, so that an unchanged one is recognised
