"""The catalogue of faults: realistic ways to break a training program, in one TOML file for each family."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Edit = tuple[str, str]
"""A snippet that occurs exactly once in the healthy program, and its replacement in the broken one."""

FAMILIES = ("update", "loss", "data", "initialisation", "normalisation", "evaluation", "speed", "generalisation")


@dataclass(frozen=True)
class Fault:
    """A realistic way to break a training program.

    `cause` is a key of CAUSES. Faults of level 1 are obvious, and faults of level 2 are subtler. `symptoms` are keys of
    SYMPTOMS or "slow", and every broken program must show at least one of them. `katas debug solution` prints `why`,
    `fix` and `prevention`. `edits` maps the name of a program to its edits. `also` maps the name to further snippets of
    the broken program whose lines are accepted as answers, because a change there also fixes the program.
    """

    name: str
    family: str
    cause: str
    level: Literal[1, 2]
    symptoms: list[str]
    why: str
    fix: str
    prevention: str
    edits: Mapping[str, list[Edit]]
    also: Mapping[str, list[str]]


def _read(family: str) -> Iterator[Fault]:
    path = Path(__file__).with_name(f"{family}.toml")
    for table in tomllib.loads(path.read_text(encoding="utf-8"))["fault"]:
        edits: dict[str, list[Edit]] = {}
        also: dict[str, list[str]] = {}
        for edit in table.pop("edits"):
            for name in edit["programs"]:
                edits.setdefault(name, []).append((edit["healthy"], edit["broken"]))
        for each in table.pop("also", ()):
            for name in each["programs"]:
                also.setdefault(name, []).append(each["snippet"])
        prose = {key: table.pop(key).replace("\n", " ").strip() for key in ("why", "fix", "prevention")}
        yield Fault(**table, **prose, family=family, edits=edits, also=also)


FAULTS: dict[str, Fault] = {fault.name: fault for family in FAMILIES for fault in _read(family)}
"""Maps the name of a fault to the fault."""
