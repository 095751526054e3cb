"""What challenge5 says about its own programs is true."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from types import ModuleType

import pytest

from graders import catalogue
from graders.checks.diagnosis_file import CAUSES
from graders.pytest_plugin.handle import Handle
from graders.pytest_plugin.local_side import LocalSide
from tests import shell
from tests.kata_modules import module_at
from tests.workshop import ROOT

FOLDER = ROOT / "katas" / "challenge5"
BUGS = [f"bug{number}" for number in range(1, 6)]


@pytest.fixture(scope="module")
def hidden() -> ModuleType:
    """Return the module of the hidden tests of diagnoses, which contains the right answers."""
    path = ROOT / "graders" / "hidden" / "challenge5" / "test_diagnosis_hidden.py"
    return module_at(path)


def test_the_readme_lists_all_causes() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    listed = readme.partition("The causes to choose from")[2].partition("</details>")[0]
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+) \|$", listed, re.MULTILINE)
    assert dict(rows) == CAUSES


@pytest.mark.parametrize("bug", BUGS)
def test_the_places_of_a_fault_are_lines_of_its_program(hidden: ModuleType, bug: str) -> None:
    truth = hidden.TRUTHS[bug]
    lines = (FOLDER / truth.file).read_text(encoding="utf-8").splitlines()
    assert len(lines) == truth.lines
    assert all(lines[place - 1].strip() for place in truth.places)
    assert truth.causes <= CAUSES.keys()


@pytest.mark.parametrize("bug", BUGS)
def test_the_solution_changes_a_line_that_counts_as_right(hidden: ModuleType, bug: str) -> None:
    truth = hidden.TRUTHS[bug]
    broken = (FOLDER / truth.file).read_text(encoding="utf-8").splitlines()
    mended = set((ROOT / "solutions" / "challenge5" / truth.file).read_text(encoding="utf-8").splitlines())
    changed = {number for number, line in enumerate(broken, start=1) if line not in mended}
    assert changed & truth.places


@pytest.mark.parametrize("bug", BUGS)
def test_cause_and_line_decide_without_an_explanation(hidden: ModuleType, tmp_path: Path, bug: str) -> None:
    kata = catalogue.load(ROOT, "challenge5")
    shutil.copytree(kata.solution, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "diagnosis.toml"
    words = path.read_text(encoding="utf-8")
    named = re.findall(r"^(?:\[|cause|file|line).*\n", words, flags=re.MULTILINE)
    path.write_text("".join(named), encoding="utf-8")
    handle = Handle(kata, LocalSide(kata, tmp_path))
    hidden.judge(handle, bug)
    path.write_text(re.sub("line = .*", "line = 1", words), encoding="utf-8")
    with pytest.raises(AssertionError, match="it is not in line 1"):
        hidden.judge(handle, bug)


@pytest.mark.deep
@pytest.mark.parametrize(
    ("chosen", "failed"),
    [("bug1 or diagnosis", 1), pytest.param("bug", 5, marks=pytest.mark.deep)],
    ids=["one training", "all"],
)
def test_symptoms_fail_and_five_diagnoses_wait(chosen: str, failed: int) -> None:
    words = ("katas/challenge5", "-q", "-p", "no:cacheprovider", "-k", chosen)
    done = shell.pytest(*words, cwd=ROOT, torch=True)
    assert done.status == 1
    assert re.search(rf"^{failed} failed, 5 skipped", done.out.splitlines()[-1].strip("= ")), done.out[-2000:]


def test_too_many_batches_are_rejected_unread():
    import numpy as np

    from graders.hidden.challenge5.replay import batches_by_content

    with pytest.raises(AssertionError, match="at most 1,000,000 are checked"):
        batches_by_content(np.zeros((1_000_001, 1), np.int8), [1_000_001], np.zeros((4, 2), np.float32), "points")
