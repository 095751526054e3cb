"""Compare expected and actual values in HTML, with a table coloured as a heatmap and, for gradients, a plot.

The verdict holds both values as Python code. Nothing is drawn if a value is truncated or described in words, so that it
cannot be parsed, or if the shapes differ. No information depends on colour alone, because every cell of the table also
gives the difference in text, and the two series of a plot use different symbols.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from graders.verdict import TestResult

MOST_COLUMNS = 24
MOST_ROWS = 40
MOST_POINTS = 80
ROUNDING = 1e-6  # relative to the largest difference; smaller differences are shown as 0

STYLE = """
.map { overflow-x: auto; margin: .5rem 0; } .map table { width: auto; font-variant-numeric: tabular-nums; }
.map th, .map td { padding: .3rem .5rem; text-align: right; white-space: nowrap; border: 1px solid var(--line); }
.map th { font-weight: 400; color: var(--soft); } .map td span { display: block; font-size: .8rem; }
.over1 { background: var(--over1); } .over2 { background: var(--over2); } .over3 { background: var(--over3); }
.under1 { background: var(--under1); } .under2 { background: var(--under2); } .under3 { background: var(--under3); }
.plot { width: 100%; max-width: 34rem; height: auto; display: block; margin: .5rem 0; }
.plot text { fill: var(--ink); font: 11px system-ui, sans-serif; } .plot .axis { stroke: var(--soft); }
.plot .gap { stroke: var(--soft); stroke-dasharray: 3 2; } .plot .expected { fill: none; stroke: var(--good); }
.plot .came { stroke: var(--bad); } .plot .expected, .plot .came { stroke-width: 2; }
"""

_GRADIENT = re.compile(r"grad|backward|derivative|cotangent|jacobian", re.IGNORECASE)


@dataclass(frozen=True)
class Comparison:
    """An expected and an actual value of the same shape. The entries of both are in C order."""

    shape: tuple[int, ...]
    expected: tuple[float, ...]
    yours: tuple[float, ...]

    @property
    def differences(self) -> tuple[float, ...]:
        """The actual entries minus the expected entries.

        A difference is 0 if both entries are the same infinity or both are nan. Otherwise, it is nan if either entry is
        not finite.
        """
        pairs = zip(self.yours, self.expected, strict=True)
        return tuple(0.0 if a == b or (a != a and b != b) else a - b if _finite(a, b) else math.nan for a, b in pairs)


def comparison(test: TestResult) -> Comparison | None:
    """Return the two values of a test, or None if they are missing, equal, not numeric or different in shape."""
    left, right = _value(test.expected), _value(test.actual)
    if left is None or right is None:
        return None
    (shape, expected), (other, yours) = left, right
    found = Comparison(shape, expected, yours) if shape == other and expected else None
    return found if found is not None and any(each != 0 for each in found.differences) else None


def drawn(test: TestResult) -> list[str]:
    """Return a table and a plot of the values of a failed test as HTML. Leave out what is too large or undefined."""
    found = comparison(test)
    if found is None:
        return []
    parts = [_heatmap(found)] if _rows(found) <= MOST_ROWS and _columns(found) <= MOST_COLUMNS else []
    words = " ".join((test.name, test.task, test.message.partition("\n")[0]))
    finite = all(map(math.isfinite, found.expected + found.yours))
    if _GRADIENT.search(words) and 1 < len(found.expected) <= MOST_POINTS and finite:
        parts.append(_plot(found))
    return parts


# ------------------------------------------------------------------------------------------------ reading


def _value(text: str) -> tuple[tuple[int, ...], tuple[float, ...]] | None:
    try:
        node = ast.parse(text.strip(), mode="eval").body
        nested = _numbers(node)
        shape = _shape(nested)
        return shape, tuple(_entries(nested, shape))
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError):
        return None


def _numbers(node: ast.expr) -> object:
    """Return nested lists of floats. Raises ValueError for anything else."""
    if isinstance(node, ast.Call):  # np.array([…], dtype=…), np.float32(0.5), float('nan')
        if not (len(node.args) == 1 and isinstance(node.func, ast.Attribute | ast.Name)):
            raise ValueError
        name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
        if not re.fullmatch(r"array|float(16|32|64)?|u?int(8|16|32|64)|bool", name):
            raise ValueError
        return _numbers(node.args[0])
    if isinstance(node, ast.List):
        return [_numbers(each) for each in node.elts]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _numbers(node.operand)
        if isinstance(inner, float):
            return -inner
    if isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float | str):
        return float(node.value)  # a string comes from float('nan') or float('inf')
    raise ValueError


def _shape(nested: object) -> tuple[int, ...]:
    if not isinstance(nested, list):
        return ()
    shapes = {_shape(each) for each in nested}
    if len(shapes) != 1:
        raise ValueError
    return (len(nested), *shapes.pop())


def _entries(nested: object, shape: tuple[int, ...]) -> Iterator[float]:
    if not shape:
        assert isinstance(nested, float)
        yield nested
        return
    assert isinstance(nested, list)
    for each in nested:
        yield from _entries(each, shape[1:])


def _finite(*values: float) -> bool:
    return all(map(math.isfinite, values))


# ------------------------------------------------------------------------------------------------ heatmap


def _columns(found: Comparison) -> int:
    return found.shape[-1] if found.shape else 1


def _rows(found: Comparison) -> int:
    return len(found.expected) // _columns(found)


def _heatmap(found: Comparison) -> str:
    """Return a table of the differences as HTML.

    The columns follow the last axis, and the row headings give the indices along the other axes.
    """
    differences, columns = found.differences, _columns(found)
    largest = max((abs(each) for each in differences if math.isfinite(each)), default=0.0)
    off = [place for place, each in enumerate(differences) if _level(each, largest)]
    worst = max(off, key=lambda place: math.inf if math.isnan(differences[place]) else abs(differences[place]))
    where = f", the worst at {_index(found.shape, worst)}" if found.shape and len(off) > 1 else ""
    caption = f"Yours minus expected: {len(off)} of {len(differences)} {_entry(len(differences))} off{where}"
    head = ""
    if columns > 1:
        cells = "".join(f'<th scope="col">{number}</th>' for number in range(columns))
        corner = '<td><b class="hidden">row</b></td>' if len(found.shape) > 1 else ""
        head = f"<thead><tr>{corner}{cells}</tr></thead>\n"
    rows = []
    for row in range(_rows(found)):
        places = range(row * columns, (row + 1) * columns)
        label = ", ".join(map(str, _index(found.shape, row * columns)[:-1]))
        first = f'<th scope="row">{label}</th>' if len(found.shape) > 1 else ""
        rows.append(f"<tr>{first}{''.join(_cell(found, place, differences[place], largest) for place in places)}</tr>")
    body = "\n".join(rows)
    return (
        f'<p>{escape(caption)}:</p>\n<div class="map" tabindex="0" role="region" aria-label="{escape(caption)}">'
        f"<table>\n{head}<tbody>\n{body}\n</tbody></table></div>"
    )


def _entry(count: int) -> str:
    return "entry" if count == 1 else "entries"


def _cell(found: Comparison, place: int, difference: float, largest: float) -> str:
    level = _level(difference, largest)
    if not level:
        return f"<td>0<span>{_number(found.yours[place])}</span></td>"
    side = "under" if difference < 0 else "over"
    shown = "≠" if math.isnan(difference) else f"{'−' if difference < 0 else '+'}{_number(abs(difference))}"
    pair = f"{_number(found.yours[place])}, not {_number(found.expected[place])}"
    return f'<td class="{side}{level}"><b>{shown}</b><span>{pair}</span></td>'


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


# --------------------------------------------------------------------------------------------------- plot

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 340, 200, 52, 26, 24


def _plot(found: Comparison) -> str:
    """Return an SVG plot of two gradients, with circles for expected values and crosses for actual values."""
    low, high = min(found.expected + found.yours), max(found.expected + found.yours)
    low, high = min(low, 0.0), max(high, 0.0)
    span = (high - low) or 1.0
    count = len(found.expected)

    def x(place: int) -> float:
        return _LEFT + 12 + (_WIDTH - _LEFT - 24) * (place / (count - 1))

    def y(value: float) -> float:
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (high - value) / span

    title = f"Expected and actual gradients of {count} elements"
    parts = [
        f'<svg class="plot" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">',
        f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH - 6}" y1="{y(0):.1f}" y2="{y(0):.1f}"/>',
        f'<line class="axis" x1="{_LEFT}" x2="{_LEFT}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"/>',
        *(_tick(value, y(value)) for value in dict.fromkeys((high, 0.0, low)) if _apart(value, high, low)),
        '<circle class="expected" cx="60" cy="10" r="4"/><text x="68" y="14">expected</text>',
        f'{_cross(140, 10)}<text x="148" y="14">yours</text>',
        f'<text x="{_WIDTH - 6}" y="{_HEIGHT - 6}" text-anchor="end">element, in array order</text>',
    ]
    for place, (expected, yours) in enumerate(zip(found.expected, found.yours, strict=True)):
        across, one, other = x(place), y(expected), y(yours)
        if abs(one - other) > 8:
            parts.append(f'<line class="gap" x1="{across:.1f}" x2="{across:.1f}" y1="{one:.1f}" y2="{other:.1f}"/>')
        parts.append(f'<circle class="expected" cx="{across:.1f}" cy="{one:.1f}" r="4"/>{_cross(across, other)}')
    return "\n".join([*parts, "</svg>"])


def _tick(value: float, height: float) -> str:
    return f'<text x="{_LEFT - 6}" y="{height + 4:.1f}" text-anchor="end">{_number(value)}</text>'


def _apart(value: float, high: float, low: float) -> bool:
    near = 0.1 * (high - low)
    return value in (high, low) or min(high - value, value - low) > near


def _cross(x: float, y: float) -> str:
    return f'<path class="came" d="M{x - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8"/>'
