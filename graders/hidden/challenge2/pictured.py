"""Check which trials the figure of challenge 2 shows, using the points drawn in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from graders.checks import Mismatch
from graders.hidden.challenge2.records import Row, front_of

SCALES = {
    "accuracy": (1, 100),
    "parameters": (1, 1e-3, 1e-6),
    "seconds": (1, 1 / 60, 1e3),
}  # the units that a plot may use
CLOSE = 1e-6
SPEAKS = {  # words that may name the quantity in a label
    "accuracy": r"acc|right|correct|share|score|perform|valid|rate|quality|%|percent",
    "parameters": r"param|weight|size|memory|number|count|bias",
    "seconds": r"sec|time|dura|min|hour|cost|\bm?s\b",
}
NAMES = {  # words that a label must not contain if it describes another quantity
    "accuracy": r"\baccurac",
    "parameters": r"\bparam",
    "seconds": r"\bsec(onds?|s)?\b|\btime\b",
}


def assert_tradeoffs_shown(figure: dict[str, Any] | None, rows: Sequence[Row]) -> None:
    """Check that accuracy is plotted against parameters and against seconds.

    Each plot needs labelled axes and a point for every trial, and it must mark the points on the front.
    """
    if figure is None:
        raise Mismatch("write_results saved no matplotlib figure as a PNG file", None, None)
    front = front_of(rows)
    for price in ("parameters", "seconds"):
        found = [(axes, *shown) for axes in figure["axes"] if (shown := _marks(axes, rows, price, front)) is not None]
        if not found:
            raise Mismatch(f"no axes show every trial as a point at its {price} and accuracy", price, None)
        if not any(_front_marked(marks, front) for _, marks, _ in found):
            said = f"accuracy against {price}: the points on the Pareto front look like the others; mark the front"
            raise Mismatch(said, "marked", None)
        if not any(_labelled(axes, figure) for axes, _, _ in found):
            raise Mismatch(f"accuracy against {price}: an axis has no label", "label", None)
        mistaken = [_mistaken(axes, names) for axes, _, names in found]
        if all(mistaken):
            raise Mismatch(f"accuracy against {price}: {mistaken[0]}", "label", None)


Marks = list[set[str]]


def _marks(
    axes: dict[str, Any], rows: Sequence[Row], price: str, front: Sequence[bool]
) -> tuple[Marks, tuple[str, str]] | None:
    """Return the styles of everything drawn at each trial's position, and the quantities on the x and y axes.

    Return None unless some choice of axes and units gives every trial a point within the limits.
    """
    for turned in (False, True):
        names = ("accuracy", price) if turned else (price, "accuracy")
        for first in SCALES[names[0]]:
            for second in SCALES[names[1]]:
                places = np.array([(row[names[0]] * first, row[names[1]] * second) for row in rows])
                marks = [_at(axes, place) for place in places]
                if all(marks):
                    _add_texts(marks, axes["texts"], places, front)
                    return marks, names
    return None


def _add_texts(marks: Marks, texts: Sequence[dict[str, Any]], places: np.ndarray, front: Sequence[bool]) -> None:
    """Let each text mark the trials on the front that are near, which may be several, else the nearest trial."""
    for text in texts:
        near = [row for point in text["points"] for row in _those_at(places, point)]
        for row in [row for row in near if front[row]] or near[:1]:
            marks[row].add(text["looks"])


def _at(axes: dict[str, Any], place: np.ndarray) -> set[str]:
    """Return the styles of everything drawn at a position, which is an empty set if there is no point."""
    low, high = np.transpose(axes["limits"])
    if not ((low <= place) & (place <= high)).all():
        return set()
    points, marks = (_looks(axes[kind], place) for kind in ("artists", "marks"))
    return points | marks if points else set()


def _looks(artists: Sequence[dict[str, Any]], place: np.ndarray) -> set[str]:
    return {artist["looks"][point] for artist in artists for point in _those_at(artist["points"], place)}


def _those_at(points: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Return which of these points (n, 2) are at a position (2,)."""
    return np.flatnonzero(np.isclose(points, place, rtol=CLOSE, atol=0).all(axis=1))


def _front_marked(marks: Sequence[set[str]], front: Sequence[bool]) -> bool:
    """Return whether each point on the front has a style that no point off the front has."""
    others = set().union(*(mark for mark, on_front in zip(marks, front, strict=True) if not on_front))
    return all(mark - others for mark, on_front in zip(marks, front, strict=True) if on_front)


def _labelled(axes: dict[str, Any], figure: dict[str, Any]) -> bool:
    """Return whether the x and y directions are labelled, on these axes or by a shared label."""
    for direction in (0, 1):
        shared = [each["labels"][direction] for each in figure["axes"]] if direction else []
        if not any(text.strip() for text in (axes["labels"][direction], figure["labels"][direction], *shared)):
            return False
    return True


def _mistaken(axes: dict[str, Any], names: tuple[str, str]) -> str:
    """Return a message if a label doesn't name the quantity on its axis, or an empty string otherwise."""
    for name, text in zip(names, axes["labels"], strict=True):
        others = [words for each, words in NAMES.items() if each != name]
        if re.search("|".join(others), text, re.IGNORECASE) and not re.search(SPEAKS[name], text, re.IGNORECASE):
            return f"the axis that shows {name} has the label {text.strip()!r}"
    return ""
