"""Compare the red team's list with the results: the answers that each line may get, and those it got."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).parent
LETTERS = {
    "F": "the test fails and names the real reason; the other tests keep their results",
    "K": "the worker is killed or kills itself, and the test fails; the next test gets a fresh worker",
    "R": "rejected at intake, before anything runs; the message names the file and the reason",
    "N": "no effect: the verdict is what the honest part of the submission deserves",
    "U": "ungradable; the verdict gives the reason",
    "C": "clean: the submission cannot reach anything that it looks for",
}
CARRIED, OBSERVED = (
    "attack",
    "observed",
)  # properties in a test's report: the lines that it tests and the answers that it saw
_KILLED = re.compile(
    r"took longer than [\d.]+ s and was stopped|no longer listened to the judge and was stopped"
    r"|used up its CPU time and was killed|the process (ended itself|crashed)|closed its connection to the judge"
    r"|the worker broke the wire protocol|the worker wrote to the judge without being asked"
)

LIST = """\
## The red team's list

{counts}

The tests in `tests/attacks/` try each attack under full confinement: with a resident judge, or with `katas grade`.
`pytest tests/attacks -m "" --attacks-table docs/attacks.md` writes this list again. After a line's number come the
expected answers:

{letters}

"Seen" names the answers that the tests recorded after their assertions had passed, if those are fewer. A failed test or
any other answer counts as a successful attack, is printed in bold, and fails the run. A line's tests are those with its
number: `grep -rn 'attack(.*"A1"' tests/attacks`.
"""


@dataclass(frozen=True)
class Line:
    """A line of the list: what the attack tries, and the letters of the answers that are allowed."""

    number: str
    tries: str
    expected: tuple[str, ...]


@dataclass
class Ran:
    """A test that ran: the lines that it tests, the answers that it saw, and whether it failed at any stage."""

    carried: set[str] = field(default_factory=set)
    observed: set[str] = field(default_factory=set)
    failed: bool = False


@dataclass(frozen=True)
class Row:
    """A line and the results of its tests."""

    line: Line
    tests: Mapping[str, Ran]

    @property
    def observed(self) -> list[str]:
        """The observed letters, the expected ones first and in their order."""
        letters = set().union(*(test.observed for test in self.tests.values()))
        return [*filter(letters.__contains__, self.line.expected), *sorted(letters - set(self.line.expected))]

    @property
    def fault(self) -> str:
        """A description of what is not as expected; empty if nothing is, or if nothing ran."""
        said = []
        if failed := sum(test.failed for test in self.tests.values()):
            said.append(f"{failed} of {len(self.tests)} tests failed")
        if others := [letter for letter in self.observed if letter not in self.line.expected]:
            said.append(f"{', '.join(others)} was not expected")
        if silent := sum(not test.failed and not test.observed for test in self.tests.values()):
            said.append(f"{silent} of {len(self.tests)} tests noted no answer")
        return "; ".join(said)

    def __str__(self) -> str:
        seen, expected = ",".join(self.observed) if self.tests else "not run", ",".join(self.line.expected)
        if self.fault:
            seen = f"**{seen or 'nothing'}: {self.fault}**"
        note = "" if seen == expected else f" (seen: {seen})" if self.tests else f" ({seen})"
        return f"- {self.line.number}/{expected}{note}: {self.line.tries}"


def natural(number: str) -> tuple[str, int]:
    """Return a sort key by which A2 comes before A10."""
    return number[:1], int(number[1:] or 0)


def sections() -> dict[str, str]:
    """Return the titles of the list's sections by letter."""
    return {letter: section["title"] for letter, section in _listed().items()}


def lines() -> dict[str, Line]:
    """Return the lines of the list by number."""
    return {
        number: Line(number, entry["tries"], tuple(entry["expected"]))
        for section in _listed().values()
        for number, entry in section.items()
        if number != "title"
    }


@cache
def _listed() -> dict[str, dict]:
    return tomllib.loads((HERE / "lines.toml").read_text(encoding="utf-8"))


