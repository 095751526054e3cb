"""A diagnosis as a learner writes it: cause, place, and in words why, how it is mended and how it is kept away."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from graders.checks import Mismatch
from graders.debugging.causes import CAUSES

NAMED = ("cause", "file", "line")  # what a machine can grade
PROSE = ("why", "fix", "prevention")
LEAST_CHARACTERS = 20  # of a sentence that says anything


@dataclass(frozen=True)
class Diagnosis:
    """What is graded of one fault: `cause` by its name in CAUSES, `line` from 1 in the program as it was handed out."""

    cause: str
    file: str
    line: int


FIELDS = {"cause": str, "file": str, "line": int, "why": str, "fix": str, "prevention": str}
_KINDS = {str: "a string", int: "a whole number"}


def diagnosis_of(table: Mapping[str, Any], name: str, file: str, lines: int) -> Diagnosis:
    """The diagnosis of one fault, the table [name] of diagnosis.toml; cause, file and line are checked for their form.

    `file` is the program that it is about and `lines` how many lines that has. The words may be missing: `remarks`
    says so. Raises Mismatch with all that is lacking, saying what to write.
    """
    if lacking := gaps(table, name, file, lines):
        raise Mismatch(f"diagnosis.toml, [{name}]: {'; '.join(lacking)}", list(NAMED), table.get(name))
    found = table[name]
    return Diagnosis(found["cause"], found["file"], found["line"])


def gaps(table: Mapping[str, Any], name: str, file: str, lines: int) -> list[str]:
    """What the table [name] lacks to be graded, in phrases; nothing where cause, file and line can be read."""
    found = table.get(name)
    if not isinstance(found, dict):
        return [f"the table is missing; it has the keys {', '.join(FIELDS)}"]
    lacking = []
    for key in NAMED:
        if key not in found:
            near = [other for other in found if other not in FIELDS and difflib.get_close_matches(other, [key])]
            lacking.append(f"the key `{key}` is missing" + (f" (is it `{near[0]}`?)" if near else ""))
        elif type(found[key]) is not FIELDS[key]:
            lacking.append(f"{key} is {found[key]!r} and must be {_KINDS[FIELDS[key]]}")
        elif gap := _gap(key, found[key], file, lines):
            lacking.append(gap)
    return lacking


def remarks(table: Mapping[str, Any], name: str) -> list[str]:
    """What a reader of the table [name] would miss, in phrases; it costs no points."""
    found = table.get(name)
    if not isinstance(found, dict):
        return []
    said = [f"unknown key `{key}`{_near(key, FIELDS)}" for key in found if key not in FIELDS]
    short = [key for key in PROSE if type(found.get(key)) is not str or len(found[key].strip()) < LEAST_CHARACTERS]
    if short:
        said.append(f"{', '.join(short)}: write a sentence that a colleague can use")
    return said


def _gap(key: str, value: Any, file: str, lines: int) -> str:
    """What a value of the right kind lacks that is no prose; empty if nothing."""
    if key == "cause" and value not in CAUSES:
        said = f"{value!r} is none of the causes" if value else "is not filled in"
        return f"cause {said}{_near(value, CAUSES) or ': choose one from the list in the README'}"
    if key == "file" and value != file:
        return f"file is {value!r} and must be {file!r}"
    if key == "line" and not 1 <= value <= lines:
        return f"line is {value} and must be one of 1 to {lines}"
    return ""


def _near(word: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean `{near[0]}`?)" if near else ""
