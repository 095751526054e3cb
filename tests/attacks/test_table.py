"""The red team's list: every line has a test, every submission is used, and the page shows all answers."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from types import SimpleNamespace

import pytest

from tests.attacks import building, table
from tests.attacks.table import HERE, LETTERS, Recorder

pytestmark = pytest.mark.security

ROOT = HERE.parents[1]
PAGE = ROOT / "docs" / "attacks.md"
COUNTS = {"A": 15, "B": 17, "C": 14, "D": 6, "E": 10, "F": 12, "G": 19, "H": 7, "I": 16, "J": 11, "K": 10}


def test_every_line_has_a_test_and_every_test_a_line():
    assert set().union(*table.carriers().values()) == table.lines().keys()


def test_lines_are_numbered_without_gaps_and_extra_lines_apart():
    counts = Counter(number[0] for number in table.lines())
    assert table.lines().keys() == {f"{letter}{at}" for letter in counts for at in range(1, counts[letter] + 1)}
    assert counts.pop("Z") >= 30
    assert counts == COUNTS
    assert table.sections().keys() == {*COUNTS, "Z"}


def test_every_line_says_what_it_tries_and_expects():
    for line in table.lines().values():
        assert len(line.tries) >= 10
        assert line.expected
        assert set(line.expected) <= LETTERS.keys()
    assert len({line.tries for line in table.lines().values()}) == len(table.lines())


def test_every_submission_says_what_it_attempts():
    for file in sorted((HERE / "submissions").glob("*/[as]*.py")):
        text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
        assert text, file


def test_every_submission_is_used():
    tests = "".join(file.read_text(encoding="utf-8") for file in [*HERE.glob("test_*.py"), HERE / "conftest.py"])
    assert [name for name in building.names() if f'"{name}"' not in tests] == []


def test_the_page_has_every_line_with_an_expected_answer():
    text = PAGE.read_text(encoding="utf-8")
    found = re.findall(r"^- ([A-Z]\d+)/([A-Z](?:,[A-Z])*)(?: \(seen: ([^)]+)\))?: (.*)$", text, re.MULTILINE)
    assert [(number, expected, tries) for number, expected, _, tries in found] == [
        (number, ",".join(line.expected), line.tries) for number, line in table.lines().items()
    ]
    for number, _, seen, _ in found:
        assert set(filter(None, seen.split(","))) < set(table.lines()[number].expected), number
    counts = f"{len(found)} lines, {{}} tests: {len(found)} answers as expected, 0 not run; successful attacks: 0."
    assert re.search(f"^{re.escape(counts).replace(re.escape('{}'), '[0-9]+')}$", text, re.MULTILINE)


def test_a_run_replaces_the_list_and_keeps_the_rest_of_the_page():
    text = PAGE.read_text(encoding="utf-8")
    head, title, _ = text.partition("## The red team's list")
    again = table.rewritten(text, [])
    assert title
    assert again.startswith(head + title)
    assert "0 lines, 0 tests: " in again
    assert again.count(title) == 1


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("affine: the process ended itself with exit status 0 instead of returning", True),
        ("affine: the process crashed (SIGSEGV: runaway recursion or memory exhausted)", True),
        ("affine took longer than 1 s and was stopped", True),
        ("the worker broke the wire protocol: a reply to request 7", True),
        ("affine raised PermissionError: [Errno 1] Operation not permitted", False),
        ("z is off in 3 of 4 places", False),
    ],
)
def test_a_killed_worker_is_recognised_by_the_message(message, expected):
    assert table.killed(message) is expected


def reported(name, outcome="passed", when="call", **said):
    """Return pytest's report on one stage of a test."""
    return pytest.TestReport(
        f"tests/attacks/{name}", ("", None, ""), {}, outcome, None, when, user_properties=list(said.items())
    )


@pytest.mark.parametrize(
    ("reports", "line"),
    [
        ([reported("test_x.py::test_x", attack="A1", observed="K")], ""),
        ([reported("test_x.py::test_x", attack="A1", observed="N")], "A1: N was not expected"),
        ([reported("test_x.py::test_x", attack="A1")], "A1: 1 of 1 tests noted no answer"),
        ([reported("test_x.py::test_x", attack="Q7", observed="N")], "Q7: N was not expected"),
        ([reported("test_x.py::test_x", "failed", "setup", attack="A1")], "A1: 1 of 1 tests failed"),
        (
            [
                reported("test_x.py::test_x", attack="A1", observed="K"),
                reported("test_x.py::test_x", "failed", "teardown", attack="A1"),
            ],
            "A1: 1 of 1 tests failed",
        ),
        # the process died: the report is empty, and only the file says which line the test belongs to
        ([reported("test_clock.py::test_clocks_patched_by_a_submission_time_nothing", "failed", "???")], "E1: 1 of 1"),
    ],
)
def test_a_successful_attack_fails_the_run_and_is_listed(tmp_path, reports, line):
    recorder = Recorder(tmp_path / "page.md")
    for report in reports:
        recorder.pytest_runtest_logreport(report)
    assert [row.line.number for row in recorder.table if row.line.number in table.lines()] == list(table.lines())
    session = SimpleNamespace(exitstatus=pytest.ExitCode.OK)
    recorder.pytest_sessionfinish(session)
    printed = []
    recorder.pytest_terminal_summary(SimpleNamespace(write_line=lambda text, **_: printed.append(text)))
    assert session.exitstatus == (pytest.ExitCode.TESTS_FAILED if line else pytest.ExitCode.OK)
    assert f"successful attacks: {int(bool(line))}. Written to" in printed[0]
    assert line in "".join(printed[1:])
    assert f"successful attacks: {int(bool(line))}." in recorder.path.read_text(encoding="utf-8")


@pytest.mark.deep
@pytest.mark.parametrize("workers", ["0", "2"])
def test_the_command_writes_what_the_tests_saw(tmp_path, workers):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", workers, "tests/attacks"]
    options = ["-k", "test_no_workflow_has_a_cache", "--attacks-table", str(tmp_path / "page.md")]
    done = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    said = f"{len(table.lines())} lines, 3 tests: 1 answers as expected, {len(table.lines()) - 1} not run; "
    assert f"attacks: {said}successful attacks: 0." in done.stdout
    text = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert f"\n{said}" in text
    assert "- K10/N: poisons a cache\n" in text
    assert "- A1/K (not run): the function ends the process with status 0\n" in text