@cache
def carriers() -> dict[str, frozenset[str]]:
    """Read from the files which lines each test function's decorators name."""
    found: dict[str, frozenset[str]] = {}
    for file in sorted(HERE.glob("test_*.py")):
        for function in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(function, ast.FunctionDef):
                marks = [mark for mark in function.decorator_list if isinstance(mark, ast.Call)]
                marks = [mark for mark in marks if isinstance(mark.func, ast.Name) and mark.func.id == "attack"]
                numbers = frozenset(ast.literal_eval(number) for mark in marks for number in mark.args)
                if numbers:
                    found[f"{file.name}::{function.name}"] = numbers
    return found


def killed(message: str) -> bool:
    """Return whether the message of a failed test says that its worker ended."""
    return bool(_KILLED.search(message))


def rows(known: Mapping[str, Line], ran: Mapping[str, Ran]) -> list[Row]:
    """Return every line in order with the tests that ran for it, including lines that only a test names."""
    numbers = known.keys() | {number for test in ran.values() for number in test.carried}
    return [
        Row(
            known.get(number, Line(number, "not on the list", ())),
            {name: test for name, test in sorted(ran.items()) if number in test.carried},
        )
        for number in sorted(numbers, key=natural)
    ]


def counts(table: Iterable[Row]) -> str:
    """Return a sentence with the numbers of lines, tests, expected answers and successful attacks."""
    table = list(table)
    tests = len({name for row in table for name in row.tests})
    right = sum(bool(row.tests) and not row.fault for row in table)
    idle = sum(not row.tests for row in table)
    said = f"{len(table)} lines, {tests} tests: {right} answers as expected"
    return f"{said}, {idle} not run; successful attacks: {succeeded(table)}."


def succeeded(table: Iterable[Row]) -> int:
    """Return how many attacks succeeded: lines with an unexpected answer."""
    return sum(bool(row.fault) for row in table)


def page(table: list[Row], titles: Mapping[str, str]) -> str:
    """Return the list in Markdown: an introduction, and a section for each letter."""
    letters = "\n".join(f"- **{letter}**: {meaning}." for letter, meaning in LETTERS.items())
    text = [LIST.format(counts=counts(table), letters=letters)]
    for letter in dict.fromkeys(row.line.number[:1] for row in table):
        of_it = [str(row) for row in table if row.line.number[:1] == letter]
        text.append(f"### {letter}. {titles.get(letter, 'Not on the list')}\n\n" + "\n".join(of_it) + "\n")
    return "\n".join(text)


def rewritten(text: str, table: list[Row]) -> str:
    """Return the text of a page with a new list in the place of the old one, at its end."""
    return text.partition(LIST.partition("\n")[0])[0] + page(table, sections())


class Recorder:
    """The plugin that collects the tests' reports, also from xdist's workers, and writes the page at the end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ran: dict[str, Ran] = {}

    @property
    def table(self) -> list[Row]:
        """Return the rows so far."""
        return rows(lines(), self.ran)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        said = [(name, value) for name, value in report.user_properties if name in (CARRIED, OBSERVED)]
        file, _, function = report.nodeid.rpartition("/")[2].partition("[")[0].partition("::")
        carried = {value for name, value in said if name == CARRIED}
        carried |= carriers().get(f"{file}::{function}", frozenset())  # a process that died has reported nothing
        if carried:
            test = self.ran.setdefault(report.nodeid, Ran())
            test.carried |= carried
            test.observed |= {value for name, value in said if name == OBSERVED}
            test.failed |= not report.passed

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        table = self.table
        text = self.path.read_text(encoding="utf-8") if self.path.exists() else ""
        self.path.write_text(rewritten(text, table), encoding="utf-8")
        if succeeded(table) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        table = self.table
        said = f"attacks: {counts(table)} Written to {self.path}."
        terminalreporter.write_line(said, red=bool(succeeded(table)))
        for row in table:
            if row.fault:
                terminalreporter.write_line(f"  {row.line.number}: {row.fault}", red=True)
