"""What the packages beside `graders` offer to the command line and to each other. A copy may lack some of them."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from graders.errors import KataError

DOORS = {
    "learners' page": "katas_page.app",
    "practice networks": "katas_practice.page",
    "marking page": "katas_course.serve.app",
}


def is_here(target: str) -> bool:
    """Return whether the package of a module or of one of its attributes, as in `katas_page.app:serve`, is here."""
    package, *inside = target.partition(":")[0].split(".")
    return find_spec(f"graders.{inside[0]}" if package == "graders" else package) is not None


def door(name: str) -> Any:
    """Return the module behind a name in DOORS. Raises KataError if its package is not part of this copy."""
    if not is_here(DOORS[name]):
        raise KataError(f"this copy of the katas has no {name}. Use a clone of the whole repository.")
    return import_module(DOORS[name])
