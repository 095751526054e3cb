"""One reviewer's queue, as the page uses it. The page may have several tabs, so one request is answered at a time."""

from __future__ import annotations

import math
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from graders.errors import KataError
from graders.web.answers import Outdated
from katas_course.marking_queue import MarkedMeanwhile, MarkingQueue, OpenPiece, Wanted
from katas_course.serve.piece import ShownPiece

KEPT = 50  # opened pieces; an older one has to be opened again
HELD = "Another reviewer has it open, or it needs no points any more."
LONGEST = 10_000  # characters of a label or a comment, before the gradebook's own limits


class Desk:
    """The queue of one reviewer, with the pieces that the page has opened. Hold `lock` while you use it.

    Each opening has a number. Points are given for the piece as it was when it was opened, so that no tab overwrites
    what another tab or another reviewer has given since then.
    """

    def __init__(self, queue: MarkingQueue, course: str, say: Callable[[str], None]) -> None:
        self.lock = threading.Lock()
        self._queue, self._course, self._say = queue, course, say
        self._opened: OrderedDict[int, ShownPiece] = OrderedDict()
        self._number = secrets.randbits(40)  # a page of an earlier server must not score another piece
        self._last: OpenPiece | None = None  # the piece that was opened last
        self._at_end = False

    def state(self) -> dict[str, Any]:
        """Return the queue's name, its progress, and what it can be limited to."""
        every, wanted = self._queue.all, self._queue.wanted
        tasks = dict.fromkeys((each.kata, each.task) for each in every)
        chosen = {"kata": wanted.kata, "task": wanted.task, "person": wanted.person, "again": wanted.again}
        return {
            "course": self._course,
            "by": self._queue.book.who,
            "anonymous": wanted.anonymous,
            "progress": self._queue.progress(),
            "katas": list(dict.fromkeys(each.kata for each in every)),
            "tasks": [{"kata": kata, "task": task} for kata, task in tasks],
            "people": sorted({each.name for each in every}),
            "chosen": chosen,
        }

    def choose(self, given: dict[str, Any]) -> dict[str, Any]:
        """Limit the queue, and open its first piece. An empty text means everything."""
        kata, task, person = (given.get(name, "") for name in ("kata", "task", "person"))
        if not all(isinstance(each, str) for each in (kata, task, person)):
            raise KataError("`kata`, `task` and `person` must be texts.")
        self._queue.choose(Wanted(kata, task, person, given.get("again") is True))
        self._last = None
        return self.next()

    def next(self) -> dict[str, Any]:
        """Open the next piece. Without one, also write the files of the batches."""
        found = self._queue.next()
        self._at_end = found is None
        if found is not None:
            return self._answer(found)
        self._write_tables()
        end = self._queue.ending()
        return self._answer(None, end.note) | {"end": {"title": end.title, "skipped": end.skipped}}

    def start(self) -> dict[str, Any]:
        """Open the piece that was opened last, for a page that was loaded again. If it was scored, open the next one.

        Another tab gets the same piece. The score that is given first is stored, and the other tab hears of it.
        """
        last = None if self._at_end else self._last
        found = self._queue.again(last) if last else None
        return self._answer(found) if last and found and found.score == last.score else self.next()

    def back(self) -> dict[str, Any]:
        """Open the piece before the current one."""
        if self._at_end and self._last is not None:
            self._at_end = False
            return self._again(self._last)
        first = "This is the first one." if self._queue.at_start else HELD
        found = self._queue.back()
        return self._answer(found, "" if found else first)

    def again(self, number: int) -> dict[str, Any]:
        """Open a piece again, as it is now."""
        return self._again(self._piece(number).opened)

    def picture(self, number: int, at: int) -> bytes | None:
        """Return a picture of an opened piece, or None."""
        shown = self._opened.get(number)
        return shown.pictures[at] if shown and 0 <= at < len(shown.pictures) else None

    def score(self, number: int, given: dict[str, Any]) -> dict[str, Any]:
        """Return the points and the comment that rubric items give."""
        shown = self._piece(number)
        points, comment = self._queue.score_of(shown.opened, _ids(given.get("items")))
        return {"points": points, "comment": shown.visible(comment or "")}

    def give(self, number: int, given: dict[str, Any]) -> dict[str, Any]:
        """Store points and a comment. Raises Outdated if another reviewer was faster."""
        shown, chosen = self._piece(number), _ids(given.get("items", []))
        points, comment = _number(given), shown.comment(_text(given, "comment"))
        try:
            if chosen and self._queue.score_of(shown.opened, chosen)[0] != points:
                chosen = []  # the points were changed by hand, so they no longer come from the items
            shown.opened = self._queue.give(shown.opened, (points, comment), chosen)
        except MarkedMeanwhile as faster:
            said = f"{self._queue.meanwhile(shown.opened, faster.score)}\nYour points were not stored."
            now = self._queue.again(shown.opened)
            raise Outdated(said, {"piece": self._described(now) if now else None}) from None
        except KataError as fault:
            raise KataError(shown.visible(str(fault))) from None
        return {"progress": self._queue.progress()}

    def add_item(self, number: int, given: dict[str, Any]) -> dict[str, Any]:
        """Add a rubric item to the task of a piece, and return all items."""
        shown = self._piece(number)
        self._queue.add_item(shown.opened, _text(given, "label"), _number(given), _text(given, "comment"))
        return {"items": shown.items()}

    def close(self) -> None:
        """Write the files of the batches."""
        self._write_tables()
        self._say(self._queue.progress())

    def _write_tables(self) -> None:
        try:
            for line in self._queue.write_tables():
                self._say(line)
        except KataError as fault:
            self._say(f"katas: {fault}\nThe points are stored.")

    def _again(self, opened: OpenPiece) -> dict[str, Any]:
        found = self._queue.again(opened)
        return self._answer(found, "" if found else HELD)

    def _answer(self, found: OpenPiece | None, note: str = "") -> dict[str, Any]:
        piece = self._described(found) if found else None
        return {"piece": piece, "progress": self._queue.progress(), "note": note}

    def _described(self, found: OpenPiece) -> dict[str, Any]:
        self._number += 1
        self._last = found
        shown = self._opened[self._number] = ShownPiece(self._queue, found)
        while len(self._opened) > KEPT:
            self._opened.popitem(last=False)
        return shown.described(self._number)

    def _piece(self, number: int) -> ShownPiece:
        if number not in self._opened:
            raise KataError("This piece was opened too long ago, or by a server that has ended. Reload the page.")
        return self._opened[number]


def _ids(items: object) -> Sequence[int]:
    if not isinstance(items, list) or not all(type(each) is int for each in items):
        raise KataError("`items` must be a list of numbers.")
    return items


def _number(given: dict[str, Any]) -> float:
    points = given.get("points")
    if isinstance(points, bool) or not isinstance(points, int | float) or not math.isfinite(points):
        raise KataError("The points are not a number.")
    return float(points)


def _text(given: dict[str, Any], name: str) -> str:
    text = given.get(name, "" if name == "comment" else None)
    if not isinstance(text, str) or len(text) > LONGEST:
        raise KataError(f"The {name} is not a text, or it is too long.")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise KataError(f"The {name} has half of a surrogate pair, which is not a character.") from None
    return text
