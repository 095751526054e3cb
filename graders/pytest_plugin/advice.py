"""Says in plain words what an exception of Python or NumPy means, and what to do next (see advice.toml).

Only exceptions of the learner's code get advice. They decide nothing: the exception itself is shown, too.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Collection
from pathlib import Path


@functools.cache
def table() -> list[dict[str, str]]:
    """Return the entries of advice.toml, each with `type`, `pattern` and `say`."""
    text = Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
    found: list[dict[str, str]] = tomllib.loads(text)["advice"]
    return found


def advice(types: Collection[str], text: str) -> str:
    """Return the advice on an exception with these types (its own and those that it is derived from), or ""."""
    entries = (entry for entry in table() if entry["type"] in types and re.search(entry["pattern"], text))
    return next((" ".join(entry["say"].split()) for entry in entries), "")


def advice_on(fault: BaseException) -> str:
    """Return the advice on an exception that was raised in this process, or ""."""
    return advice([kind.__name__ for kind in type(fault).__mro__], str(fault))
