"""Challenge 2, hidden: what a figure shows of trials, told from what was drawn in it."""

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
}  # in which units one may draw
CLOSE = 1e-6
SPEAKS = {  # by which a label may name what it is at
    "accuracy": r"acc|right|correct|share|score|perform|valid|rate|quality|%|percent",
    "parameters": r"param|weight|size|memory|number|count|bias",
    "seconds": r"sec|time|dura|min|hour|cost|\bm?s\b",
}
NAMES = {  # words of a label that is at nothing else
    "accuracy": r"\baccurac",
    "parameters": r"\bparam",
    "seconds": r"\bsec(onds?|s)?\b|\btime\b",
}


def assert_tradeoffs_shown(figure: dict[str, Any] | None, rows: Sequence[Row]) -> None:
    """Accuracy against parameters and against seconds: every trial a point, the front marked, the axes labelled."""
    if figure is None:
        raise Mismatch("no figure of matplotlib was saved as a PNG file", None, None)
    for price in ("parameters", "seconds"):
        found = [(axes, *shown) for axes in figure["axes"] if (shown := _marks(axes, rows, price)) is not None]
        if not found:
            raise Mismatch(f"no axes show every trial as a point (its {price}, its accuracy)", price, None)
        if not any(_front_marked(marks, front_of(rows)) for _, marks, _ in found):
            said = f"in accuracy against {price} the points of the Pareto front look as the others do"
            raise Mismatch(said, "marked", None)
        if not any(_labelled(axes, figure) for axes, _, _ in found):
            raise Mismatch(f"an axis of accuracy against {price} has no label", "label", None)
        mistaken = [_mistaken(axes, names) for axes, _, names in found]
        if all(mistaken):
            raise Mismatch(f"accuracy against {price}: {mistaken[0]}", "label", None)


Marks = list[set[str]]


def _marks(axes: dict[str, Any], rows: Sequence[Row], price: str) -> tuple[Marks, tuple[str, str]] | None:
    """For each trial what is drawn at its place, and how, and what goes across and up.

    None if a trial has nothing, on any scale, inside the limits.
    """
    for turned in (False, True):
        names = ("accuracy", price) if turned else (price, "accuracy")
        for first in SCALES[names[0]]:
            for second in SCALES[names[1]]:
                places = np.array([(row[names[0]] * first, row[names[1]] * second) for row in rows])
                marks = [_at(axes, place) for place in places]
                if all(marks):
                    return marks, names
    return None


def _at(axes: dict[str, Any], place: np.ndarray) -> set[str]:
    """The looks of what is drawn at a place; empty where no point is drawn."""
    low, high = np.transpose(axes["limits"])
    if not ((low <= place) & (place <= high)).all():
        return set()
    points, marks = (_looks(axes[kind], place) for kind in ("artists", "marks"))
    return points | marks if points else set()


def _looks(artists: Sequence[dict[str, Any]], place: np.ndarray) -> set[str]:
    return {
        artist["looks"][point]
        for artist in artists
        for point in np.flatnonzero(np.isclose(artist["points"], place, rtol=CLOSE, atol=0).all(axis=1))
    }


def _front_marked(marks: Sequence[set[str]], front: Sequence[bool]) -> bool:
    """Each point of the front has something that no other point has."""
    others = set().union(*(mark for mark, on_front in zip(marks, front, strict=True) if not on_front))
    return all(mark - others for mark, on_front in zip(marks, front, strict=True) if on_front)


def _labelled(axes: dict[str, Any], figure: dict[str, Any]) -> bool:
    """Both directions have a label; one that axes share may stand at another one of them."""
    for direction in (0, 1):
        shared = [each["labels"][direction] for each in figure["axes"]] if direction else []
        if not any(text.strip() for text in (axes["labels"][direction], figure["labels"][direction], *shared)):
            return False
    return True


def _mistaken(axes: dict[str, Any], names: tuple[str, str]) -> str:
    """What is said of a label that speaks of another quantity than is drawn there; empty where none does."""
    for name, text in zip(names, axes["labels"], strict=True):
        others = [words for each, words in NAMES.items() if each != name]
        if re.search("|".join(others), text, re.IGNORECASE) and not re.search(SPEAKS[name], text, re.IGNORECASE):
            return f"{text.strip()!r} is the label of what is drawn by {name}"
    return ""
