"""`katas review COURSE`: walk a reviewer through a queue in the terminal."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from graders import catalogue
from graders.catalogue import Task
from graders.cli import marking_rubric
from graders.cli.gradebook.options import check_exists
from graders.cli.reviewing import asked
from graders.cli.session import Invocation, say
from graders.errors import KataError
from graders.output import submitted
from graders.report.text import clean, clean_line

if TYPE_CHECKING:
    from graders.course.review_queue import Given, OpenPiece, ReviewQueue
    from graders.intake import Submission

KEYS = "Enter or s: skip, b: back, f: write the files to a folder, q: quit, ?: more"
NEXT, BACK, QUIT = "next", "back", "quit"


def review_course(
    course: str,
    by: str,
    *,
    katas: Collection[str],
    tasks: Collection[str],
    people: Collection[str],
    again: bool,
    anonymous: bool,
) -> int:
    """Offer the reviewer one piece after the other. Return the exit status."""
    from graders.course.review_queue import ReviewQueue, Wanted
    from graders.course.review_session import Katas, check

    check_exists(course)
    for slug in katas:
        catalogue.load(Invocation.root, slug, complete=False)
    wanted = Wanted(katas, tasks, people, again, anonymous)
    with ReviewQueue(course, by, wanted, Katas(Invocation.root, say, katas)) as queue:
        check(queue)
        marked, total = queue.counts()
        if queue.pieces and not sys.stdin.isatty() and (again or marked < total):
            raise KataError("standard input is not a terminal. A queue needs one; `--award` is for a verdict file.")
        session = _Session(queue)
        try:
            session.walk()
        finally:
            session.finish()
    return 0


class _Session:
    """A reviewer's way through a queue."""

    def __init__(self, queue: ReviewQueue) -> None:
        self.queue = queue
        self.marked: set[tuple[int, str]] = set()
        self.seconds = 0.0

    def walk(self) -> None:
        """Show one piece after the other, until there is none left or the reviewer quits."""
        shown = self.queue.next()
        while shown is not None:
            went = self._review(shown)
            if went == QUIT:
                return
            if went == BACK:
                before = self.queue.back()
                if before is None:
                    print("This is the first one." if self.queue.at_start else "Another reviewer has that one open.")
                shown = before or shown
            else:
                shown = self.queue.next()
        from graders.course.review_session import elsewhere

        if others := elsewhere(self.queue):
            print(f"{others} If that stays unmarked, run the command again then.")

    def finish(self) -> None:
        """Write the tables of the batches, and say how much is done."""
        try:
            for line in self.queue.write_tables():
                print(line)
        except KataError as fault:
            say(f"katas: {fault}\nThe points are stored.")
        print(self._progress())

    def _progress(self) -> str:
        from graders.course.review_session import progress

        pace = f" · {self.seconds / len(self.marked):.0f} s each" if self.marked else ""
        return f"{progress(self.queue)}{pace}"

    def _review(self, shown: OpenPiece) -> str:
        """Show a piece and ask for its points. Return where to go."""
        from graders.course.review_session import task_of

        kata, piece, task = self.queue.kata(shown.piece), shown.piece, task_of(self.queue, shown)
        print(f"\n{'─' * 60}\n{kata.slug} · {task.name} · {clean_line(piece.name)}   {self._progress()}")
        with _Files(self.queue, shown, task) as files:
            print(files.text)
            started = time.monotonic()
            went = self._ask(shown, task, files)
        if piece.place in self.marked:
            self.seconds += time.monotonic() - started
        return went

    def _ask(self, shown: OpenPiece, task: Task, files: _Files) -> str:
        from graders.course.review_session import described

        if shown.mark:
            print(f"now: {described(self.queue, shown, shown.mark)}")
        self._list_items(shown)
        while True:
            answer = _asked(f"points 0 to {task.points:g} ({KEYS}): ")
            match answer.lower():
                case "" | "s":
                    return NEXT
                case "b":
                    return BACK
                case "q" | "\x04":
                    return QUIT
                case "f":
                    print(files.written())
                    continue
                case "new" | "change" | "?":
                    shown = self._edit_rubric(shown, answer)
                    continue
            if answer.lower().startswith("change "):
                shown = self._edit_rubric(shown, answer)
            elif self._take(shown, task, answer):
                return NEXT

    def _list_items(self, shown: OpenPiece) -> None:
        items = marking_rubric.listed(self.queue, shown)
        if items:
            print(items)

    def _edit_rubric(self, shown: OpenPiece, answer: str) -> OpenPiece:
        """Add or change a rubric item, and return the piece as it is afterwards."""
        command, _, number = answer.partition(" ")
        try:
            match command.lower():
                case "new":
                    marking_rubric.add(self.queue, shown)
                case "change":
                    marking_rubric.change(self.queue, shown, number)
                case _:
                    print(f"{KEYS}\n{marking_rubric.KEYS}")
        except (KataError, EOFError) as fault:
            print(self.queue.visible(str(fault), shown.piece))
        self._list_items(shown)
        return self.queue.again(shown) or shown

    def _take(self, shown: OpenPiece, task: Task, answer: str) -> bool:
        """Take points or rubric items for a piece. Return whether the piece is done with."""
        items: list[int] = []
        try:
            if answer.startswith("#"):
                items = marking_rubric.chosen(self.queue, shown, answer)
                given = self.queue.score_of(shown, items)
            else:
                given = float(answer.replace(",", ".")), None
        except KataError as fault:
            print(fault)
            return False
        except ValueError:
            keys = f"{KEYS}, {marking_rubric.KEYS}"
            print(f"{clean_line(answer, 40)}: type points from 0 to {task.points:g}, or one of these keys: {keys}")
            return False
        after = self._give(shown, given, items)
        if after is shown:
            return False
        if after is not None:
            self.marked.add(shown.piece.place)
            self._ask_for_comment(after, add=bool(items))
        return True

    def _give(self, shown: OpenPiece, given: Given, items: list[int] | None) -> OpenPiece | None:
        """Store a score. Return the piece with it, the same piece if the score is invalid, or None to go on."""
        from graders.course.review_queue import MarkedMeanwhile
        from graders.course.review_session import meanwhile

        try:
            self.queue.check(shown, given)
        except KataError as fault:
            print(self.queue.visible(str(fault), shown.piece))
            return shown
        try:
            return self.queue.give(shown, given, items)
        except MarkedMeanwhile as faster:
            what = meanwhile(self.queue, shown, faster.mark)
            print(f"{what}\nYour points were not stored. To change the score, go back (b).")
        except KataError as fault:
            print(self.queue.visible(str(fault), shown.piece))
        return None

    def _ask_for_comment(self, shown: OpenPiece, *, add: bool) -> None:
        """Ask for a comment until it is valid. With `add`, typed lines follow those that are there."""
        before = shown.mark.comment if shown.mark else ""
        keeps = f"Enter keeps: {clean_line(self.queue.visible(before, shown.piece), 40)}" if before else "Enter: none"
        what = "more for the comment" if add and before else "comment"
        while True:
            comment = _lines(f"{what}, ended by an empty line ({keeps}; e: open an editor):", before, add=add)
            if comment is None or shown.mark is None:
                return
            if self._give(shown, (shown.mark.points, comment), None) is not shown:
                return


