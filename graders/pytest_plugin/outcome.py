"""Writes the expected and the actual value as text, for comments below a failing call and for the verdict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from graders.checks import digits
from graders.checks.arrays import is_tensor
from graders.pytest_plugin.differing import kind_of
from graders.pytest_plugin.values_as_code import code

MAX_SHOWN = 25  # an array with more entries is not written out
MAX_OUTCOME = 1_000  # in characters; longer values are cut

_EXPECTED, _ACTUAL, _MORE = "# expected: ", "# yours   : ", "#           "


@dataclass(frozen=True)
class Outcome:
    """The expected and the actual value as text. Each is None if it is not shown.

    `remark` is printed above both values.
    """

    expected: str | None = None
    actual: str | None = None
    remark: str = ""

    @property
    def comments(self) -> list[str]:
        """The comment lines, in which the remark precedes the values."""
        lines = [f"# {self.remark}"] if self.remark else []
        for label, text in ((_EXPECTED, self.expected), (_ACTUAL, self.actual)):
            if text is not None:
                lines.append(_comment(label, text))
        return lines

    def without_long(self, most: int) -> Outcome:
        """Return the outcome without the values whose comment is longer than `most` characters."""

        def kept(label: str, text: str | None) -> str | None:
            return text if text is not None and len(_comment(label, text)) <= most else None

        return replace(self, expected=kept(_EXPECTED, self.expected), actual=kept(_ACTUAL, self.actual))


@dataclass(frozen=True)
class Counterexample:
    """A failing call as `text`. `expected` and `actual` repeat the values in its last comments, or are empty."""

    text: str = ""
    expected: str = ""
    actual: str = ""


def with_outcome(lines: list[str], outcome: Outcome) -> Counterexample:
    """Return a counterexample that consists of these lines and the outcome below them."""
    return Counterexample("\n".join([*lines, *outcome.comments]), outcome.expected or "", outcome.actual or "")


def compared(expected: Any, actual: Any) -> Outcome:
    """Return both values with enough digits to show their difference."""
    most = digits.enough(expected, actual)
    return Outcome(expected_text(expected, most), actual_text(actual, most))


def expected_text(value: Any, most: int = digits.FEWEST) -> str:
    """Return an expected value as code. A string is already a description."""
    return _cut(value) if type(value) is str else actual_text(value, most)


def actual_text(value: Any, most: int = digits.FEWEST) -> str:
    """Return a value as code with at most `most` digits for floats, or a description of a large array."""
    return _cut(kind_of(value) if is_large(value) else code(_plain(value), most))


def array_of(value: Any) -> Any:
    """Return a torch tensor as an array, or as a number if it has no axes. Return other values unchanged."""
    return value.detach().cpu().numpy()[()] if is_tensor(value) else value


def is_large(value: Any) -> bool:
    """Return whether this is an array with too many entries to show."""
    return isinstance(value, np.ndarray) and value.size > MAX_SHOWN


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.float64 | np.int64 | np.bool_) else value


def _cut(text: str) -> str:
    return text if len(text) <= MAX_OUTCOME else text[:MAX_OUTCOME] + "…"


def _comment(label: str, text: str) -> str:
    return label + text.replace("\n", f"\n{_MORE}")
