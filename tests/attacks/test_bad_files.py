"""Z: one bad file among several. It is refused as ever; the tasks that do not need it are graded."""

import os
import shutil

import pytest

from tests.conftest import REPOSITORY

pytestmark = pytest.mark.security
attack = pytest.mark.attack

SOLUTION = REPOSITORY / "solutions/pieces"
MOST = 127  # all points of the kata


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(SOLUTION, tmp_path / "submission")


def lose(graded, lost):
    """Check that exactly these tasks fail, and that their points stay in the maximum."""
    assert {task["name"] for task in graded.verdict["tasks"] if task["status"] == "failed"} == lost
    assert graded.verdict["max_score"] + graded.verdict["review_points"] == MOST


@attack("Z51")
@pytest.mark.parametrize("name", ["left.py", "notes.toml", "results/log.csv"])
def test_a_link_to_the_solution_costs_its_tasks(grade, folder, name):
    (folder / name).unlink()
    (folder / name).symlink_to(SOLUTION / name)
    graded = grade("pieces", folder, REPOSITORY)
    graded.fails(f"{name}: it is a symbolic link")
    lose(graded, {"left.py": {"left", "both"}, "notes.toml": {"notes", "words"}}.get(name, {"log"}) | {"whole"})


@attack("Z51")
def test_a_pipe_among_other_files_costs_its_tasks(katas_grade, folder):
    (folder / "left.py").unlink()
    os.mkfifo(folder / "left.py")
    graded = katas_grade("pieces", folder, REPOSITORY)
    graded.fails(r"left\.py: it is a pipe")
    lose(graded, {"left", "both", "whole"})


@attack("Z51")
def test_many_links_in_a_declared_folder_are_named_in_short(grade, folder):
    for number in range(900):
        (folder / f"results/{number}.csv").symlink_to("/etc/passwd")
    (folder / "notes.toml").unlink()  # otherwise the core passes
    graded = grade("pieces", folder, REPOSITORY)
    graded.fails(r"it is a symbolic link|notes\.toml: not found")
    assert len(graded.verdict["message"]) < 2_000
    assert len(graded.verdict["ignored_files"]) < 100
    lose(graded, {"notes", "words", "whole"})


@attack("Z52")
def test_a_refused_module_cannot_be_imported_by_another(grade, folder):
    (folder / "left.py").write_text("import numpy\n\nlowest = numpy.sort\n")
    (folder / "right.py").write_text("from left import lowest\n\n\ndef right(x):\n    return 3 * int(lowest([x])[0])\n")
    graded = grade("pieces", folder, REPOSITORY)
    graded.fails(r"numpy\.sort may not be used in this kata|No module named 'left'")
    assert any("No module named 'left'" in test["message"] for test in graded.verdict["tests"])
    lose(graded, {"left", "right", "both", "whole"})


@attack("Z53")
def test_leaving_files_out_does_not_lower_the_maximum(grade, folder):
    for name in ("left.py", "notes.toml", "results/log.csv"):
        (folder / name).unlink()
    graded = grade("pieces", folder, REPOSITORY)
    graded.fails("not found")
    lose(graded, {"left", "both", "notes", "words", "log", "whole"})
