"""Texts, messages and docstrings avoid the phrases that make English sound translated.

Each pattern matches the awkward use only: "the newest stands" is found, "T stands for transpose" is not.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.workshop import PACKAGES, ROOT

# Files that are not checked.
NOT_YET = (
    "docs/framework.md",  # made from the docstrings of solutions/meta
)


@dataclass(frozen=True)
class Pattern:
    """A phrase to avoid, and what to write instead."""

    regex: str
    instead: str

    def finds(self, text: str) -> Iterator[re.Match[str]]:
        """Find the phrase in a text without line breaks."""
        return re.finditer(self.regex, text, re.IGNORECASE)


_FINE_AFTER_NO = (
    "longer|more|less|fewer|better|worse|faster|slower|larger|smaller|bigger|higher|lower|greater|earlier|later|harder"
    "|easier|closer|further|different|other|such|need|way|good|use|problem|doubt|surprise|wonder|accident|reason"
)
_FINE_BEFORE_OF_WHICH = ("all", "any", "both", "each", "few", "half", "many", "most", "none", "one", "some", "two")
_VARIABLE = "(?:weights?|bias(?:es)?|inputs?|logits?|parameters?|arguments?|activations?|scores?|[xwbz])"

PATTERNS = (
    Pattern(r"\bwhoever\b", "name the person: the learner, the caller, anyone who"),
    Pattern(r"\b(?:nobody|somebody)\b", "name the person; or: no one, a person, someone else"),
    Pattern(r"\bof ours\b", "our; or name the owner"),
    Pattern(r"\b(?:is|are|was|were|be|been) told(?= (?:in|with|by|of|as|on|at|once)\b| ?[.,;:)]| ?$)", "reported"),
    Pattern(
        r"\bstands? (?:in|there|at|beside|behind|before|only|once|twice)\b(?! (?:for|contrast)\b)", "is in, occurs"
    ),
    Pattern(
        r"\b(?:what|newest|last|first|fault|verdict|result|line|mark) stands?\b(?! (?:for|out|alone|still)\b)", "counts"
    ),
    Pattern(r"(?:^|[.;,(] ?)beside\b", "besides, in addition to, and"),
    Pattern(r"\bbegun\b", "started, partial, in progress"),
    Pattern(r"\bwhat (?:is|are|was|were) of\b(?! (?:interest|use|value)\b)", "name the things"),
    Pattern(
        "".join(f"(?<!{each} )" for each in _FINE_BEFORE_OF_WHICH) + r"(?<!\d )\bof which\b", "whose; or a new sentence"
    ),
    Pattern(r"\bas good as (?:nothing|never|no|none|all|always|every|done|certain|impossible|zero)\b", "almost"),
    Pattern(rf"(?<!there )\b(?:is|are|was|were) no (?!(?:{_FINE_AFTER_NO})\b)(?=[a-z`…])", "is not a"),
    Pattern(r"\bmend(?:s|ed|ing)?\b", "fix"),
    Pattern(
        r"\b(?:gradients?|derivatives?)(?: of [^.,;:]{1,40})? by (?:the |its |each |every )?" + rf"{_VARIABLE}\b",
        "with respect to",
    ),
    Pattern(r"\bhand-?ins?\b", "submission"),
    Pattern(r"\bthe sort of\b", "the kind of; or name it"),
    Pattern(r"\b(?:have|has|had|having) it (?:done|made|written|graded|computed)\b", "name who does it"),
    Pattern(r"\b(?:come|comes|came|coming) to nothing\b", "fail, produce no result"),
    Pattern(r"\b(?:zygote|epitaph|dataroom)s?\b", "fork server, exit reason, data sets"),
    Pattern(r"\b(?:first|second|both|two) walls?\b(?! (?:clock|time|seconds)\b)", "outer or inner layer"),
    Pattern(r"\bis off in \d", "wrong value at [i]: expected a, got b"),
    Pattern(r"\bis given of\b", "No … given for …"),
    Pattern(r"\bin every \w+ others\b", "a different one in every …"),
)


@dataclass(frozen=True)
class Found:
    """A phrase to avoid in a file."""

    file: str
    line: int
    phrase: str
    instead: str

    def __str__(self) -> str:
        return f'{self.file}, line {self.line}: "{self.phrase}". Write: {self.instead}'


# Phrases that a file may contain, and why.
ALLOWED = {
    ("graders/hidden/challenge3/reviews.py", "nobody"): "a sentence of the reviews that the network reads",
}


# ------------------------------------------------------------------------------------ what is read

Texts = Iterator[tuple[int, str]]  # the first line of each text, and the text


def plain(path: Path) -> Texts:
    """Read a whole text file, without its inline code."""
    yield 1, re.sub(r"`[^`\n]*`", "`…`", path.read_text(encoding="utf-8"))


def first_line(path: Path) -> Texts:
    """Read the sentence that explains a wrong variant to a learner."""
    yield 1, path.read_text(encoding="utf-8").partition("\n")[0]


def code(path: Path) -> Texts:
    """Read the docstrings of a module, and its other strings of more than one word. Values in f-strings become `…`."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    explained = {id(_docstring(node)) for node in nodes}
    parts = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            text = node.value
        else:
            continue
        if id(node) in explained or " " in text.strip():
            yield node.lineno, re.sub(r"`[^`\n]*`", "`…`", text)


