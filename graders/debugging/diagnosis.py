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

    `file` is the program that it is about and `lines` how many lines that has. Raises Mismatch, saying what to write.
    """
    found = table.get(name)
    where = f"diagnosis.toml, [{name}]"
    if not isinstance(found, dict):
        raise Mismatch(f"{where}: the table is missing; it has the keys {', '.join(FIELDS)}", list(FIELDS), None)
    for key in found.keys() - FIELDS.keys():
        raise Mismatch(f"{where}: unknown key `{key}`{_near(key, FIELDS)}", list(FIELDS), key)
    for key, kind in FIELDS.items():
        if key not in found:
            raise Mismatch(f"{where}: the key `{key}` is missing", key, None)
        if type(found[key]) is not kind:
            raise Mismatch(f"{where}: {key} is {found[key]!r} and must be {_KINDS[kind]}", _KINDS[kind], found[key])
    diagnosis = Diagnosis(**found)
    if diagnosis.cause not in CAUSES:
        said = "is not filled in" if not diagnosis.cause else f"{diagnosis.cause!r} is none of the causes"
        near = _near(diagnosis.cause, CAUSES) or "; choose one from the list in the README"
        raise Mismatch(f"{where}: cause {said}{near}", sorted(CAUSES), diagnosis.cause)
    if diagnosis.file != file:
        raise Mismatch(f"{where}: file is {diagnosis.file!r}; this is about {file}", file, diagnosis.file)
    if not 1 <= diagnosis.line <= lines:
        raise Mismatch(f"{where}: {file} has the lines 1 to {lines}, not {diagnosis.line}", lines, diagnosis.line)
    for key in PROSE:
        text = found[key].strip()
        if len(text) < LEAST_CHARACTERS:
            raise Mismatch(f"{where}: {key} says too little: write a sentence that a colleague can use", key, text)
    return diagnosis


def _near(word: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean `{near[0]}`?" if near else ""