class _Files:
    """The submitted files of a piece, on the screen and in a temporary folder. Use it in a `with` statement."""

    def __init__(self, queue: ReviewQueue, shown: OpenPiece, task: Task) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._taken: Submission | None = None
        try:
            self._taken = queue.files(shown)
            files, rest = submitted.texts(self._taken), submitted.others(self._taken, task)
        except KataError as fault:
            files, rest = {}, [str(fault)]
        self.text = queue.visible(submitted.shown(task, files, rest), shown.piece)

    def __enter__(self) -> _Files:
        return self

    def __exit__(self, *_: object) -> None:
        if self._folder:
            self._folder.cleanup()

    def written(self) -> str:
        """Write all files into a temporary folder, which is removed with the piece, and return what to report."""
        if self._taken is None:
            return "The files are missing."
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="katas-review-")
            for file in self._taken.files:
                path = Path(self._folder.name, file.name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(file.data)
        return f"files: {self._folder.name} (removed when you go on)"


def _asked(question: str) -> str:
    """Ask for a line. The end of the input counts as quitting."""
    try:
        return asked(question)
    except EOFError:
        return "\x04"


def _lines(question: str, before: str, *, add: bool) -> str | None:
    """Ask for lines up to an empty one, or open an editor. Return None to leave the comment as it is."""
    print(question)
    found: list[str] = []
    while line := _asked("> ").strip("\x04"):
        if line != "e" or found:
            found.append(line)
        elif (text := _edited(before)) is not None:
            return text
    if not found:
        return None
    return "\n".join([before, *found] if add and before else found)


def _edited(before: str) -> str | None:
    """Return a text from the reviewer's editor, or None if it could not run."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with tempfile.TemporaryDirectory(prefix="katas-review-") as folder:
        file = Path(folder, "comment.txt")
        file.write_text(before, encoding="utf-8")
        try:
            subprocess.run([*shlex.split(editor), str(file)], check=True)
            return file.read_text(encoding="utf-8", errors="replace").strip()
        except (OSError, ValueError, subprocess.CalledProcessError) as fault:
            print(f"{clean(editor)}: {fault}. Set the environment variable EDITOR, or type the comment here.")
            return None
