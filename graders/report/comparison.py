"""Compare expected and actual values in HTML, with a table coloured as a heatmap.

The verdict holds both values as Python code. Nothing is drawn if a value is truncated or described in words, so that it
cannot be parsed, or if the shapes differ. No information depends on colour alone, because every cell of the table also
gives the difference in text.
"""

from __future__ import annotations

import ast
import math
import re
from html import escape
from typing import NamedTuple

from graders.verdict import TestResult

MOST_COLUMNS = 24
MOST_ROWS = 40
ROUNDING = 1e-6  # relative to the largest difference; smaller differences are shown as 0

STYLE = """
.map { overflow-x: auto; margin: .5rem 0; } .map table { width: auto; font-variant-numeric: tabular-nums; }
.map th, .map td { padding: .3rem .5rem; text-align: right; white-space: nowrap; border: 1px solid var(--line); }
.map th { font-weight: 400; color: var(--soft); } .map td span { display: block; font-size: .8rem; }
.over1 { background: var(--over1); } .over2 { background: var(--over2); } .over3 { background: var(--over3); }
.under1 { background: var(--under1); } .under2 { background: var(--under2); } .under3 { background: var(--under3); }
"""


class Comparison(NamedTuple):
    """Two values of the same shape, in C order. A difference is nan if only one entry is finite."""

    shape: tuple[int, ...]
    expected: tuple[float, ...]
    yours: tuple[float, ...]
    differences: tuple[float, ...]


def comparison(test: TestResult) -> Comparison | None:
    """Return the two values of a test, or None if they are missing, equal, not numeric or different in shape."""
    try:
        (shape, expected), (other, yours) = map(_parsed, (test.expected, test.actual))
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError):
        return None
    if shape != other:
        return None
    differences = tuple(map(_difference, yours, expected))
    return Comparison(shape, expected, yours, differences) if any(each != 0 for each in differences) else None


def drawn(test: TestResult) -> str:
    """Return a table of the values of a failed test as HTML. It is empty if they are too many or undefined."""
    found = comparison(test)
    if found is None:
        return ""
    columns = found.shape[-1] if found.shape else 1
    small = columns <= MOST_COLUMNS and len(found.expected) // columns <= MOST_ROWS
    return _heatmap(found, columns) if small else ""


def _difference(a: float, b: float) -> float:
    if a == b or (a != a and b != b):
        return 0.0
    return a - b if math.isfinite(a) and math.isfinite(b) else math.nan


def _parsed(text: str) -> tuple[tuple[int, ...], tuple[float, ...]]:
    return _value(ast.parse(text.strip(), mode="eval").body)


def _value(node: ast.expr) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Return the shape and the entries of a number or of nested lists. Raises ValueError for anything else."""
    if isinstance(node, ast.Call):  # np.array([…], dtype=…), np.float32(0.5), float('nan')
        name = getattr(node.func, "attr", "") or getattr(node.func, "id", "")
        if len(node.args) == 1 and re.fullmatch(r"array|float(16|32|64)?|u?int(8|16|32|64)|bool", name):
            return _value(node.args[0])
    elif isinstance(node, ast.List):
        parts = [_value(each) for each in node.elts]
        shapes = {shape for shape, _ in parts}
        if len(shapes) == 1:
            return (len(parts), *shapes.pop()), tuple(entry for _, entries in parts for entry in entries)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        shape, entries = _value(node.operand)
        if not shape:
            return (), (-entries[0],)
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float | str):
        return (), (float(node.value),)  # a string comes from float('nan') or float('inf')
    raise ValueError


# ------------------------------------------------------------------------------------------------ heatmap


def _heatmap(found: Comparison, columns: int) -> str:
    """Return a table of the differences as HTML, whose columns follow the last axis."""
    differences, count = found.differences, len(found.differences)
    largest = max((abs(each) for each in differences if math.isfinite(each)), default=0.0)
    off = [place for place, each in enumerate(differences) if _level(each, largest)]
    worst = max(off, key=lambda place: math.inf if math.isnan(differences[place]) else abs(differences[place]))
    where = f", the worst at {_index(found.shape, worst)}" if found.shape and len(off) > 1 else ""
    caption = f"Yours minus expected: {len(off)} of {count} {'entry' if count == 1 else 'entries'} off{where}"
    matrix = len(found.shape) > 1
    head = ""
    if columns > 1:
        cells = "".join(f'<th scope="col">{number}</th>' for number in range(columns))
        corner = '<td><b class="hidden">row</b></td>' if matrix else ""
        head = f"<thead><tr>{corner}{cells}</tr></thead>\n"
    rows = []
    for start in range(0, count, columns):
        label = ", ".join(map(str, _index(found.shape, start)[:-1]))
        first = f'<th scope="row">{label}</th>' if matrix else ""
        rows.append(f"<tr>{first}{''.join(_cell(found, start + i, largest) for i in range(columns))}</tr>")
    body = "\n".join(rows)
    return (
        f'<p>{escape(caption)}:</p>\n<div class="map" tabindex="0" role="region" aria-label="{escape(caption)}">'
        f"<table>\n{head}<tbody>\n{body}\n</tbody></table></div>"
    )


def _cell(found: Comparison, place: int, largest: float) -> str:
    difference, yours = found.differences[place], _number(found.yours[place])
    level = _level(difference, largest)
    if not level:
        return f"<td>0<span>{yours}</span></td>"
    side, sign = ("under", "−") if difference < 0 else ("over", "+")
    shown = "≠" if math.isnan(difference) else sign + _number(abs(difference))
    return f'<td class="{side}{level}"><b>{shown}</b><span>{yours}, not {_number(found.expected[place])}</span></td>'


def _level(difference: float, largest: float) -> int:
    if math.isnan(difference):
        return 3
    share = abs(difference) / largest if largest else 0.0
    return 0 if share <= ROUNDING else 1 if share <= 1 / 3 else 2 if share <= 2 / 3 else 3


def _index(shape: tuple[int, ...], place: int) -> list[int]:
    found = []
    for length in reversed(shape):
        place, rest = divmod(place, length)
        found.append(rest)
    return found[::-1]


def _number(value: float) -> str:
    if not math.isfinite(value):
        return str(value)
    return f"{value or 0.0:.3g}".replace("-", "−")  # without negative zero
