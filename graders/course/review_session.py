"""What a reviewer's session needs in the terminal and in the browser: the katas, the progress, and what pieces show."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from graders import catalogue
from graders.catalogue import Kata, Task
from graders.course.review_queue import OpenPiece, ReviewQueue
from graders.errors import KataError
from graders.manual_scores import ManualScore
from graders.report.text import clean_line


class Katas:
    """The repository's katas, or those in `only`. `say` reports once each that is missing, and it is left out."""

    def __init__(self, root: Path, say: Callable[[str], None], only: Collection[str] = ()) -> None:
        self._root, self._say, self._only = root, say, only
        self._loaded: dict[str, Kata | None] = {}

    def __call__(self, slug: str) -> Kata | None:
        if self._only and slug not in self._only:
            return None
        if slug not in self._loaded:
            try:
                self._loaded[slug] = catalogue.load(self._root, slug)
            except KataError as fault:
                self._say(f"katas: {str(fault).rstrip('.')}. It is left out of the queue.")
                self._loaded[slug] = None
        return self._loaded[slug]


def check(queue: ReviewQueue) -> None:
    """Raise KataError if an option names a task or a person that the queue does not have."""
    tasks = list(dict.fromkeys(each.task for each in queue.all))
    for task in queue.wanted.tasks:
        if task not in tasks:
            raise KataError(f"--task {clean_line(task)}: no such task in the queue. Its tasks: {', '.join(tasks)}")
    known = {each.name for each in queue.all}
    for person in queue.wanted.people:
        if person not in known and queue.wanted.anonymous:
            raise KataError(
                f"--person {clean_line(person)}: with --anonymous, give the pseudonym that the queue shows."
            )
        if person not in known:
            raise KataError(f"--person {clean_line(person)}: nothing of this person is in the queue.")


def progress(queue: ReviewQueue) -> str:
    """Return how much is done, such as "12 of 40 marked, 28 left"."""
    marked, total = queue.counts()
    return f"{marked} of {total} marked, {total - marked} left"


def elsewhere(queue: ReviewQueue) -> str:
    """Return how many pieces other reviewers have open, who, and until when, or an empty string."""
    by_reviewer: dict[str, list[str]] = {}
    for by, until in sorted(queue.open_elsewhere()):
        by_reviewer.setdefault(by, []).append(until)
    return " ".join(_open_at(queue, by, until) for by, until in by_reviewer.items())


def _open_at(queue: ReviewQueue, by: str, until: list[str]) -> str:
    pieces = "1 piece is" if len(until) == 1 else f"{len(until)} pieces are"
    whose = "in another session of yours" if by == queue.book.who else f"at {clean_line(by, 60) or 'another reviewer'}"
    return f"{pieces} open {whose}, until {max(until)[11:16]} UTC."


@dataclass(frozen=True)
class Ending:
    """What a session says when it has no piece to offer. `skipped` is how many pieces it can offer again."""

    title: str
    note: str
    skipped: int


def ending(queue: ReviewQueue) -> Ending:
    """Say what is left when the queue has no piece to offer."""
    marked, total = queue.counts()
    left, others = total - marked, elsewhere(queue)
    if not left:
        return Ending("Nothing is left", others, 0)
    skipped = left - len(queue.open_elsewhere())
    note = f"You have skipped {skipped if left > 1 else 'it'}." if skipped else ""
    return Ending("1 piece is left" if left == 1 else f"{left} pieces are left", f"{note} {others}".strip(), skipped)


def task_of(queue: ReviewQueue, shown: OpenPiece) -> Task:
    """Return the task of a piece."""
    return next(task for task in queue.kata(shown.piece).tasks if task.name == shown.piece.task)


def described(queue: ReviewQueue, shown: OpenPiece, mark: ManualScore) -> str:
    """Return a score in words, such as "2 by Grace: Too short."."""
    return queue.visible(f"{mark.points:g} by {clean_line(mark.reviewer, 60)}{_comment(mark)}", shown.piece)


def meanwhile(queue: ReviewQueue, shown: OpenPiece, mark: ManualScore | None) -> str:
    """Say what another reviewer has done to the score of a piece since it was shown."""
    if mark is None:
        return "The score is withdrawn."
    unit = "point" if mark.points == 1 else "points"
    text = f"{clean_line(mark.reviewer, 60)} has given {mark.points:g} {unit} meanwhile{_comment(mark)}"
    return queue.visible(text, shown.piece)


def _comment(mark: ManualScore) -> str:
    return f": {clean_line(mark.comment)}" if mark.comment else ""
