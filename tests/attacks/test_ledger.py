"""Every line of the red team's list has a test, or a reason why it has none yet."""

import ast
import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.security

HERE = Path(__file__).parent
LINES = {"A": 15, "B": 17, "C": 14, "D": 6, "E": 10, "F": 12, "G": 18, "H": 7, "I": 16, "J": 11, "K": 10}
LIST = {f"{group}{number}" for group, count in LINES.items() for number in range(1, count + 1)}


def marked() -> set[str]:
    """The numbers that the tests carry."""
    numbers = set()
    for file in HERE.glob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "attack":
                numbers |= {argument.value for argument in node.args if isinstance(argument, ast.Constant)}
    return numbers


def postponed() -> dict[str, str]:
    return tomllib.loads((HERE / "todo.toml").read_text(encoding="utf-8"))


def test_every_line_of_the_list_has_a_test_or_a_reason():
    assert marked() | postponed().keys() >= LIST


def test_no_line_has_both_a_test_and_a_reason():
    assert marked() & postponed().keys() == set()


def test_every_reason_belongs_to_a_line_and_says_something():
    assert postponed().keys() <= LIST
    assert all(len(reason) > 10 for reason in postponed().values())


def test_lines_of_our_own_are_numbered_apart():
    own = marked() - LIST
    assert own
    assert all(number.startswith("Z") and number[1:].isdigit() for number in own)


def test_every_submission_says_what_it_attempts():
    for file in sorted((HERE / "submissions").glob("*/[as]*.py")):
        text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
        assert text, file


def test_every_submission_is_used():
    tests = "".join(file.read_text(encoding="utf-8") for file in [*HERE.glob("test_*.py"), HERE / "conftest.py"])
    assert [folder.name for folder in (HERE / "submissions").iterdir() if f'"{folder.name}"' not in tests] == []
