"""A learner's diagnosis, which names the cause and the line of a fault and explains it in prose."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any

from graders.checks.mismatch import Mismatch

CAUSES: dict[str, str] = tomllib.loads(Path(__file__).with_name("causes.toml").read_text(encoding="utf-8"))
"""Maps the name of each cause to its meaning."""

PROGRAM, DIAGNOSIS = "program.py", "diagnosis.toml"  # the files of a puzzle
NAMED = ("cause", "file", "line")  # the fields that a machine can grade
FIELDS: dict[str, Any] = {"cause": str, "file": str, "line": int, "why": str, "fix": str, "prevention": str}


@dataclass(frozen=True)
class Diagnosis:
    """The graded part of a diagnosis.

    `cause` is a key of CAUSES, and `line` is counted from 1 in the original program.
    """

    cause: str
    file: str
    line: int


def diagnosis_of(table: Mapping[str, Any], name: str, file: str, lines: int) -> Diagnosis:
    """Return the diagnosis in the table [name] of diagnosis.toml, after checking the form of cause, file and line.

    `file` is the name of the diagnosed program, and `lines` is its number of lines. Prose may be missing. Raises
    Mismatch with a message that lists everything that is missing and says what to write.
    """
    if lacking := gaps(table, name, file, lines):
        raise Mismatch(f"diagnosis.toml, [{name}]: {'; '.join(lacking)}", list(NAMED), table.get(name))
    return Diagnosis(*(table[name][key] for key in NAMED))


def gaps(table: Mapping[str, Any], name: str, file: str, lines: int) -> list[str]:
    """Return phrases that say why the table [name] cannot be graded, or none if cause, file and line are valid."""
    found = table.get(name)
    if not isinstance(found, dict):
        return [f"the table is missing. Its keys are {', '.join(FIELDS)}"]
    return [gap for key in NAMED if (gap := _gap(found, key, file, lines))]


def _gap(found: Mapping[str, Any], key: str, file: str, lines: int) -> str:
    if key not in found:
        near = [other for other in found if other not in FIELDS and difflib.get_close_matches(other, [key])]
        return f"the key `{key}` is missing" + (f" (is it `{near[0]}`?)" if near else "")
    value = found[key]
    if type(value) is not FIELDS[key]:
        return f"{key} is {value!r} but must be {'a whole number' if key == 'line' else 'a string'}"
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


def assert_named(
    table: Mapping[str, Any], tables: Sequence[str], truths: Sequence[Mapping[str, Any]], which: int, lines: int
) -> None:
    """Assert that a diagnosis names the cause of fault `which`, and one of its lines.

    `tables` names the tables of the diagnosis, one for each fault in any order. Raises Mismatch.
    """
    found: dict[str, Diagnosis | Mismatch] = {}
    for name in tables:
        try:
            found[name] = diagnosis_of(table, name, PROGRAM, lines)
        except Mismatch as fault:
            found[name] = fault
    # Tables are matched by cause and line if possible, and otherwise by cause alone. The remaining tables are assigned
    # in order, so that messages name every table once.
    about = max(
        permutations(tables),
        key=lambda names: sum(_agreement(found[name], truth) for name, truth in zip(names, truths, strict=True)),
    )
    name, truth = about[which], truths[which]
    own = found[name]
    if isinstance(own, Mismatch):
        message = own.message
    elif own.cause == truth["cause"]:
        if own.line in truth["lines"]:
            return
        raise Mismatch(f"[{name}]: the cause is right, but it is not on line {own.line}", None, own.line)
    elif len(tables) == 1:
        message = f"[{name}]: {own.cause} is not the cause"
    elif same := [about[k] for k, other in enumerate(truths) if other["cause"] == own.cause]:
        message = f"[{name}] is about the same fault as [{same[0]}]"
    else:
        message = f"[{name}]: {own.cause} is neither of the two causes"
    raise Mismatch(f"{'one of the two faults is not named: ' if len(tables) > 1 else ''}{message}", None, None)


def _agreement(own: Diagnosis | Mismatch, truth: Mapping[str, Any]) -> int:
    """Return 3 for the right cause and line, 1 for the right cause alone, and otherwise 0."""
    if isinstance(own, Mismatch) or own.cause != truth["cause"]:
        return 0
    return 3 if own.line in truth["lines"] else 1
