"""What the page shows of a piece. Every text is cleaned and, in an anonymous queue, has no name of the author."""

from __future__ import annotations

import struct
from dataclasses import asdict
from typing import Any

from graders.checks import Mismatch
from graders.checks.artifacts import PNG_SIGNATURE, read_png
from graders.errors import KataError
from graders.output import files as submitted
from graders.report import wording
from graders.report.text import clean, clean_line
from graders.verdict import TestResult
from katas_course.marking_queue import MarkingQueue, OpenPiece


class ShownPiece:
    """A piece as the page has it, with its pictures."""

    def __init__(self, queue: MarkingQueue, opened: OpenPiece) -> None:
        self.queue, self.opened = queue, opened
        self.pictures: list[bytes] = []

    def visible(self, text: str) -> str:
        """Return a text as the reviewer may see it."""
        return self.queue.visible(text, self.opened.piece)

    def comment(self, given: str) -> str:
        """Return what to store for a comment of the page, which may show the current one without a name."""
        score = self.opened.score
        return score.comment if score is not None and given.strip() == self.visible(score.comment).strip() else given

    def described(self, number: int) -> dict[str, Any]:
        """Return everything that the page shows. `number` identifies the opened piece."""
        opened, task, score = self.opened, self.opened.task, self.opened.score
        return {
            "number": number,
            "kata": opened.kata.slug,
            "kata_title": opened.kata.title,
            "task": task.name,
            "title": task.title,
            "rubric": task.rubric.strip(),
            "maximum": task.points,
            "person": clean_line(opened.piece.name),
            "people": len(opened.people),
            "names": [] if self.queue.wanted.anonymous else [clean_line(each) for each in opened.people],
            "files": self._files(number),
            "result": self._result(),
            "score": score
            and {
                "points": score.points,
                "comment": self.visible(score.comment),
                "by": self.visible(clean_line(score.reviewer, 60)),
                "at": score.at,
            },
            "items": self.items(),
            "used": self.queue.used(opened),
        }

    def items(self) -> list[dict[str, Any]]:
        """Return the rubric items of the task."""
        return [
            asdict(each) | {"label": self.visible(each.label), "comment": self.visible(each.comment)}
            for each in self.queue.items(self.opened)
        ]

    def _files(self, number: int) -> list[dict[str, Any]]:
        """Return the task's files, with what people write for people first."""
        try:
            submission = self.queue.files(self.opened)
        except KataError as fault:
            return [{"name": "", "kind": "fault", "text": self.visible(str(fault))}]
        files = [file for file in submission.files if self.opened.task.needs(file.name)]
        files.sort(key=lambda file: not file.name.endswith(submitted.PROSE))
        return [self._file(number, file.name, file.data) for file in files]

    def _file(self, number: int, name: str, data: bytes) -> dict[str, Any]:
        shown = {"name": self.visible(clean_line(name)), "size": submitted.size(len(data))}
        text = _text_in(data)
        if text is not None:
            blank = text[: len(text) - len(text.lstrip("\r\n"))].splitlines()  # `clean` would change lines' numbers
            return shown | {"kind": "text", "text": "\n" * len(blank) + self.visible(clean(text, submitted.SHOWN))}
        picture = pixels_only(data)
        if picture is None:
            return shown | {"kind": "other"}
        self.pictures.append(picture)
        return shown | {"kind": "picture", "address": f"/pieces/{number}/pictures/{len(self.pictures) - 1}"}

    def _result(self) -> dict[str, Any]:
        """Return the automatic result of the task, and those of the other tasks in short."""
        verdict, name = self.opened.verdict, self.opened.task.name
        others = [each for each in verdict.tasks if each.name != name]
        return {
            "message": self.visible(verdict.message),
            "tests": [self._test(each) for each in verdict.tests if each.task == name],
            "others": [
                {"title": each.title or each.name, "status": _in_words(each.status), "points": each.score}
                | {"of": each.max_score}
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
    kept, at = PNG_SIGNATURE, len(PNG_SIGNATURE)
    while at + 12 <= len(data):
        end, kind = at + 12 + int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        kept += data[at:end] if kind in KEPT_CHUNKS else b""
        at = len(data) if kind == b"IEND" else end
    return kept
