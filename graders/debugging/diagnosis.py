"""Reads a learner's diagnosis, which names the cause and the line of a fault and explains it in prose."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from graders.checks import Mismatch
from graders.debugging.causes import CAUSES

NAMED = ("cause", "file", "line")  # the fields that a machine can grade
PROSE = ("why", "fix", "prevention")
LEAST_CHARACTERS = 20  # a useful sentence has at least this many characters


@dataclass(frozen=True)
class Diagnosis:
    """The graded part of a diagnosis.

    `cause` is a key of CAUSES, and `line` is counted from 1 in the original program.
    """

    cause: str
    file: str
    line: int


FIELDS = {"cause": str, "file": str, "line": int, "why": str, "fix": str, "prevention": str}
_KINDS = {str: "a string", int: "a whole number"}


def diagnosis_of(table: Mapping[str, Any], name: str, file: str, lines: int) -> Diagnosis:
    """Return the diagnosis in the table [name] of diagnosis.toml, after checking the form of cause, file and line.

    `file` is the name of the diagnosed program, and `lines` is its number of lines. Missing prose is reported only by
    `remarks`. Raises Mismatch with a message that lists everything that is missing and says what to write.
    """
    if lacking := gaps(table, name, file, lines):
        raise Mismatch(f"diagnosis.toml, [{name}]: {'; '.join(lacking)}", list(NAMED), table.get(name))
    found = table[name]
    return Diagnosis(found["cause"], found["file"], found["line"])


def gaps(table: Mapping[str, Any], name: str, file: str, lines: int) -> list[str]:
    """Return phrases that say why the table [name] cannot be graded, or none if cause, file and line are valid."""
    found = table.get(name)
    if not isinstance(found, dict):
        return [f"the table is missing. Its keys are {', '.join(FIELDS)}"]
    lacking = []
    for key in NAMED:
        if key not in found:
            near = [other for other in found if other not in FIELDS and difflib.get_close_matches(other, [key])]
            lacking.append(f"the key `{key}` is missing" + (f" (is it `{near[0]}`?)" if near else ""))
        elif type(found[key]) is not FIELDS[key]:
            lacking.append(f"{key} is {found[key]!r} but must be {_KINDS[FIELDS[key]]}")
        elif gap := _gap(key, found[key], file, lines):
            lacking.append(gap)
    return lacking


def remarks(table: Mapping[str, Any], name: str) -> list[str]:
    """Return phrases that say what the prose in the table [name] lacks. Missing prose costs no points."""
    found = table.get(name)
    if not isinstance(found, dict):
        return []
    said = [f"unknown key `{key}`{_near(key, FIELDS)}" for key in found if key not in FIELDS]
    short = [key for key in PROSE if type(found.get(key)) is not str or len(found[key].strip()) < LEAST_CHARACTERS]
    if short:
        said.append(f"{', '.join(short)}: write a sentence that would help a colleague")
    return said


def _gap(key: str, value: Any, file: str, lines: int) -> str:
    if key == "cause" and value not in CAUSES:
        said = f"{value!r} is not one of the causes" if value else "is not filled in"
        return f"cause {said}{_near(value, CAUSES) or ': choose one from the list in the README'}"
    if key == "file" and value != file:
        return f"file is {value!r} but must be {file!r}"
    if key == "line" and not 1 <= value <= lines:
        return f"line is {value} but must be from 1 to {lines}"
    return ""


def _near(word: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean `{near[0]}`?)" if near else ""
