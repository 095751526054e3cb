"""Walk through everything in a course that a person has to score, also with several reviewers at once."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from graders.atomic import folder_lock, interrupts_deferred
from graders.catalogue import Kata
from graders.course import verdict_files
from graders.course.batch import Batch
from graders.course.gradebook import Gradebook, holders, leases, rubrics
from graders.course.gradebook.leases import Lease
from graders.course.gradebook.pseudonyms import Pseudonyms
from graders.course.gradebook.records import last_verdict
from graders.course.gradebook.rubrics import Item
from graders.course.gradebook.tables import SubmissionRow
from graders.course.gradebook.transaction import Transaction
from graders.course.review_pieces import Piece, Source, is_last, pieces
from graders.course.reviews import store
from graders.course.rows import Key, Row
from graders.course.submissions import as_utc
from graders.course.written_files import outdated_pages, refresh_tables, write_table
from graders.errors import KataError
from graders.intake import Submission
from graders.manual_scores import ManualScore, awarded, grading_of, marks_of
from graders.verdict import TaskResult, Verdict

Given = tuple[float, str | None]  # points, and a comment, where None leaves it unchanged


class MarkedMeanwhile(KataError):
    """Another reviewer has scored the task, or withdrawn its score, since it was shown."""

    def __init__(self, mark: ManualScore | None) -> None:
        super().__init__("another reviewer was faster")
        self.mark = mark


@dataclass(frozen=True)
class Wanted:
    """What a queue offers. Empty collections mean everything."""

    katas: Collection[str] = ()
    tasks: Collection[str] = ()
    people: Collection[str] = ()
    again: bool = False
    anonymous: bool = False


@dataclass(frozen=True)
class OpenPiece:
    """A piece as a reviewer sees it. `mark` is its current score."""

    piece: Piece
    verdict: Verdict
    mark: ManualScore | None
    sha256: str
    folder: str


class ReviewQueue:
    """The queue of one reviewer. Use it in a `with` statement.

    `katas` returns the kata with a slug, or None if the repository lacks it.
    """

    def __init__(self, course: str, by: str, wanted: Wanted, katas: Callable[[str], Kata | None]) -> None:
        self.wanted = wanted
        self._katas = katas
        self._stack = contextlib.ExitStack()
        self._holder = holders.new_holder(by)
        self._written: defaultdict[str, set[Key]] = defaultdict(set)  # the new scores by batch folder
        self._stale: set[str] = set()  # the batch folders with a verdict file that could not be written
        self._batches: dict[str, Batch | None] = {}
        self._seen: set[tuple[int, str]] = set()
        self._history: list[Piece] = []
        self._open(course)
        self.book.who = by
        try:
            self._load()
        except BaseException:
            self._stack.close()
            raise

    def _open(self, course: str) -> None:
        if "://" not in course and Path(course).is_dir():
            held = self._stack.enter_context(Batch(Path(course)).reading())
            self.book = held.book
            with self.book.transaction() as transaction:
                self._source = Source(held.batch(transaction).id)
            self._batches[held.folder] = Batch(Path(course))
        else:
            self.book = self._stack.enter_context(Gradebook(course))
            self._source = Source(None)

    def _load(self) -> None:
        self._pseudonyms = None
        if self.wanted.anonymous:
            with self.book.transaction(alone=True) as transaction:
                self._pseudonyms = Pseudonyms(transaction)
        named = self._pseudonyms.of if self._pseudonyms else None
        with self.book.transaction() as transaction:
            every = pieces(transaction, self._source, self._katas, named)
        self.all = every
        self.pieces = [each for each in every if self._is_wanted(each)]

    def choose(self, wanted: Wanted) -> None:
        """Offer something else from now on, from the beginning. Whether names are shown stays as it is."""
        self.wanted = dataclasses.replace(wanted, anonymous=self.wanted.anonymous)
        self._seen.clear()
        self._history.clear()
        self.pieces = [each for each in self.all if self._is_wanted(each)]

    def _is_wanted(self, piece: Piece) -> bool:
        katas, tasks, people = self.wanted.katas, self.wanted.tasks, self.wanted.people
        if katas and piece.kata not in katas:
            return False
        return (not tasks or piece.task in tasks) and (not people or piece.name in people)

    def __enter__(self) -> ReviewQueue:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            with self.book.transaction(alone=True) as transaction:
                leases.release(transaction, self._holder)
        finally:
            self._stack.close()

    # ---------------------------------------------------------------------------------- the next piece

    def counts(self) -> tuple[int, int]:
        """Return how many pieces are marked, and how many there are."""
        places = {each.place for each in self.pieces}
        with self.book.transaction() as transaction:
            return len(leases.marked(transaction, places)), len(places)

    def open_elsewhere(self) -> list[Lease]:
        """Return the leases of the unmarked pieces that other reviewers have open."""
        places = {each.place for each in self.pieces} - self._seen
        with self.book.transaction() as transaction:
            places -= leases.marked(transaction, places)
            held = leases.held_by_others(transaction, self._holder, _now())
        return [lease for place, lease in held.items() if place in places]

    def next(self) -> OpenPiece | None:
        """Open the next piece that this session has not shown and that no other reviewer has open, or return None."""
        found = self._next()
        if found is None:  # submissions may have been graded since the queue was made
            self._load()
            found = self._next()
        return found

    def _next(self) -> OpenPiece | None:
        with self.book.transaction() as transaction:
            done = set() if self.wanted.again else leases.marked(transaction, {each.place for each in self.pieces})
            taken = set(leases.held_by_others(transaction, self._holder, _now()))
        for piece in self.pieces:
            if piece.place not in self._seen | done | taken:
                found = self._opened(piece)
                if found is not None and (self.wanted.again or found.mark is None):
                    self._seen.add(piece.place)
                    self._history.append(piece)
                    return found
        return None

    @property
    def at_start(self) -> bool:
        """Whether the current piece is the first that this session has shown."""
        return len(self._history) < 2

    def back(self) -> OpenPiece | None:
        """Open the piece before the current one again, or return None if there is none or another reviewer has it."""
        if self.at_start:
            return None
        found = self._opened(self._history[-2])
        if found is not None:
            self._seen.discard(self._history.pop().place)
        return found

    def _opened(self, piece: Piece) -> OpenPiece | None:
        """Reserve a piece, and return it unless another reviewer has it or it is no longer to be reviewed."""
        with self.book.transaction(alone=True) as transaction:
            found = self._source.verdict(transaction, piece.submission)
            kata = self._katas(piece.kata)
            if found is None or kata is None or not leases.take(transaction, *piece.place, self._holder, _now()):
                return None
            row, verdict = found
            if not any(task.name == piece.task and _is_open(task) for task in verdict.tasks):
                return None
            return OpenPiece(piece, verdict, _mark(verdict, piece.task), row.sha256, row.batch)

    def visible(self, text: str, piece: Piece | None) -> str:
        """Return a text as the reviewer may see it: in an anonymous queue without the names of the piece's author."""
        return self._pseudonyms.hidden(text, piece.person) if self._pseudonyms and piece else text

    def kata(self, piece: Piece) -> Kata:
        """Return the kata of a piece."""
        kata = self._katas(piece.kata)
        assert kata is not None
        return kata

    def files(self, shown: OpenPiece) -> Submission:
        """Return the submitted files. Raises KataError if they are missing."""
        batch = self._batch(shown.folder)
        if batch is None:
            raise KataError(f"{shown.folder or 'a batch folder'}: not found, so the files cannot be shown.")
        return batch.store.take(self.kata(shown.piece), shown.sha256)

    # ------------------------------------------------------------------------------------ giving points

    def check(self, shown: OpenPiece, given: Given) -> None:
        """Raise KataError if this score is invalid."""
        self._with(shown.verdict, shown, given, as_utc(_now()))

    def give(self, shown: OpenPiece, given: Given, items: Sequence[int] | None = ()) -> OpenPiece:
        """Store a score, and return the piece with it. Then also write the verdict file.

        `items` are the rubric items that the score comes from; None leaves them unchanged. Raises MarkedMeanwhile if
        the score has changed since the piece was shown, and KataError if the submission was graded again.
        """
        batch = self._batch(shown.folder)
        with folder_lock(batch.verdicts) if batch else contextlib.nullcontext(), interrupts_deferred():
            with self.book.transaction(alone=True) as transaction:
                row, before = self._current(transaction, shown)
                at = max([as_utc(_now()), *(mark.at for mark in marks_of(before))])
                every = store(transaction, row, before, self._with(before, shown, given, at))
                for each in every if items is not None else ():
                    rubrics.use(transaction, each.id, shown.piece.task, items or ())
                mates = {each.person.name for each in every if each.person_id != row.person_id}
                transaction.session.expire(row)
                after = self._source.verdict_of(row)
                new = Row(person=row.person.name, submitted_at=row.submitted_at, verdict=last_verdict(row))
                has_file = is_last(transaction, row.id)
            self._written[shown.folder] |= {new.key, *((name, shown.piece.kata) for name in mates)}
            if mates:  # their verdict files are written with the tables
                self._stale.add(shown.folder)
            if batch is not None and has_file:
                try:
                    verdict_files.replace(batch, new)
                except KataError:  # the points are stored; write_tables tries again and reports the problem
                    self._stale.add(shown.folder)
        return dataclasses.replace(shown, verdict=after, mark=_mark(after, shown.piece.task))

    def items(self, shown: OpenPiece) -> list[Item]:
        """Return the rubric items of the task, in an order that never changes."""
        with self.book.transaction() as transaction:
            return rubrics.items(transaction, shown.piece.kata, shown.piece.task)

    def score_of(self, shown: OpenPiece, chosen: Collection[int]) -> Given:
        """Return the score that rubric items give. Raises KataError if the task lacks one of them."""
        found = [item for item in self.items(shown) if item.id in chosen]
        if not found or {item.id for item in found} != set(chosen):
            raise KataError("no such rubric item.")
        return rubrics.score_of(found, self._maximum(shown))

    def give_items(self, shown: OpenPiece, chosen: Sequence[int]) -> OpenPiece:
        """Store the score that rubric items give, and return the piece with it. Raises like `give`."""
        return self.give(shown, self.score_of(shown, chosen), chosen)

    def add_item(self, shown: OpenPiece, label: str, points: float, comment: str) -> Item:
        """Add a rubric item to the task. Raises KataError if it is invalid."""
        new = rubrics.checked(label, points, comment, self._maximum(shown))
        with self.book.transaction(alone=True) as transaction:
            return rubrics.add(transaction, shown.piece.kata, shown.piece.task, new)

    def used(self, shown: OpenPiece) -> list[int]:
        """Return the ids of the rubric items that the score of a piece comes from."""
        with self.book.transaction() as transaction:
            return rubrics.used(transaction, shown.piece.submission, shown.piece.task)

    def users(self, item: int) -> int:
        """Return how many manual scores come from a rubric item."""
        with self.book.transaction() as transaction:
            return rubrics.count(row for row, _ in rubrics.users(transaction, item))

    def change_item(self, shown: OpenPiece, item: int, label: str, points: float, comment: str) -> int:
        """Change a rubric item and all scores that come from it, and return how many have changed."""
        new = rubrics.checked(label, points, comment, self._maximum(shown))
        with interrupts_deferred():
            with self.book.transaction(alone=True) as transaction:
                changed = rubrics.change(transaction, item, new, self._maximum(shown))
                for row in changed:
                    self._written[row.batch].add((row.person.name, row.kata))
                folders, count = {row.batch for row in changed}, rubrics.count(changed)
            for batch in filter(None, map(self._batch, sorted(folders))):
                with batch.reading() as held:
                    verdict_files.restore(batch, held)
        return count

    def again(self, shown: OpenPiece) -> OpenPiece | None:
        """Return a piece as it is now, or None if it can no longer be reviewed."""
        return self._opened(shown.piece)

    def _maximum(self, shown: OpenPiece) -> float:
        return next(task.points for task in self.kata(shown.piece).tasks if task.name == shown.piece.task)

    def _with(self, verdict: Verdict, shown: OpenPiece, given: Given, at: str) -> Verdict:
        points, comment = given
        kata = self.kata(shown.piece)
        return awarded(kata, verdict, shown.piece.task, points, comment, reviewer=self.book.who, at=at)

    def _current(self, transaction: Transaction, shown: OpenPiece) -> tuple[SubmissionRow, Verdict]:
        """Return the submission and its verdict, if its score is still the one that was shown."""
        found = self._source.verdict(transaction, shown.piece.submission)
        if found is None or grading_of(found[1]) != grading_of(shown.verdict):
            raise KataError("the submission was graded again in the meantime, so the points were not stored.")
        mark = _mark(found[1], shown.piece.task)
        if mark != shown.mark:
            raise MarkedMeanwhile(mark)
        return found

    # ------------------------------------------------------------------------------- the files of batches

    def _batch(self, folder: str) -> Batch | None:
        """Return the batch in a folder, or None if it is missing or belongs to another gradebook."""
        if folder not in self._batches:
            path = str(self.book.folder) if folder == "." else folder
            self._batches[folder] = self._found_batch(path) if path else None
        return self._batches[folder]

    def _found_batch(self, path: str) -> Batch | None:
        batch = Batch(Path(path))
        if not batch.exists:
            return None
        with batch.reading() as held:
            return batch if held.book.address == self.book.address else None

    def write_tables(self) -> list[str]:
        """Write the results.csv of every batch with new scores, and return what to report."""
        lines = []
        for folder, changed in sorted(self._written.items()):
            batch = self._batch(folder)
            if batch is None:
                lines.append(
                    f"{folder or 'a batch folder'}: not found, so its results.csv and verdict files are outdated"
                )
                continue
            with batch.reading() as held:
                lines.append(f"written: {write_table(batch, held)}")
                if folder in self._stale:
                    verdict_files.restore(batch, held)
            pages = outdated_pages(batch, changed)
            lines += [line for line in pages if not (self.wanted.anonymous and line.startswith("outdated: "))]
        lines += refresh_tables(self.book) if self._written else []
        self._written.clear()
        return lines


def _is_open(task: TaskResult) -> bool:
    return task.status == "awaiting_review" or bool(task.reviewer)


def _mark(verdict: Verdict, task: str) -> ManualScore | None:
    return next((mark for mark in marks_of(verdict) if mark.task == task), None)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
