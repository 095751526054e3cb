"""A diagnosis as a learner writes it: cause, place, and in words why, how it is mended and how it is kept away."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from graders.checks import Mismatch
from graders.debugging.causes import CAUSES

PROSE = ("why", "fix", "prevention")
LEAST_CHARACTERS = 20  # of a sentence that says anything


@dataclass(frozen=True)
class Diagnosis:
    """One fault: `cause` by its name in CAUSES, `line` counted from 1 in the program as it was handed out."""

    cause: str
    file: str
    line: int
    why: str
    fix: str
    prevention: str


FIELDS = {"cause": str, "file": str, "line": int, "why": str, "fix": str, "prevention": str}
_KINDS = {str: "a string", int: "a whole number"}


def diagnosis_of(table: Mapping[str, Any], name: str, file: str, lines: int) -> Diagnosis:
    """The diagnosis of one fault, the table [name] of diagnosis.toml, checked for its form only.

    `file` is the program that it is about and `lines` how many lines that has. Raises Mismatch with all that is
    lacking, saying what to write.
    """
    if lacking := gaps(table, name, file, lines):
        raise Mismatch(f"diagnosis.toml, [{name}]: {'; '.join(lacking)}", list(FIELDS), table.get(name))
    return Diagnosis(**table[name])


def gaps(table: Mapping[str, Any], name: str, file: str, lines: int) -> list[str]:
    """What the form of the table [name] lacks, in phrases; nothing where it is filled in."""
    found = table.get(name)
    if not isinstance(found, dict):
        return [f"the table is missing; it has the keys {', '.join(FIELDS)}"]
    lacking = [f"unknown key `{key}`{_near(key, FIELDS)}" for key in found if key not in FIELDS]
    for key, kind in FIELDS.items():
        if key not in found:
            lacking.append(f"the key `{key}` is missing")
        elif type(found[key]) is not kind:
            lacking.append(f"{key} is {found[key]!r} and must be {_KINDS[kind]}")
        elif gap := _gap(key, found[key], file, lines):
            lacking.append(gap)
    short = [key for key in PROSE if type(found.get(key)) is str and len(found[key].strip()) < LEAST_CHARACTERS]
    if short:
        lacking.append(f"too little is said in {', '.join(short)}: write a sentence that a colleague can use")
    return lacking


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
