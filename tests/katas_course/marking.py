"""A course in which everything awaits review, and a running `katas serve --instructor` for it."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import zlib
from pathlib import Path
from typing import Any, NamedTuple

from graders import catalogue
from graders.manual_scores import scores_of
from graders.verdict import from_json
from katas_course.batch import Batch
from katas_course.marking_queue import MarkingQueue, Wanted
from tests import workshop
from tests.katas_course.books import current, table
from tests.serving import Server
from tests.shell import Finished, katas
from tests.workshop import write

TASK = """\
[tasks.{name}]
title = "{title}"
points = 4
files = [{files}]
review = true
rubric = "Does it say {name}?"
"""
WHY = TASK.format(name="why", title="Why", files='"why.md"')
REVIEWED = workshop.TOML + TASK.format(name="why", title="Why", files='"twice.py"')
HTML = "<img src=x onerror=alert(1)>"
PEOPLE = ("ada", "bob", "cleo")


def with_essay(toml: str) -> str:
    """Return a kata.toml whose submissions also have a text, which a person scores."""
    return toml.replace('files = ["twice.py"]', 'files = ["twice.py", "why.md"]', 1) + WHY


def write_essay_kata(root: Path, toml: str) -> Path:
    """Write a repository with the kata `alpha` only, and its text."""
    workshop.write_repository(root, [])
    workshop.write_kata(root, "alpha", toml=toml)
    for folder in ("katas", "solutions"):
        write(root / folder / "alpha" / "why.md", "Because two is one and one.\x1b[2J\n")
    return root


def png(width: int = 40, height: int = 30, text: bytes = b"") -> bytes:
    """Return a grey picture, with a text in its metadata."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + bytes([row * 8 % 256] * width) for row in range(height)))
    extra = chunk(b"tEXt", b"Author\0" + text) if text else b""
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def write_reviewed_kata(place: Path, *, why: str) -> Path:
    """Write a kata that a person has to review, and its solution as three people's submissions. Return the repository.

    `why` are the files of its task `why`, as in kata.toml.
    """
    tasks = [
        TASK.format(name=name, title=name.title(), files=files) for name, files in (("why", why), ("how", '"out/*"'))
    ]
    toml = workshop.TOML.replace('files = ["twice.py"]', 'files = ["twice.py", "why.md", "out/*"]') + "".join(tasks)
    root = workshop.write_repository(place / "root", [])
    workshop.write_kata(root, "alpha", toml=toml)
    for folder in ("katas", "solutions"):
        write(root / folder / "alpha" / "why.md", "Because.\n")
        write(root / folder / "alpha" / "out" / "how.txt", "")
    for person in PEOPLE:
        shutil.copytree(root / "solutions" / "alpha", place / "in" / person)
    return root


class Course(NamedTuple):
    """A repository with one kata, the submissions of three people, and their batch."""

    root: Path
    folder: Path
    batch: Batch

    @property
    def out(self) -> Path:
        return self.batch.out

    @property
    def book(self) -> str:
        return str(self.out / "gradebook.sqlite")

    def run(self, *words: str) -> Finished:
        return katas(*words, cwd=self.root)

    def grade(self, *words: str) -> Finished:
        return self.run("grade-batch", str(self.folder), "--out", str(self.out), *words)

    def queue(self, by: str = "Grace", course: str = "", **wanted: Any) -> MarkingQueue:
        return MarkingQueue(course or str(self.out), by, Wanted(**wanted), lambda slug: catalogue.load(self.root, slug))

    def serve(self, *options: str, by: str = "Grace") -> Marking:
        return Marking(self.root, self.out, *options, by=by)

    def marks(self) -> dict[tuple[str, str], tuple[float, str, str]]:
        return {
            (mark.task, row.person): (mark.points, mark.reviewer, mark.comment)
            for row in current(self.out)
            for mark in scores_of(row.verdict)
        }

    def files_agree(self) -> bool:
        """Return whether results.csv and the verdict files say what the store says."""
        files = all(
            from_json(self.batch.verdict_file(*row.key).read_bytes()) == row.verdict for row in current(self.out)
        )
        return files and (self.out / "results.csv").read_text(encoding="utf-8") == table(self.out)


def copy_course(begun: Path, place: Path) -> Course:
    """Copy a graded course, which is a repository, its submissions and its batch."""
    for name in ("root", "in", "out"):
        subprocess.run(["cp", "-a", str(begun / name), str(place)], check=True)
    return Course(place / "root", place / "in", Batch(place / "out"))


def write_course(place: Path) -> Path:
    """Grade the submissions of three people into place/out, and return the repository."""
    root = write_reviewed_kata(place, why='"why.md", "out/*"')
    for person in PEOPLE:
        write(place / "in" / person / "why.md", f"# Why\n\n{person.title()} says: <img src=x onerror=alert(1)>\n")
        write(place / "in" / person / "out" / "how.txt", f"How {person} did it.\x1b[2J\n")
        write(place / "in" / person / "out" / f"{HTML}.txt", "odd\n")
        write(place / "in" / person / "out" / "page.html", "<script>document.title = 'owned'</script>\n")
        (place / "in" / person / "out" / "picture.png").write_bytes(png(text=person.encode()))
        (place / "in" / person / "out" / "odd.png").write_bytes(b"\x89PNG\r\n\x1a\n<script>alert(1)</script>")
    done = katas("--root", str(root), "grade-batch", str(place / "in"), "--out", str(place / "out"), "--kata", "alpha")
    assert (done.status, "3 awaiting_review" in done.out) == (0, True), done.said
    return root


class Marking(Server):
    """A running `katas serve --instructor` of one reviewer."""

    NAME = "marking"
    number = 0  # of a piece that is open

    def __init__(self, root: Path, course: Path, *options: str, by: str = "Grace") -> None:
        environment = os.environ | {"NN_KATAS_PROGRESS": str(root.parent / "data" / "progress.sqlite")}
        words = ("--port", "0", "--instructor", str(course), "--by", by, *options)
        super().__init__(root, *words, environment=environment)

    def __enter__(self) -> Marking:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def request(self, method: str, path: str, body: bytes | None = None, **headers: str | None) -> tuple[int, Any, Any]:
        return super().request(method, path.replace("{number}", str(self.number)), body, **headers)

    def choose(self, **wanted: Any) -> Any:
        return self.post("/api/choose", wanted)

    def next(self) -> Any:
        return self.post("/api/next")["piece"]

    def give(self, piece: Any, points: float, comment: str = "", items: tuple[int, ...] = ()) -> tuple[int, Any]:
        given = {"points": points, "comment": comment, "items": list(items)}
        return self.send("POST", f"/api/pieces/{piece['number']}/give", given)
