"""Grade the submissions of a batch that have no current verdict, and regrade those in a gradebook."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from graders.atomic import folder_lock
from graders.catalogue import Kata
from graders.errors import KataError
from graders.intake import Submission
from graders.report import wording
from graders.scoring import ungradable
from graders.verdict import STRENGTH, Confinement, Verdict
from katas_course import identity, submissions, written_files
from katas_course.batch import Batch, BatchStore
from katas_course.blobs import writing
from katas_course.downloads import SubmissionEntry
from katas_course.earlier_files import EarlierSource
from katas_course.executors import Job, JobExecutor, graded
from katas_course.gradebook import Gradebook, batches, settings, storing
from katas_course.gradebook.people import Directory
from katas_course.gradebook.results import StoredSubmission
from katas_course.gradebook.storing import Key, Row
from katas_course.identity import Said
from katas_course.reproducibility import seed_of, versions, versions_of
from katas_course.submissions import KataSubmission


@dataclass
class BatchProgress:
    """The counts and messages from a run so far."""

    entries: int = 0  # the number of people processed
    submitted: int = 0
    current: int = 0  # the number of submissions that are not graded again, because they were graded earlier
    outdated: int = 0  # how many of `current` were graded with other tests, another harness or another policy on extras
    graded: Counter[str] = field(default_factory=Counter)  # the number of graded submissions by status
    nothing: list[str] = field(default_factory=list)  # people without a submission for these katas
    refused: list[str] = field(default_factory=list)  # submissions that may not be graded, and why
    doubtful: list[str] = field(default_factory=list)  # submissions that may be someone else's than their name says
    by_name: list[str] = field(default_factory=list)  # people whose name alone says that they have submitted before
    errors: list[str] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)  # submissions whose time in the store was corrected
    older: list[str] = field(default_factory=list)  # submissions that are older than those graded earlier
    notes: list[str] = field(default_factory=list)  # which files were graded under another name, and other remarks
    weakest: Confinement = "full"


@dataclass
class BatchRun:
    """One run over a folder of submissions, which reports its progress by calling `on_progress`."""

    batch: Batch
    katas: Sequence[Kata]
    every: bool = False
    changed: bool = False
    require: Confinement | None = None
    require_extras: bool = False  # for every kata, not only where kata.toml requires them
    on_progress: Callable[[BatchProgress], None] = lambda _: None
    progress: BatchProgress = field(default_factory=BatchProgress)

    def grade(self, entries: Sequence[SubmissionEntry], executor: JobExecutor, held: BatchStore) -> BatchProgress:
        """Grade the submissions that have not been graded yet, and return the final progress.

        On Ctrl-C, store finished verdicts before stopping.
        """
        self._held = held
        self._versions = {kata.slug: versions(kata) for kata in self.katas}
        self._current = held.read(batches.summaries)
        self._graded = held.read(batches.graded)
        self._earlier = EarlierSource(held.book, self.katas)
        self._ungradable: list[Row] = []
        self._moved: dict[Key, str] = {}
        self._directory = held.book.read(Directory)
        self._said: dict[Key, Said] = {}
        self._people = {entry.person: entry.people for entry in entries}
        for group in graded(self._jobs(entries), executor):
            self._write([row for job, verdict in group for row in self._rows(job, verdict)])
        self._write([])
        self.progress.moved = held.write(batches.correct_times, self._moved)
        held.book.write(storing.note_said, self._said)  # about those whose verdict is stored already
        return self.progress

    def _rows(self, of: Job | SubmissionEntry, verdict: Verdict) -> list[Row]:
        """Return a row for each person of the group that submitted this, with the same verdict."""
        people = self._people[of.person]
        said = {of.person: self._said.pop((of.person, verdict.kata), frozenset())}
        return [
            Row(person=person, submitted_at=of.submitted_at, verdict=verdict, said=said.get(person, frozenset()))
            for person in people
        ]

    def _jobs(self, entries: Sequence[SubmissionEntry]) -> Iterator[Job]:
        for entry in entries:
            before = self.progress.submitted
            for submission in submissions.of_katas(entry, self.katas, every=self.every):
                yield from self._job_for(self._earlier.completed(submission))
            if self.progress.submitted == before:
                names = submissions.names_in(entry)
                self.progress.nothing.append(f"{entry.person} (found {names})" if names else entry.person)
            self.progress.entries += 1

    def _job_for(self, submission: KataSubmission) -> Iterator[Job]:
        self.progress.submitted += 1
        entry, kata, files = submission.entry, submission.kata, submission.files
        said = entry.said | identity.said([(identity.NUMBER + kata.slug, entry.participant)])
        doubts = {each: self._directory.doubt(each, said if each == entry.person else Said()) for each in entry.people}
        if any(doubts.values()):
            self.progress.doubtful += [f"{person}, {kata.slug}: {doubt}" for person, doubt in doubts.items() if doubt]
            return
        self._said[entry.person, kata.slug] = said
        if entry.participant and self._directory.is_by_name(entry.person, said):
            self.progress.by_name.append(entry.person)
        is_older = self._is_older(submission)
        if is_older:
            time, newer = entry.submitted_at, self._current[entry.person, kata.slug].submitted_at
            self.progress.older.append(f"{entry.person}, {kata.slug}: {time}, but {newer} is there")
        if is_older and (entry.person, kata.slug, files.sha256 if files else "", entry.submitted_at) in self._graded:
            self.progress.current += 1
        elif self._is_current(submission):
            self.on_progress(self.progress)
        elif reason := self._held.book.read(settings.may_be_graded, submission):
            self.progress.refused.append(f"{entry.person}, {kata.slug}: {reason}")
        elif files is None:
            self._ungradable += self._rows(entry, ungradable(self._blank(kata), kata, submission.refused))
        else:
            self.batch.store.keep(files)
            digests = self._versions[kata.slug][:2]
            seed = seed_of(self._held.seed, entry.person, kata.slug, files.sha256, *digests)
            extras = self._requires_extras(kata)
            whose = {"person": entry.person, "submitted_at": entry.submitted_at}
            yield _job(kata, digests, files, seed=seed, require_extras=extras, require=self.require, **whose)

    def _is_older(self, submission: KataSubmission) -> bool:
        """Return whether the store has a newer submission of the same person with other files."""
        before = self._current.get((submission.entry.person, submission.kata.slug))
        sha256 = submission.files.sha256 if submission.files else ""
        if before is None or before.verdict.submission_sha256 == sha256:
            return False
        return submission.entry.submitted_at < before.submitted_at

    def _blank(self, kata: Kata) -> Verdict:
        kata_digest, suite_digest, _ = self._versions[kata.slug]
        return Verdict(
            kata=kata.slug,
            title=kata.title,
            status="ungradable",
            kata_digest=kata_digest,
            suite_digest=suite_digest,
            graded_at=submissions.now(),
            hidden_detail=kata.hidden_detail,
            limits=kata.limits,
            require_extras=self._requires_extras(kata),
        )

    def _requires_extras(self, kata: Kata) -> bool:
        return self.require_extras or kata.require_extras

    def _is_current(self, submission: KataSubmission) -> bool:
        """Return whether the stored verdict on this submission makes it unnecessary to grade it again.

        An `error` does not, and neither does an outdated verdict if `changed` is set.
        """
        entry, kata, files = submission.entry, submission.kata, submission.files
        before = self._current.get((entry.person, kata.slug))
        if before is None or before.verdict.status == "error":
            return False
        sha256 = files.sha256 if files else ""
        theirs = [self._current.get((person, kata.slug)) for person in entry.people]
        if any(each is None or each.verdict.submission_sha256 != sha256 for each in theirs):
            return False
        if files is None and before.verdict.message != submission.refused:
            return False
        policy = self._requires_extras(kata)
        changed = versions_of(before.verdict) != self._versions[kata.slug] or before.verdict.require_extras != policy
        outdated = changed and files is not None  # what intake refuses doesn't depend on the tests
        if outdated and self.changed:
            return False
        if entry.explicit and before.submitted_at != entry.submitted_at:
            self._moved |= {(person, kata.slug): entry.submitted_at for person in entry.people}
        self.progress.current += 1
        self.progress.outdated += outdated
        return True

    def _write(self, rows: list[Row]) -> None:
        """Store rows, and then write their verdict files."""
        rows = rows + self._ungradable
        self._ungradable.clear()
        if not rows:
            return
        with writing(self.batch.verdicts):
            self.batch.verdicts.mkdir(exist_ok=True)
        with folder_lock(self.batch.verdicts):
            for row in self._held.append(rows):
                self._count(row)
                before = self._current.get(row.key)
                if before is None or before.submitted_at <= row.submitted_at:
                    written_files.replace_verdict(self.batch, row)
        self.on_progress(self.progress)

    def _count(self, row: Row) -> None:
        verdict, progress = row.verdict, self.progress
        if row.person not in self._people:  # another member of a group, which counts once
            return
        progress.graded[verdict.status] += 1
        notes = wording.notes(verdict.intake_notes, verdict.stopped_tests)
        progress.notes += [f"{row.person}, {verdict.kata}: {note}" for note in notes]
        if verdict.status == "error":
            progress.errors.append(f"{row.person}, {verdict.kata}: {verdict.message}")
        if verdict.tests:
            progress.weakest = min(progress.weakest, verdict.confinement, key=STRENGTH.index)


@dataclass
class Regraded:
    """The result so far.

    `left` holds a sentence for every submission that was not graded. `folders` holds the batch folders of those that
    were.
    """

    graded: int = 0
    left: list[str] = field(default_factory=list)
    folders: set[str] = field(default_factory=set)


def outdated(stored: Sequence[StoredSubmission], katas: Mapping[str, Kata]) -> list[StoredSubmission]:
    """Return the submissions that were graded with another version of the kata, its tests or the harness."""
    now = {slug: versions(kata) for slug, kata in katas.items()}
    return [each for each in stored if each.kata in now and versions_of(each.verdict) != now[each.kata]]


def regrade(
    book: Gradebook,
    stored: Sequence[StoredSubmission],
    katas: Mapping[str, Kata],
    executor: JobExecutor,
    batch: Path | None = None,
    *,
    require_extras: bool | None = None,
) -> Iterator[Regraded]:
    """Grade submissions again and add the new verdicts to the gradebook.

    `batch` is the batch folder that holds the submitted files, by default each submission's own. If `require_extras`
    is None, extra tasks must pass where they had to pass before and where the kata requires it. Yields the result so
    far, which is the same object each time.
    """
    result = Regraded()
    by_seed: dict[bytes, StoredSubmission] = {}
    digests = {slug: versions(katas[slug])[:2] for slug in {each.kata for each in stored}}

    def jobs() -> Iterator[Job]:
        for each in stored:
            kata, folder = katas[each.kata], str(batch or each.batch)
            try:
                if not folder:
                    raise KataError(
                        "the gradebook does not know which batch folder holds its files. Specify it with --batch DIR."
                    )
                files = Batch(Path(folder)).store.take(kata, each.sha256)
                files = msgspec.structs.replace(files, ignored=each.verdict.ignored_files)
            except KataError as fault:
                result.left.append(f"{each.person}, {each.kata}: {fault}")
                continue
            seed = os.urandom(16)
            by_seed[seed] = each
            extras = each.verdict.require_extras or kata.require_extras if require_extras is None else require_extras
            whose = {"person": each.person, "submitted_at": each.submitted_at}
            yield _job(kata, digests[each.kata], files, seed=seed, require_extras=extras, **whose)

    for group in graded(jobs(), executor):
        for job, verdict in group:
            _add(result, book, by_seed.pop(job.seed), verdict, batch)
        yield result
    yield result


def _add(result: Regraded, book: Gradebook, stored: StoredSubmission, verdict: Verdict, batch: Path | None) -> None:
    """Add a verdict to the gradebook and to the result. An `error` is added only to the result."""
    if verdict.status == "error":
        result.left.append(f"{stored.person}, {stored.kata}: {verdict.message}")
        return
    old = stored.verdict
    kept = {"intake_notes": old.intake_notes, "accepted_confinement": old.accepted_confinement}
    book.write(storing.add_regraded, stored.id, msgspec.structs.replace(verdict, **kept))
    result.graded += 1
    result.folders.add(str(batch or stored.batch))


def _job(kata: Kata, digests: tuple[str, str], files: Submission, **others: Any) -> Job:
    kata_digest, suite_digest = digests
    others |= {"kata": kata.slug, "root": str(kata.root), "submission": files}
    return Job(kata_digest=kata_digest, suite_digest=suite_digest, **others)
