"""Walk through everything in a course that a person has to score, also with several reviewers at once."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from graders.atomic import folder_lock, interrupts_deferred
from graders.catalogue import Kata, Task
from graders.course import written_files
from graders.course.batch import Batch
from graders.course.gradebook import Gradebook, batches, decisions, leases, results, rubrics
from graders.course.gradebook.database import Transaction
from graders.course.gradebook.groups import Groups
from graders.course.gradebook.importing import Key, Row
from graders.course.gradebook.leases import Lease, TaskKey
from graders.course.gradebook.people import Directory
from graders.course.gradebook.pseudonyms import Pseudonyms
from graders.course.gradebook.results import KataResult
from graders.course.gradebook.rubrics import Item
from graders.course.gradebook.tables import BatchRow, EntryRow, PersonRow, SubmissionRow
from graders.course.marking import store
from graders.course.rules import ScoredAttempt
from graders.course.submissions import as_utc
from graders.errors import KataError
from graders.intake import Submission
from graders.manual_scores import ManualScore, awarded, grading_of, marks_of, reviewable
from graders.report.text import clean_line
from graders.verdict import TaskResult, Verdict

Katas = Callable[[str], Kata | None]  # returns the kata with a slug, or None if it should be left out
Given = tuple[float, str | None]  # points, and a comment, where None leaves it unchanged


class MarkedMeanwhile(KataError):
    """Another reviewer has scored the task, or withdrawn its score, since it was shown."""

    def __init__(self, mark: ManualScore | None) -> None:
        super().__init__("another reviewer was faster")
        self.mark = mark


# ------------------------------------------------------------------------------------------ the pieces


@dataclass(frozen=True)
class Piece:
    """A task of a submission that a person scores. `name` is how the screen names the person."""

    submission: int
    task: str
    kata: str
    person: str
    name: str

    @property
    def key(self) -> TaskKey:
        return self.submission, self.task


class Source:
    """The submissions of a batch, or without `batch` those in a gradebook that count or can still count."""

    def __init__(self, batch: int | None) -> None:
        self.batch = batch

    def verdict(self, transaction: Transaction, submission: int) -> tuple[SubmissionRow, Verdict] | None:
        """Return a submission and its current verdict, or None if it is no longer here."""
        row = transaction.session.get(SubmissionRow, submission)
        if row is None:
            return None
        if self.batch is not None:
            entry = transaction.session.get(EntryRow, (self.batch, row.person_id, row.kata))
            if entry is None or entry.submission_id != row.id:
                return None
        return row, self.verdict_of(row)

    def verdict_of(self, row: SubmissionRow) -> Verdict:
        """Return the current verdict on a submission."""
        return row.current_verdict() if self.batch is None else row.last_verdict()

    def submissions(self, transaction: Transaction) -> Iterator[tuple[int, str, str, Verdict]]:
        """Yield the id, the person's submitted name, the kata and the verdict of each submission."""
        if self.batch is None:
            yield from _that_can_count(transaction)
            return
        batch = transaction.session.get(BatchRow, self.batch)
        assert batch is not None
        directory = Directory(transaction)
        decided = decisions.by_person(transaction, directory)
        for row in batches.entries(transaction, batch):
            of_person = decided.get((directory.id_of(row.person.name), row.kata), ())
            if all(each.task for each in of_person):  # otherwise a decision replaces the points for the whole kata
                yield row.id, row.person.name, row.kata, row.last_verdict()


def pieces(
    transaction: Transaction, source: Source, katas: Katas, named: Callable[[str], str] | None = None
) -> list[Piece]:
    """Return the pieces, ordered by kata, then by task, then by person.

    `named` returns how the screen names the person with an id, which is the id itself by default.
    """
    directory = Directory(transaction)
    result = []
    for submission, name, slug, verdict in source.submissions(transaction):
        kata = katas(slug)
        if kata is None:
            continue
        for task in reviewable(kata, verdict):
            person = directory.id_of(name)
            piece = Piece(submission, task.name, slug, person, named(person) if named else person)
            result.append(((slug, kata.tasks.index(task), piece.name, submission), piece))
    return [piece for _, piece in sorted(result, key=lambda each: each[0])]


def _that_can_count(transaction: Transaction) -> Iterator[tuple[int, str, str, Verdict]]:
    """Yield one submission for each person and kata: the one to review first."""
    rows = transaction.session.execute(
        sa.select(
            SubmissionRow.id, PersonRow.name, SubmissionRow.kata, SubmissionRow.sha256, SubmissionRow.submitted_at
        ).join(PersonRow, PersonRow.id == SubmissionRow.person_id)
    )
    ids = {tuple(key): number for number, *key in rows}
    groups, yielded = Groups(Directory(transaction).roster, ()), set()
    for result in results.of_katas(transaction):
        chosen = None if result.is_decided else _to_review(result)
        if chosen is not None:
            attempt = chosen.attempt
            key = attempt.submitted_as, result.kata, attempt.verdict.submission_sha256, attempt.submitted_at
            everyone = (result.person, *groups.mates(result.person)) if result.rule.in_groups else (result.person,)
            once = frozenset(everyone), *key[1:]
            if once not in yielded:  # a group's submission is that of each member
                yielded.add(once)
                yield ids[key], attempt.submitted_as, result.kata, attempt.verdict


