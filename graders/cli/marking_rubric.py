"""The rubric items of a task in `katas review COURSE`: list, choose, add and change them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from graders.cli.reviewing import asked
from graders.errors import KataError
from graders.report.text import clean_line

if TYPE_CHECKING:
    from graders.course.gradebook.rubrics import Item
    from graders.course.review_queue import OpenPiece, ReviewQueue

KEYS = "#1 #2: choose rubric items, new: add one, change 1: change one"


def listed(queue: ReviewQueue, shown: OpenPiece) -> str:
    """Return the numbered items of a task."""
    lines = []
    for number, item in enumerate(queue.items(shown), start=1):
        comment = f": {clean_line(item.comment)}" if item.comment else ""
        lines.append(f"#{number}  {item.points:+g}  {item.label}{comment}")
    return queue.visible("\n".join(lines), shown.piece)


def chosen(queue: ReviewQueue, shown: OpenPiece, answer: str) -> list[int]:
    """Return the ids of the items that an answer such as `#1 #3` or `#1,3` chooses.

    Raises KataError if it is invalid.
    """
    words = [word for word in re.split(r"[\s,#]+", answer) if word]
    if not words:
        raise KataError("#: type the number of a rubric item, such as #1.")
    return [_numbered(queue, shown, word).id for word in words]


def add(queue: ReviewQueue, shown: OpenPiece) -> None:
    """Ask for a new item. An empty label adds none."""
    label = asked("label: ")
    if label:
        points = _points(asked("points, such as -1 or +2: "))
        queue.add_item(shown, label, points, asked("comment for the author (Enter: none): "))


def change(queue: ReviewQueue, shown: OpenPiece, number: str) -> None:
    """Ask for the new values of an item and, if any scores come from it, whether to change them too."""
    item = _numbered(queue, shown, number)
    label = asked(f"label (Enter keeps: {item.label}): ") or item.label
    points = asked(f"points (Enter keeps: {item.points:+g}): ")
    comment = asked(f"comment (Enter keeps: {clean_line(item.comment, 40) or 'none'}): ") or item.comment
    users = queue.users(item.id)
    if users:
        marks = "1 mark uses" if users == 1 else f"{users} marks use"
        if not asked(f"{marks} it. Change them too? (y/N) ").lower().startswith("y"):
            print("Nothing has changed.")
            return
    changed = queue.change_item(shown, item.id, label, _points(points) if points else item.points, comment)
    print("1 mark has changed." if changed == 1 else f"{changed} marks have changed.")


def _numbered(queue: ReviewQueue, shown: OpenPiece, word: str) -> Item:
    items = queue.items(shown)
    word = word.removeprefix("#")
    if not word.isdecimal() or not 1 <= int(word) <= len(items):
        raise KataError(f"#{clean_line(word, 20)}: no such rubric item. The task has {len(items)}; `new` adds one.")
    return items[int(word) - 1]


def _points(text: str) -> float:
    try:
        return float(text.replace(",", ".").replace("−", "-"))
    except ValueError:
        raise KataError(f"{clean_line(text, 20)}: type points such as -1 or +2.") from None
