"""Write the template files of a new kata. They mark the places that the author still has to fill in."""

from __future__ import annotations

import keyword
import re
import tomllib
from pathlib import Path

from graders.errors import KataError

TEMPLATE = Path(__file__).parent / "static" / "new_kata.toml"
_TABLE = tomllib.loads(TEMPLATE.read_text(encoding="utf-8"))
PLACES: list[str] = _TABLE["places"]
UNSAID: str = _TABLE["unsaid"]


def scaffold(root: Path, slug: str, function: str) -> str:
    """Write a kata's files and return the next steps. Raises KataError if a name is invalid or a folder exists."""
    if not re.fullmatch("[a-z][a-z0-9_]*", slug):
        raise KataError(f"{slug}: not a valid slug. Use lower-case letters, digits and _, starting with a letter.")
    if not function.isidentifier() or keyword.iskeyword(function):
        raise KataError(f"--function {function}: not a valid name for a Python function")
    for folder in (f"katas/{slug}", f"solutions/{slug}", f"graders/hidden/{slug}"):
        if (root / folder).exists():
            raise KataError(f"{folder}: the folder exists already. Choose another slug, or remove the folder.")
    words = {"slug": slug, "function": function, "title": slug.replace("_", " ").capitalize()}
    for name, text in _TABLE["files"].items():
        path = root / name.format(**words)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.format(**words), encoding="utf-8")
    steps: str = _TABLE["steps"]
    return steps.format(**words, places="\n".join(f"> {place}" for place in PLACES))
