"""What the catalogue knows of a fault."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Edit = tuple[str, str]
"""A snippet of the healthy program, found in it exactly once, and what stands there in the broken one."""

FAMILIES = ("update", "loss", "data", "initialisation", "normalisation", "evaluation", "speed", "generalisation")


@dataclass(frozen=True)
class Fault:
    """One way of breaking programs that people really find.

    `cause` is a key of CAUSES. Level 1 shows plainly, level 2 is subtler. `symptoms` are keys of SYMPTOMS, one of which
    has to be seen. `why`, `fix` and `prevention` are what a solution page says of it. `edits` are by the name of the
    program; `also` are snippets of the broken program whose lines are as good an answer as the edited ones, because a
    change there is a cure as well.
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
