"""What happened is data. No code finds it out by reading a message that other code has written."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.workshop import PACKAGES, ROOT

TEXTS = {"message", "remark", "diagnosis", "why", "refused", "fault", "error", "problem"}
READING = ("startswith", "endswith", "find", "index")
ALLOWED = {
    "katas_course/grading.py": "whether a refusal is the same as before is a question about its text",
    "graders/pytest_plugin/cases.py": "a smaller case must fail with the same first words, which the learner reads",
    "graders/pytest_plugin/counterexample.py": "of several expressions, show the one that the message names",
    "graders/pytest_plugin/learner_mode.py": "pytest adds its explanation to the message of an assertion",
}


def text_in(node: ast.expr) -> str:
    """Return the name of the text that an expression reads, such as "message" for `str(fault.message).lower()`."""
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case ast.Call(func=ast.Name(id="str" | "repr"), args=[inner]):
            return text_in(inner)
        case ast.Call(func=ast.Attribute(value=inner, attr="lower" | "strip" | "casefold")):
            return text_in(inner)
    return ""


def readings(source: str) -> Iterator[ast.expr]:
    """Yield the expressions that look for words in a message."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Attribute(value=text, attr=method)) if method in READING and text_in(text) in TEXTS:
                yield node
            case ast.Subscript(value=ast.Call(func=ast.Attribute(value=text, attr="split"))) if text_in(text) in TEXTS:
                yield node
            case ast.Compare(left=left, ops=[ast.In() | ast.NotIn()], comparators=[text]) if text_in(text) in TEXTS:
                if isinstance(left, ast.Constant | ast.JoinedStr | ast.Call):  # otherwise it may be a key
                    yield node
            case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq()], comparators=[right]):
                if {text_in(left), text_in(right)} & TEXTS and getattr(right, "value", None) not in ("", None):
                    yield node


def test_a_reading_of_a_message_is_found() -> None:
    for source in (
        '"slow" in fault.message',
        'str(fault).startswith("no")',
        'why == "unchanged"',
        "message.split()[0]",
    ):
        assert list(readings(source)), source
    for source in ("name in refused", 'message == ""', "message.partition(x)", "x = fault.message"):
        assert not list(readings(source)), source


def test_no_code_reads_a_message() -> None:
    found: dict[str, list[str]] = {}
    for path in sorted(each for package in PACKAGES for each in Path(ROOT, package).rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith(("graders/hidden/", "katas_practice/programs/")):
            for node in readings(path.read_text(encoding="utf-8")):
                found.setdefault(name, []).append(f"line {node.lineno}: {ast.unparse(node)}")
    assert {name: lines for name, lines in found.items() if name not in ALLOWED} == {}
    assert found.keys() == ALLOWED.keys()
