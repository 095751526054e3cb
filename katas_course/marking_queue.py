"""Walk through everything in a course that a person has to score, also with several reviewers at once."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from graders.atomic import interrupts_deferred
from graders.catalogue import Kata, Task
from graders.errors import KataError
from graders.intake import Submission
from graders.manual_scores import ManualScore, awarded, grading_of, reviewable, scores_of
from graders.report.text import clean_line
from graders.verdict import Verdict
from katas_course import written_files
from katas_course.batch import Batch
from katas_course.gradebook import Gradebook, batches, decisions, groups, leases, results, rubrics, settings
from katas_course.gradebook.database import Transaction
from katas_course.gradebook.leases import TaskKey
from katas_course.gradebook.people import Directory
from katas_course.gradebook.pseudonyms import Pseudonyms
from katas_course.gradebook.rubrics import Item
from katas_course.gradebook.tables import BatchRow, EntryRow, PersonRow, SubmissionRow
from katas_course.marking import store
from katas_course.submissions import now

Katas = Callable[[str], Kata | None]  # returns the kata with a slug, or None if it should be left out
Given = tuple[float, str | None]  # points, and a comment, where None leaves it unchanged
ToScore = tuple[int, str, str, Verdict]  # the id of a submission, the person's submitted name, the kata, the verdict


class MarkedMeanwhile(KataError):
    """Another reviewer has scored the task, or withdrawn its score, since it was shown."""

    def __init__(self, score: ManualScore | None) -> None:
        super().__init__("another reviewer was faster")
        self.score = score


# ------------------------------------------------------------------------------------------ the pieces


@dataclass(frozen=True)
class Piece:
    """A task of a submission that a person scores. `name` is how the screen names the person."""

    submission: int
    task: str
    kata: str
    person: str
    name: str
    sha256: str

    @property
    def key(self) -> TaskKey:
        return self.submission, self.task


def pieces(transaction: Transaction, batch: int | None, katas: Katas, named: Callable[[str], str] = str) -> list[Piece]:
    """Return the pieces of a batch or, without one, of a gradebook, ordered by kata, then by task, then by person.

    `named` returns how the screen names the person with an id.
    """
    directory = Directory(transaction)
    found = []
    for submission, name, slug, verdict in to_score(transaction, batch):
        kata, person = katas(slug), directory.id_of(name)
        if kata is not None:
            for task in reviewable(kata, verdict):
                piece = Piece(submission, task.name, slug, person, named(person), verdict.submission_sha256 or "")
                found.append(((slug, kata.tasks.index(task), piece.name, submission), piece))
    return [piece for _, piece in sorted(found, key=lambda each: each[0])]


def to_score(transaction: Transaction, batch: int | None) -> Iterator[ToScore]:
    """Yield the submissions of a batch or, without one, those in a gradebook that count or can still count."""
    if batch is None:
        yield from _that_can_count(transaction)
        return
    row = transaction.session.get_one(BatchRow, batch)
    directory = Directory(transaction)
    decided = decisions.by_person(transaction, directory)
    for each in batches.entries(transaction, row):
        of_person = decided.get((directory.id_of(each.person.name), each.kata), ())
        if all(decision.task for decision in of_person):  # otherwise one replaces the points for the whole kata
            yield each.id, each.person.name, each.kata, each.last_verdict()


def _that_can_count(transaction: Transaction) -> Iterator[ToScore]:
    """Yield one submission for each person and kata: the one that counts or, if it needs no review, the best other."""
    table = SubmissionRow
    columns = sa.select(table.id, PersonRow.name, table.kata, table.sha256, table.submitted_at)
    rows = transaction.session.execute(columns.join(PersonRow, PersonRow.id == table.person_id))
    ids = {tuple(key): number for number, *key in rows}
    grouped, yielded = groups.Groups(Directory(transaction).roster, ()), set()
    for result in results.of_katas(transaction):
        chosen = result.counted
        if chosen is None or result.is_decided:
            continue
        if not chosen.attempt.verdict.review_points:
            others = (each for each in result.standings if result.is_to_review(each))
            chosen = max(others, key=lambda each: (each.at_most, each.attempt.submitted_at), default=chosen)
        attempt = chosen.attempt
        key = attempt.submitted_as, result.kata, attempt.verdict.submission_sha256, attempt.submitted_at
        group = {result.person, *(grouped.mates(result.person) if result.rule.in_groups else ())}
        once = frozenset(group), *key[1:]
        if once not in yielded:  # a group's submission is that of each member
            yielded.add(once)
            yield ids[key], attempt.submitted_as, result.kata, attempt.verdict


# ------------------------------------------------------------------------------------------- the queue


@dataclass(frozen=True)
class Wanted:
    """What a queue offers. An empty text means everything."""

    kata: str = ""
    task: str = ""
    person: str = ""
    again: bool = False
    anonymous: bool = False


@dataclass(frozen=True)
class OpenPiece:
    """A piece as a reviewer sees it. `score` is its current score; its files are in the batch in `folder`.

    A new score also counts for the others in `people`, who submitted the same files and have the same score so far.
    """

    piece: Piece
    kata: Kata
    task: Task
    verdict: Verdict
    score: ManualScore | None
    folder: str
    people: tuple[str, ...]


class Ending(NamedTuple):
    """What a session says when it has no piece to offer. `skipped` is how many pieces it can offer again."""

    title: str
    note: str
    skipped: int


class MarkingQueue:
    """The queue of one reviewer. Use it in a `with` statement."""

    def __init__(self, course: str, by: str, wanted: Wanted, katas: Katas) -> None:
        self.wanted, self._katas = wanted, katas
        self._holder = leases.new_holder(by)
        self._batch: int | None = None
        self._written: set[str] = set()  # the batch folders with new scores
        self._seen: set[TaskKey] = set()
        self._history: list[Piece] = []
        with contextlib.ExitStack() as stack:
            if "://" not in course and Path(course).is_dir():
                held = stack.enter_context(Batch(Path(course)).reading())
                self.book, self._batch = held.book, held.id
            else:
                self.book = stack.enter_context(Gradebook(course))
            self.book.who = by
            self._load()
            self._stack = stack.pop_all()

    def _load(self) -> None:
        self._pseudonyms = self.book.write(Pseudonyms) if self.wanted.anonymous else None
        self._named = self._pseudonyms.of if self._pseudonyms else str
        self.all = self.book.read(pieces, self._batch, self._katas, self._named)
        self._limit()

    def _limit(self) -> None:
        wanted = self.wanted
        self.pieces = [
            each
            for each in self.all
            if wanted.kata in ("", each.kata) and wanted.task in ("", each.task) and wanted.person in ("", each.name)
        ]

    def choose(self, wanted: Wanted) -> None:
        """Offer something else from now on, from the beginning. Whether names are shown stays as it is."""
        self.wanted = dataclasses.replace(wanted, anonymous=self.wanted.anonymous)
        self._seen.clear()
        self._history.clear()
        self._limit()

    def __enter__(self) -> MarkingQueue:
        return self

    def __exit__(self, *_: object) -> None:
        with self._stack:
            self.book.write(leases.release, self._holder)

    # ---------------------------------------------------------------------------------- the next piece

    def _unmarked(self) -> set[TaskKey]:
        return {each.key for each in self.pieces} - self.book.read(leases.marked)

    def progress(self) -> str:
        """Return how much is done, such as "12 of 40 marked, 28 left"."""
        total, left = len(self.pieces), len(self._unmarked())
        return f"{total - left} of {total} marked, {left} left"

    def ending(self) -> Ending:
        """Say what is left when the queue has no piece to offer."""
        unmarked = self._unmarked()
        others = [lease for key, lease in self._reserved().items() if key in unmarked - self._seen]
        left, skipped = len(unmarked), len(unmarked) - len(others)
        notes = [f"You have skipped {skipped}."] if skipped else []
        if others:
            names = ", ".join(sorted({clean_line(each.by, 60) or "another reviewer" for each in others}))
            until = self.book.read(settings.clock).words(max(each.until for each in others)).partition(" ")[2]
            notes.append(f"Others have {len(others)} open, until {until}: {names}.")
        title = "Nothing is left" if not left else "1 piece is left" if left == 1 else f"{left} pieces are left"
        return Ending(title, " ".join(notes), skipped)

    def _reserved(self) -> dict[TaskKey, leases.Lease]:
        return self.book.read(leases.held_by_others, self._holder, now())

    def next(self) -> OpenPiece | None:
        """Open the next piece that this session has not shown and that no other reviewer has open, or return None."""
        found = self._next()
        if found is None:  # submissions may have been graded since the queue was made
            self._load()
            found = self._next()
        return found

    def _next(self) -> OpenPiece | None:
        done = set() if self.wanted.again else self.book.read(leases.marked)
        left_out = self._seen | done | self._reserved().keys()
        for piece in self.pieces:
            if piece.key not in left_out:
                opened = self._opened(piece)
                if opened is not None and (self.wanted.again or opened.score is None):
                    self._seen.add(piece.key)
                    self._history.append(piece)
                    return opened
        return None

    @property
    def at_start(self) -> bool:
        """Whether the current piece is the first that this session has shown."""
        return len(self._history) < 2

    def back(self) -> OpenPiece | None:
        """Open the piece before the current one again, or return None if there is none or another reviewer has it."""
        opened = None if self.at_start else self._opened(self._history[-2])
        if opened is not None:
            self._seen.discard(self._history.pop().key)
        return opened

    def again(self, shown: OpenPiece) -> OpenPiece | None:
        """Return a piece as it is now, or None if it can no longer be reviewed."""
        return self._opened(shown.piece)

    def _opened(self, piece: Piece) -> OpenPiece | None:
        """Reserve a piece, and return it unless another reviewer has it or it is no longer to be reviewed."""
        with self.book.transaction(alone=True) as transaction:
            found = self._submission(transaction, piece)
            kata = self._katas(piece.kata)
            if found is None or kata is None or not leases.take(transaction, *piece.key, self._holder, now()):
                return None
            row, verdict = found
            task = next((each for each in reviewable(kata, verdict) if each.name == piece.task), None)
            if task is None:
                return None
            folder, score, directory = (
                transaction.path_of(row.batch),
                _score(verdict, piece.task),
                Directory(transaction),
            )
            every = [row, *(each for _, each, _ in self._others(transaction, kata, piece, score))]
            rows = (each for one in every for each in (one, *groups.same_of_mates(transaction, one)))
            people = {self._named(directory.id_of(each.person.name)) for each in rows}
            return OpenPiece(piece, kata, task, verdict, score, folder, tuple(sorted(people)))

    def _others(
        self, transaction: Transaction, kata: Kata, piece: Piece, score: ManualScore | None
    ) -> Iterator[tuple[Piece, SubmissionRow, Verdict]]:
        """Yield what others submitted with the same files, if it has the same score so far."""
        for other in self.all:
            same = (other.kata, other.task, other.sha256) == (piece.kata, piece.task, piece.sha256)
            found = self._submission(transaction, other) if same and other.sha256 and other != piece else None
            if found is not None and other.task in {task.name for task in reviewable(kata, found[1])}:
                theirs = _score(found[1], other.task)
                if (score and score._replace(at="")) == (theirs and theirs._replace(at="")):
                    yield other, *found

    def _submission(self, transaction: Transaction, piece: Piece) -> tuple[SubmissionRow, Verdict] | None:
        """Return the submission of a piece and its current verdict, or None if it is no longer in the queue."""
        row = transaction.session.get(SubmissionRow, piece.submission)
        if row is not None and self._batch is not None:
            entry = transaction.session.get(EntryRow, (self._batch, row.person_id, row.kata))
            row = row if entry is not None and entry.submission_id == row.id else None
        return None if row is None else (row, self._verdict_of(row))

    def _verdict_of(self, row: SubmissionRow) -> Verdict:
        return row.current_verdict() if self._batch is None else row.last_verdict()

    def visible(self, text: str, piece: Piece) -> str:
        """Return a text as the reviewer may see it: in an anonymous queue without the names of the piece's author."""
        return self._pseudonyms.hidden(text, piece.person) if self._pseudonyms else text

    def files(self, shown: OpenPiece) -> Submission:
        """Return the submitted files. Raises KataError if they are missing."""
        batch = Batch(Path(shown.folder))
        if not shown.folder or not batch.exists:
            raise KataError(f"{shown.folder or 'a batch folder'}: not found, so the files cannot be shown.")
        return batch.store.take(shown.kata, shown.piece.sha256)

    # ------------------------------------------------------------------------------------ giving points

    def give(self, shown: OpenPiece, given: Given, items: Sequence[int] = ()) -> OpenPiece:
        """Store a score for all its people, and return the piece with it. `write_tables` writes the files.

        `items` are the rubric items that the score comes from. Raises MarkedMeanwhile if the score has changed since
        the piece was shown, and KataError if the submission was graded again.
        """
        task, (points, comment) = shown.task.name, given
        with interrupts_deferred(), self.book.transaction(alone=True) as transaction:
            row, before = self._current(transaction, shown)
            others = list(self._others(transaction, shown.kata, shown.piece, shown.score))
            every = [(shown.piece, row, before), *others]
            at = max([now(), *(score.at for *_, verdict in every for score in scores_of(verdict))])
            for piece, submission, verdict in every:
                after = awarded(shown.kata, verdict, task, points, comment, reviewer=self.book.who, at=at)
                for each in store(transaction, submission, verdict, after):
                    rubrics.use(transaction, each.id, task, items)
                self._written.add(transaction.path_of(submission.batch))
                self._seen.add(piece.key)
            transaction.session.expire(row)
            after = self._verdict_of(row)
        return dataclasses.replace(shown, verdict=after, score=_score(after, task))

    def items(self, shown: OpenPiece) -> list[Item]:
        """Return the rubric items of the task, in an order that never changes."""
        return self.book.read(rubrics.items, shown.kata.slug, shown.task.name)

    def score_of(self, shown: OpenPiece, chosen: Collection[int]) -> Given:
        """Return the score that rubric items give. Raises KataError if the task lacks one of them."""
        result = [item for item in self.items(shown) if item.id in chosen]
        if not result or {item.id for item in result} != set(chosen):
            raise KataError("no such rubric item.")
        return rubrics.score_of(result, shown.task.points)

    def add_item(self, shown: OpenPiece, label: str, points: float, comment: str) -> Item:
        """Add a rubric item to the task. Raises KataError if it is invalid."""
        new = rubrics.checked(label, points, comment, shown.task.points)
        return self.book.write(rubrics.add, shown.kata.slug, shown.task.name, new)

    def used(self, shown: OpenPiece) -> list[int]:
        """Return the ids of the rubric items that the score of a piece comes from."""
        return self.book.read(rubrics.used, *shown.piece.key)

    def meanwhile(self, shown: OpenPiece, score: ManualScore | None) -> str:
        """Say what another reviewer has done to the score of a piece since it was shown."""
        if score is None:
            return "The score is withdrawn."
        points = "1 point" if score.points == 1 else f"{score.points:g} points"
        comment = f": {clean_line(score.comment)}" if score.comment else ""
        return self.visible(f"{clean_line(score.reviewer, 60)} has given {points} meanwhile{comment}", shown.piece)

    def _current(self, transaction: Transaction, shown: OpenPiece) -> tuple[SubmissionRow, Verdict]:
        """Return the submission and its verdict, if its score is still the one that was shown."""
        found = self._submission(transaction, shown.piece)
        if found is None or grading_of(found[1]) != grading_of(shown.verdict):
            raise KataError("the submission was graded again in the meantime, so the points were not stored.")
        score = _score(found[1], shown.task.name)
        if score != shown.score:
            raise MarkedMeanwhile(score)
        return found

    def write_tables(self) -> list[str]:
        """Write the files of every batch with new scores, and return what to report."""
        lines = written_files.after_scores(self.book, self._written)
        self._written.clear()
        return lines


def _score(verdict: Verdict, task: str) -> ManualScore | None:
    return next((score for score in scores_of(verdict) if score.task == task), None)
