"""The record of a fault in the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
    symptoms: tuple[str, ...]
    why: str
    fix: str
    prevention: str
    edits: Mapping[str, tuple[Edit, ...]]
    also: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
