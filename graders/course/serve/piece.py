"""What the page shows of a piece. Every text is cleaned and, in an anonymous queue, has no name of the author."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from graders.catalogue import Task
from graders.checks import Mismatch
from graders.checks.artifacts import PNG_SIGNATURE, read_png
from graders.course.marking_queue import MarkingQueue, OpenPiece
from graders.errors import KataError
from graders.intake import Submission
from graders.output import submitted
from graders.report import wording
from graders.report.text import clean, clean_line
from graders.verdict import TestResult

Visible = Callable[[str], str]


class ShownPiece:
    """A piece as the page has it, with its pictures."""

    def __init__(self, queue: MarkingQueue, opened: OpenPiece) -> None:
        self.queue, self.opened = queue, opened
        self.task = queue.task(opened)
        self.pictures: list[bytes] = []

    def visible(self, text: str) -> str:
        """Return a text as the reviewer may see it."""
        return self.queue.visible(text, self.opened.piece)

    def comment(self, given: str) -> str | None:
        """Return what to store for a comment of the page, where None leaves the comment unchanged."""
        mark = self.opened.mark
        if mark is not None and given.strip() == self.visible(mark.comment).strip():
            return mark.comment  # the page may show it without a name
        return given

    def described(self, number: int) -> dict[str, Any]:
        """Return everything that the page shows. `number` identifies the opened piece."""
        piece, kata = self.opened.piece, self.queue.kata(self.opened.piece)
        return {
            "number": number,
            "kata": kata.slug,
            "kata_title": kata.title,
            "task": self.task.name,
            "title": self.task.title,
            "rubric": self.task.rubric.strip(),
            "maximum": self.task.points,
            "person": clean_line(piece.name),
            "files": self._files(number),
            "result": self._result(),
            "mark": self._mark(),
            "items": self.items(),
            "used": self.queue.used(self.opened),
        }

    def items(self) -> list[dict[str, Any]]:
        """Return the rubric items of the task."""
        return [
            {
                "id": each.id,
                "label": self.visible(each.label),
                "points": each.points,
                "comment": self.visible(each.comment),
            }
            for each in self.queue.items(self.opened)
        ]

    def _mark(self) -> dict[str, Any] | None:
        mark = self.opened.mark
        if mark is None:
            return None
        by = self.visible(clean_line(mark.reviewer, 60))
        return {"points": mark.points, "comment": self.visible(mark.comment), "by": by, "at": mark.at}

    def _files(self, number: int) -> list[dict[str, Any]]:
        try:
            submission = self.queue.files(self.opened)
        except KataError as fault:
            return [{"name": "", "kind": "fault", "text": self.visible(str(fault))}]
        self.pictures.clear()
        return [self._file(number, name, data) for name, data in _of_task(submission, self.task)]

    def _file(self, number: int, name: str, data: bytes) -> dict[str, Any]:
        shown = {"name": self.visible(clean_line(name)), "size": submitted.size(len(data))}
        text = _text_in(data)
        if text is not None:
            return shown | {"kind": "text", "text": self.visible(clean(text, submitted.SHOWN))}
        picture = pixels_only(data)
        if picture is None:
            return shown | {"kind": "other"}
        self.pictures.append(picture)
        return shown | {"kind": "picture", "address": f"/pieces/{number}/pictures/{len(self.pictures) - 1}"}

    def _result(self) -> dict[str, Any]:
        """Return the automatic result of the task, and those of the other tasks in short."""
        verdict = self.opened.verdict
        own = [test for test in verdict.tests if test.task == self.task.name]
        others = [task for task in verdict.tasks if task.name != self.task.name]
        return {
            "message": self.visible(verdict.message),
            "tests": [self._test(each) for each in own],
            "others": [
                {
                    "title": each.title or each.name,
                    "status": _in_words(each.status),
                    "points": each.score,
                    "of": each.max_score,
                }
                for each in others
            ],
        }

    def _test(self, test: TestResult) -> dict[str, str]:
        parts = (test.diagnosis, test.message, test.counterexample, test.output)
        said = "\n\n".join(clean(part) for part in parts if part)
        title = clean_line(f"{wording.title(test)} ({test.visibility} test)")
        return {"title": self.visible(title), "status": _in_words(test.status), "said": self.visible(said)}


def _in_words(status: str) -> str:
    return status.replace("_", " ")


def _of_task(submission: Submission, task: Task) -> Sequence[tuple[str, bytes]]:
    """Return the names and contents of the task's files, with what people write for people first."""
    files = [(file.name, file.data) for file in submission.files if task.needs(file.name)]
    return sorted(files, key=lambda each: not each[0].endswith(submitted.PROSE))


def _text_in(data: bytes) -> str | None:
    """Return the text in a file, or None if it is something else."""
    try:
        return None if b"\0" in data else data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


KEPT_CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")


def pixels_only(data: bytes) -> bytes | None:
    """Return a PNG file with its pixels only, or None for any other, damaged or too large file.

    The limits are those of the tests that read pictures.
    """
    try:
        read_png(data)
    except (Mismatch, struct.error, ValueError):
        return None
    return PNG_SIGNATURE + b"".join(_kept_chunks(data))


def _kept_chunks(data: bytes) -> Iterator[bytes]:
    at = len(PNG_SIGNATURE)
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        kind = data[at + 4 : at + 8]
        if kind in KEPT_CHUNKS:
            yield data[at:end]
        if kind == b"IEND":
            return
        at = end
