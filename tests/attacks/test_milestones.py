"""A milestone's earlier files are a stranger's files like any other."""

from pathlib import Path

import pytest

from graders import catalogue
from katas_course.submissions import of_katas, read
from tests.milestone_course import ADD, DOUBLE, NETWORK, write_course, write_files

pytestmark = pytest.mark.security

ROOT = Path(__file__).parents[2]
SLUGS = ("exercise01", "exercise02", "exercise04", "exercise05", "exercise07")
CHEAT = "def train(*_, **__):\n    raise SystemExit('the supplied training was replaced')\n"


@pytest.fixture
def course(tmp_path):
    """Return a submission of somebody who has done everything, as a folder with katas/<slug>/."""
    for slug in (*SLUGS, "milestone1"):
        folder = tmp_path / "ada" / "katas" / slug
        folder.mkdir(parents=True)
        for file in (ROOT / "solutions" / slug).glob("*.py"):
            if file.name != "figure.py":
                (folder / file.name).write_bytes(file.read_bytes())
    return tmp_path / "ada"


@pytest.mark.deep
def test_nothing_replaces_the_supplied_files_or_a_library(grade, course):
    for folder in (course, course / "katas/exercise05", course / "katas/milestone1", course / "katas"):
        for name in ("training.py", "digits.py", "numpy.py", "math.py", "graders.py", "probes.py", "conftest.py"):
            (folder / name).write_text(CHEAT)
    grade("milestone1", course).passes()


@pytest.mark.deep
def test_an_earlier_file_runs_only_in_the_worker(grade, course, tmp_path):
    mark = tmp_path / "it-ran"
    file = course / "katas/exercise05/affine_gradient.py"
    attempt = f"try:\n    open({str(mark)!r}, 'w').close()\nexcept OSError:\n    pass\n"
    file.write_text(file.read_text() + attempt)
    grade("milestone1", course).passes()
    assert not mark.exists()


@pytest.mark.deep
@pytest.mark.timeout(900)  # several trainings fail, and each one is decided alone
def test_an_earlier_file_cannot_replace_a_module_that_it_does_not_own(grade, course):
    """It runs in the same process as the supplied training, so it can break the training but gain nothing by it."""
    file = course / "katas/exercise05/affine_gradient.py"
    stolen = "import sys, types\nsys.modules['training'] = types.SimpleNamespace(train=lambda *_, **__: ({}, []))\n"
    file.write_text(stolen + file.read_text())
    graded = grade("milestone1", course)
    assert graded.verdict["status"] == "failed"
    assert {task["name"]: task["status"] for task in graded.verdict["tasks"]}["learns"] == "failed"


SLOW = """

def affine(W, x, b):
    if x.ndim == 1:
        return W @ x + b
    return np.array([[sum(w * v for w, v in zip(weights, row)) for weights in W] for row in x]) + b
"""
PATCHED_CLOCKS = """
import time
for name in ("process_time", "perf_counter", "monotonic", "time", "thread_time"):
    setattr(time, name, lambda: 0.0)
    setattr(time, name + "_ns", lambda: 0)
time.clock_gettime = lambda clock: 0.0
"""
SLOW_COMPARISON = """
import sys

def slow(frame, event, argument):
    if event == "call" and frame.f_code.co_name == "weight_by_weight":
        for _ in range(3_000_000):
            pass

sys.setprofile(slow)
"""
TIMED = "exercise01: affine, for 50 images at once"


@pytest.mark.deep
@pytest.mark.parametrize("trick", [PATCHED_CLOCKS, SLOW_COMPARISON], ids=["patched clocks", "slow comparison"])
def test_a_slow_earlier_function_cannot_look_fast(grade, course, trick):
    file = course / "katas/exercise01/affine.py"
    file.write_text(file.read_text() + SLOW + trick)
    graded = grade("milestone1", course)
    hidden = [test for test in graded.failed if test["title"] == TIMED and test["visibility"] == "hidden"]
    assert [("the reference's time" in test["message"]) for test in hidden] == [True]
    assert {task["name"]: task["status"] for task in graded.verdict["tasks"]}["parts"] == "failed"


def test_a_linked_earlier_file_is_refused(grade, course):
    file = course / "katas/exercise01/affine.py"
    file.unlink()
    file.symlink_to(ROOT / "solutions/exercise01/affine.py")
    grade("milestone1", course).is_refused(r"exercise01: affine\.py: it is a symbolic link")


@pytest.mark.parametrize("inside", [False, True], ids=["the whole course", "katas/milestone1"])
def test_somebody_elses_linked_folder_is_refused(grade, course, tmp_path, inside):
    other = tmp_path / "bob"
    (course / "katas/exercise01").rename(other)
    (course / "katas/exercise01").symlink_to(other)
    place = course / "katas/milestone1" if inside else course
    grade("milestone1", place).is_refused(r"exercise01: (katas/)?exercise01: it is a symbolic link")


def test_an_earlier_file_of_300_kb_is_refused(grade, course):
    file = course / "katas/exercise07/initialization.py"
    file.write_text(file.read_text() + "#" * 300_000)
    grade("milestone1", course).is_refused(r"exercise07: initialization\.py: it is larger than 256 KB")


def test_an_earlier_file_that_exits_is_named(grade, course):
    (course / "katas/exercise04/softmax_cross_entropy.py").write_text("import os\nos._exit(0)\n")
    graded = grade("milestone1", course)
    assert graded.verdict["status"] == "ungradable"
    assert graded.verdict["message"].startswith("Do exercise04 first: katas/exercise04/softmax_cross_entropy.py")


@pytest.mark.parametrize("tree", ["katas", "solutions", "submissions"])
def test_a_person_with_the_name_of_a_kata_gets_nobody_elses_files(tmp_path, tree):
    root = write_course(tmp_path / "course")
    folder = (root if tree == "submissions" else tmp_path / "downloads") / tree
    people = {"milestone/network.py": NETWORK, "one/double.py": DOUBLE, "two/add_two.py": ADD}
    write_files(folder, people)
    milestone = [catalogue.load(root, "milestone", complete=False)]
    (taken,) = [each.files for entry in read(folder).entries for each in of_katas(entry, milestone, every=False)]
    assert [file.name for file in taken.files] == ["network.py"]
    assert [each.files for each in taken.earlier] == [(), ()]
