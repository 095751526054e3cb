"""The private parts of pytest that the harness uses: when pytest changes one, the failure here names it."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest

from graders.pytest_plugin import pytest_internals
from tests.shell import run
from tests.workshop import ROOT, write

HOME = "graders/pytest_plugin/pytest_internals.py"
PRIVATE = re.compile(r"\b(?:from|import) _pytest\b|\b(?:item|test|session|config|node)\._[a-z]\w+")

PROBE = """
import pytest
from graders.pytest_plugin import pytest_internals as internals

@pytest.fixture
def three():
    print("set up")
    yield 3
    print("torn down")

def setup_module():
    print("module set up")

def test_plain():
    pass

def test_probe(three, request):
    item = request.node
    for name in ("_request", "_initrequest", "_fixtureinfo"):
        assert hasattr(item, name), f"pytest {pytest.__version__}: Function.{name} is gone"
    for name in ("setup", "teardown_exact"):
        assert hasattr(item.session._setupstate, name), f"pytest {pytest.__version__}: SetupState.{name} is gone"
    version = pytest.__version__
    assert internals.argument_names(item) == ("three", "request"), f"pytest {version}: FuncFixtureInfo.argnames"
    fixtures = item._fixtureinfo.name2fixturedefs
    assert fixtures["three"][-1].func.__name__ == "three", f"pytest {version}: FuncFixtureInfo.name2fixturedefs"

def test_last(three):
    assert three == 4, "three is not four"
"""

RUNNER = """
import pytest, sys
from graders.pytest_plugin import pytest_internals as internals

class Runner:
    def pytest_runtestloop(self, session):
        for item in session.items:
            for _ in range(2):
                try:
                    internals.run_once(item)
                    print("passed", item.name)
                except AssertionError as fault:
                    print("failed", item.name, "three is not four" in internals.failure_text(item, fault))
        return True

sys.exit(pytest.main([sys.argv[1], "-s", "-q", "-p", "no:cacheprovider", "-c", "/dev/null"], plugins=[Runner()]))
"""


def test_a_collected_test_runs_twice_with_its_fixtures_and_tells_its_failure(tmp_path: Path) -> None:
    write(tmp_path / "test_probe.py", PROBE)
    done = run(sys.executable, "-c", RUNNER, str(tmp_path / "test_probe.py"))
    first = ("passed", "failed", "set", "torn", "module")
    lines = [line for line in done.out.splitlines() if line.split(" ")[0] in first]
    once = ["module set up", "set up", "torn down"]
    expected = ["module set up", "passed test_plain"] * 2
    expected += [*once, "passed test_probe", *once, "passed test_probe"]
    expected += [*once, "failed test_last True", *once, "failed test_last True"]
    assert lines == expected, done.said


@pytest.mark.parametrize(("name", "text"), [("pytest.ini", "[pytest]\n"), ("tox.ini", "[pytest]\naddopts = -q\n")])
def test_the_settings_file_of_a_folder_is_the_one_that_pytest_uses(tmp_path: Path, name: str, text: str) -> None:
    folder = tmp_path / "katas" / "one"
    folder.mkdir(parents=True)
    assert pytest_internals.settings_file(folder) not in (tmp_path / "tox.ini", tmp_path / "pytest.ini")
    write(tmp_path / name, text)
    assert pytest_internals.settings_file(folder) == tmp_path / name


@pytest.mark.parametrize("raising", [pytest.skip, pytest.fail, pytest.xfail])
def test_every_outcome_is_caught(raising) -> None:
    with pytest.raises(pytest_internals.OUTCOMES) as caught:
        raising("because")
    assert not isinstance(caught.value, Exception), f"pytest {pytest.__version__}: outcomes are Exceptions now"


def test_private_parts_of_pytest_are_used_in_one_file_alone() -> None:
    listed = run("git", "ls-files", "graders/*.py").out.split()
    files = [name for name in listed if not name.startswith("graders/hidden/")]
    users = [name for name in files if PRIVATE.search((ROOT / name).read_text(encoding="utf-8"))]
    assert users == [HOME]


def test_the_next_major_version_of_pytest_must_be_tried_first() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert [each for each in project["dependencies"] if re.match(r"pytest\b(?!-)", each)] == ["pytest>=8.4,<10"]