def _to_review(result: KataResult) -> ScoredAttempt | None:
    """Return the submission that counts or, if it needs no review, the best one that would count after a review."""
    counted = result.counted
    if counted is None or counted.attempt.verdict.review_points:
        return counted
    others = (each for each in result.standings if result.is_to_review(each))
    return max(others, key=lambda each: (each.at_most, each.attempt.submitted_at), default=counted)


# ------------------------------------------------------------------------------------------- the queue


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


@dataclass(frozen=True)
class Ending:
    """What a session says when it has no piece to offer. `skipped` is how many pieces it can offer again."""

    title: str
    note: str
    skipped: int


class MarkingQueue:
    """The queue of one reviewer. Use it in a `with` statement."""

    def __init__(self, course: str, by: str, wanted: Wanted, katas: Katas) -> None:
        self.wanted = wanted
        self._katas = katas
        self._stack = contextlib.ExitStack()
        self._holder = leases.new_holder(by)
        self._written: defaultdict[str, set[Key]] = defaultdict(set)  # the new scores by batch folder
        self._stale: set[str] = set()  # the batch folders with a verdict file that could not be written
        self._batches: dict[str, Batch | None] = {}
        self._seen: set[TaskKey] = set()
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
        self._pseudonyms = self.book.write(Pseudonyms) if self.wanted.anonymous else None
        named = self._pseudonyms.of if self._pseudonyms else None
        self.all = self.book.read(pieces, self._source, self._katas, named)
        self.pieces = [each for each in self.all if self._is_wanted(each)]

    def choose(self, wanted: Wanted) -> None:
        """Offer something else from now on, from the beginning. Whether names are shown stays as it is."""
        self.wanted = dataclasses.replace(wanted, anonymous=self.wanted.anonymous)
        self._seen.clear()
        self._history.clear()
        self.pieces = [each for each in self.all if self._is_wanted(each)]

    def _is_wanted(self, piece: Piece) -> bool:
        chosen = ((self.wanted.katas, piece.kata), (self.wanted.tasks, piece.task), (self.wanted.people, piece.name))
        return all(not names or name in names for names, name in chosen)

    def __enter__(self) -> MarkingQueue:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.book.write(leases.release, self._holder)
        finally:
            self._stack.close()

    # ---------------------------------------------------------------------------------- the next piece

    def counts(self) -> tuple[int, int]:
        """Return how many pieces are marked, and how many there are."""
        keys = {each.key for each in self.pieces}
        return len(self.book.read(leases.marked, keys)), len(keys)

    def progress(self) -> str:
        """Return how much is done, such as "12 of 40 marked, 28 left"."""
        marked, total = self.counts()
        return f"{marked} of {total} marked, {total - marked} left"

    def ending(self) -> Ending:
        """Say what is left when the queue has no piece to offer."""
        marked, total = self.counts()
        left, others = total - marked, self._open_elsewhere()
        by_reviewer: dict[str, list[str]] = {}
        for by, until in sorted(others):
            by_reviewer.setdefault(by, []).append(until)
        elsewhere = " ".join(self._open_at(by, until) for by, until in by_reviewer.items())
        if not left:
            return Ending("Nothing is left", elsewhere, 0)
        skipped = left - len(others)
        note = f"You have skipped {skipped if left > 1 else 'it'}." if skipped else ""
        title = "1 piece is left" if left == 1 else f"{left} pieces are left"
        return Ending(title, f"{note} {elsewhere}".strip(), skipped)

    def _open_elsewhere(self) -> list[Lease]:
        """Return the leases of the unmarked pieces that other reviewers have open."""
        keys = {each.key for each in self.pieces} - self._seen
        with self.book.transaction() as transaction:
            keys -= leases.marked(transaction, keys)
            held = leases.held_by_others(transaction, self._holder, _now())
        return [lease for key, lease in held.items() if key in keys]

    def _open_at(self, by: str, until: list[str]) -> str:
        count = "1 piece is" if len(until) == 1 else f"{len(until)} pieces are"
        mine = by == self.book.who
        whose = "in another session of yours" if mine else f"at {clean_line(by, 60) or 'another reviewer'}"
        return f"{count} open {whose}, until {max(until)[11:16]} UTC."

    def next(self) -> OpenPiece | None:
        """Open the next piece that this session has not shown and that no other reviewer has open, or return None."""
        found = self._next()
        if found is None:  # submissions may have been graded since the queue was made
            self._load()
            found = self._next()
        return found

    def _next(self) -> OpenPiece | None:
        with self.book.transaction() as transaction:
            done = set() if self.wanted.again else leases.marked(transaction, {each.key for each in self.pieces})
            reserved = set(leases.held_by_others(transaction, self._holder, _now()))
        for piece in self.pieces:
            if piece.key not in self._seen | done | reserved:
                opened = self._opened(piece)
                if opened is not None and (self.wanted.again or opened.mark is None):
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
        if self.at_start:
            return None
        opened = self._opened(self._history[-2])
        if opened is not None:
            self._seen.discard(self._history.pop().key)
        return opened

    def again(self, shown: OpenPiece) -> OpenPiece | None:
        """Return a piece as it is now, or None if it can no longer be reviewed."""
        return self._opened(shown.piece)

    def _opened(self, piece: Piece) -> OpenPiece | None:
        """Reserve a piece, and return it unless another reviewer has it or it is no longer to be reviewed."""
        with self.book.transaction(alone=True) as transaction:
            found = self._source.verdict(transaction, piece.submission)
            kata = self._katas(piece.kata)
            if found is None or kata is None or not leases.take(transaction, *piece.key, self._holder, _now()):
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

    def task(self, shown: OpenPiece) -> Task:
        """Return the task of a piece."""
        return next(task for task in self.kata(shown.piece).tasks if task.name == shown.piece.task)

    def files(self, shown: OpenPiece) -> Submission:
        """Return the submitted files. Raises KataError if they are missing."""
        batch = self._batch(shown.folder)
        if batch is None:
            raise KataError(f"{shown.folder or 'a batch folder'}: not found, so the files cannot be shown.")
        return batch.store.take(self.kata(shown.piece), shown.sha256)

    # ------------------------------------------------------------------------------------ giving points

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
                points, comment = given
                kata, by = self.kata(shown.piece), self.book.who
                score = awarded(kata, before, shown.piece.task, points, comment, reviewer=by, at=at)
                every = store(transaction, row, before, score)
                for each in every if items is not None else ():
                    rubrics.use(transaction, each.id, shown.piece.task, items or ())
                mates = {each.person.name for each in every if each.person_id != row.person_id}
                transaction.session.expire(row)
                after = self._source.verdict_of(row)
                new = Row(person=row.person.name, submitted_at=row.submitted_at, verdict=row.last_verdict())
                entry = sa.select(EntryRow.batch_id).where(EntryRow.submission_id == row.id).limit(1)
                has_file = transaction.session.scalar(entry) is not None
            self._written[shown.folder] |= {new.key, *((name, shown.piece.kata) for name in mates)}
            if mates:  # their verdict files are written with the tables
                self._stale.add(shown.folder)
            if batch is not None and has_file:
                try:
                    written_files.replace_verdict(batch, new)
                except KataError:  # the points are stored; write_tables tries again and reports the problem
                    self._stale.add(shown.folder)
        return dataclasses.replace(shown, verdict=after, mark=_mark(after, shown.piece.task))

    def items(self, shown: OpenPiece) -> list[Item]:
        """Return the rubric items of the task, in an order that never changes."""
        return self.book.read(rubrics.items, shown.piece.kata, shown.piece.task)

    def score_of(self, shown: OpenPiece, chosen: Collection[int]) -> Given:
        """Return the score that rubric items give. Raises KataError if the task lacks one of them."""
        result = [item for item in self.items(shown) if item.id in chosen]
        if not result or {item.id for item in result} != set(chosen):
            raise KataError("no such rubric item.")
        return rubrics.score_of(result, self.task(shown).points)

    def add_item(self, shown: OpenPiece, label: str, points: float, comment: str) -> Item:
        """Add a rubric item to the task. Raises KataError if it is invalid."""
        new = rubrics.checked(label, points, comment, self.task(shown).points)
        return self.book.write(rubrics.add, shown.piece.kata, shown.piece.task, new)

    def used(self, shown: OpenPiece) -> list[int]:
        """Return the ids of the rubric items that the score of a piece comes from."""
        return self.book.read(rubrics.used, *shown.piece.key)

    def meanwhile(self, shown: OpenPiece, mark: ManualScore | None) -> str:
        """Say what another reviewer has done to the score of a piece since it was shown."""
        if mark is None:
            return "The score is withdrawn."
        points = "1 point" if mark.points == 1 else f"{mark.points:g} points"
        comment = f": {clean_line(mark.comment)}" if mark.comment else ""
        return self.visible(f"{clean_line(mark.reviewer, 60)} has given {points} meanwhile{comment}", shown.piece)

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
                written_files.write_table(batch, held)
                lines.append(f"written: {batch.table}")
                if folder in self._stale:
                    written_files.restore_verdicts(batch, held)
            lines += written_files.outdated_pages(batch, changed, named=not self.wanted.anonymous)
        lines += written_files.refresh_tables(self.book) if self._written else []
        self._written.clear()
        return lines


def _is_open(task: TaskResult) -> bool:
    return task.status == "awaiting_review" or bool(task.reviewer)


def _mark(verdict: Verdict, task: str) -> ManualScore | None:
    return next((mark for mark in marks_of(verdict) if mark.task == task), None)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
