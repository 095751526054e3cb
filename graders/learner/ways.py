"""Ways through the katas: lists that `katas next --for NAME` follows instead of the usual order."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from graders.errors import KataError


@dataclass(frozen=True)
class Way:
    """A title that says for whom the way is, and the slugs of its katas in order."""

    title: str
    katas: tuple[str, ...]

    def following(self, done: Collection[str]) -> str | None:
        """Return the next slug, or None at the end: the first after the last one done, then those that were skipped."""
        passed = max((place for place, slug in enumerate(self.katas) if slug in done), default=-1)
        order = (*self.katas[passed + 1 :], *self.katas[: passed + 1])
        return next((slug for slug in order if slug not in done), None)


def way(name: str) -> Way:
    """Return the way of this name. Raises KataError, which lists all names, if there is none."""
    text = Path(__file__).with_name("ways.toml").read_text(encoding="utf-8")
    found = {each: Way(entry["title"], tuple(entry["katas"])) for each, entry in tomllib.loads(text).items()}
    if name not in found:
        names = "\n".join(f"  {each:8}  {way.title}" for each, way in found.items())
        raise KataError(f"there is no way `{name}`. Choose one of these:\n{names}")
    return found[name]
