"""Says in plain words what an exception of Python or NumPy means, and what to do next (see advice.toml).

Only exceptions of the learner's code get advice. They decide nothing: the exception itself is shown, too.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple


class Advice(NamedTuple):
    """What to say about an exception of this type, or of one that is derived from it, whose text has this pattern."""

    type: str
    pattern: re.Pattern[str]
    sentence: str


@functools.cache  # a suite server reads them before it forks judges
def table() -> list[Advice]:
    """Return the entries of advice.toml."""
    entries = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))["advice"]
    return [Advice(each["type"], re.compile(each["pattern"]), " ".join(each["say"].split())) for each in entries]


def advice(types: Collection[str], text: str) -> str:
    """Return the advice on an exception with these types (its own and those that it is derived from), or ""."""
    return next((each.sentence for each in table() if each.type in types and each.pattern.search(text)), "")


def advice_on(fault: BaseException) -> str:
    """Return the advice on an exception that was raised in this process, or ""."""
    return advice([kind.__name__ for kind in type(fault).__mro__], str(fault))


def observed(statements: Collection[str]) -> tuple[str, str]:
    """Return the statement about wrong answers that comes first in the table, and its advice, or "", ""."""
    entries = (each for each in table() if each.type == "Observation")
    found = ((text, each.sentence) for each in entries for text in sorted(statements) if each.pattern.search(text))
    return next(found, ("", ""))