def _docstring(node: ast.AST) -> ast.Constant | None:
    """Return the docstring of a module, class or function as a node."""
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(node):
        statement = node.body[0]
        assert isinstance(statement, ast.Expr)
        assert isinstance(statement.value, ast.Constant)
        return statement.value
    return None


@dataclass(frozen=True)
class Group:
    """Files of one kind, and how to read them."""

    name: str
    globs: tuple[str, ...]
    read: Callable[[Path], Texts]
    skipped: frozenset[str] = frozenset()  # folders

    def files(self) -> list[Path]:
        found = {path for glob in self.globs for path in ROOT.glob(glob) if path.is_file()}
        return sorted(path for path in found if not self.skipped & set(path.parts))


VARIANTS = frozenset({"accept", "wrong"})  # answers in many people's styles; learners see the first line of a wrong one

GROUPS = (
    Group("texts", ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/*.md"), plain),
    Group("katas", ("katas/*/*.md", "katas/*/kata.toml"), plain),
    Group("misconceptions", ("graders/hidden/*/wrong/**/*.py", "graders/hidden/*/wrong/**/*.edit"), first_line),
    Group("code", tuple(f"{package}/**/*.py" for package in PACKAGES), code, VARIANTS),
)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def found_in(text: str, first: int = 1, file: str = "") -> list[Found]:
    """Find the phrases to avoid in a text, also across line breaks."""
    lines = [line.strip() for line in text.splitlines()]
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    flat = " ".join(lines)
    return [
        Found(file, first + bisect_right(starts, match.start()) - 1, match[0].strip(), pattern.instead)
        for pattern in PATTERNS
        for match in pattern.finds(flat)
    ]


@cache
def findings(group: Group) -> list[Found]:
    """Find the phrases to avoid in all files of a group, except those in NOT_YET."""
    return [
        found
        for path in group.files()
        if name_of(path) not in NOT_YET
        for first, text in group.read(path)
        for found in found_in(text, first, name_of(path))
    ]


# ------------------------------------------------------------------------------------------ tests


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_texts_avoid_translated_phrases(group: Group) -> None:
    assert len(group.files()) >= 4
    found = [str(each) for each in findings(group) if (each.file, each.phrase) not in ALLOWED]
    assert not found, "\n" + "\n".join(found)


def test_every_exception_is_still_needed() -> None:
    assert ALLOWED.keys() <= {(found.file, found.phrase) for group in GROUPS for found in findings(group)}


@pytest.mark.parametrize(
    "sentence",
    [
        "Whoever had asked for a grading did not want it any more.",
        "What every command knows of the command line that it stands in.",
        "The passage stands in the solution once.",
        "Of several the newest stands, of one second the last.",
        "nobody of that name is in sqlite:///…",
        "no time is given of, so that their files' counts: -rf",
        "is off in 1 of 1 element; worst at [0]",
        "begun: 4 of 10 points so far",
        "the gradient by the weights",
        "the gradient of the loss by its inputs",
        "in every step others",
        "what is of it is told",
        "Both sums are told.",
        "The mistake is told by the verdict's message.",
        "a fault of ours",
        "returned a list, which is no plain value",
        "An error is\nno verdict.",
        "Of every kata of which a file was changed",
        "Mend that, and run the command again.",
        "Beside that, it prints the seed.",
        "that is as good as nothing",
        "Every hand-in is graded.",
        "the sort of test that fails",
        "It can have it done by another process.",
        "The grading comes to nothing.",
        "The worker has the second wall alone.",
        "The zygote died.",
    ],
)
def test_a_translated_phrase_is_found(sentence: str) -> None:
    assert found_in(sentence)


def test_messages_and_docstrings_are_read_from_code(tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text(
        '"""The module."""\n\n\ndef act(name):\n    """Say it."""\n    kind = "plain"\n'
        '    return (f"{name}: a {kind} "\n        "message")\n'
    )
    assert sorted(code(file)) == [(1, "The module."), (5, "Say it."), (7, "…: a … message")]


def test_a_finding_names_file_line_and_remedy() -> None:
    (found,) = found_in("One.\nTwo\nand whoever\n", 10, "a.md")
    assert str(found).startswith('a.md, line 12: "whoever". Write: name the person')
