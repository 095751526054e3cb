"""A batch: who handed in what, what of it is left to grade, and the verdicts, written down as they come."""

from __future__ import annotations

import csv
import datetime
import hashlib
import io
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from graders import __version__
from graders.batch import entries, journal, running
from graders.batch.disk import writing
from graders.batch.entries import Entry, Handed, composed
from graders.batch.executors import Place
from graders.batch.journal import Graded, Head, Journal, Row, Short
from graders.batch.resident import Job
from graders.batch.reviews import Reviews
from graders.batch.store import Store
from graders.catalogue import Kata
from graders.errors import KataError
from graders.files import alone
from graders.judge.scoring import ungradable
from graders.review import grading_of
from graders.verdict import STRENGTH, Confinement, Verdict, from_json, to_json

Allowed = Callable[[Handed], str]
"""Why something may not be graded; empty when it may."""


def always(_: Handed) -> str:
    """Everything may be graded."""
    return ""


@dataclass
class Batch:
    """The folder of a batch: journal.jsonl, submissions/ by digest, verdicts/PERSON/KATA.json as it stands."""

    out: Path

    @property
    def journal(self) -> Path:
        return self.out / "journal.jsonl"

    @property
    def store(self) -> Store:
        return Store(self.out / "submissions")

    @property
    def verdicts(self) -> Path:
        """Whoever writes a verdict's file is alone with this folder meanwhile."""
        return self.out / "verdicts"

    def verdict_file(self, person: str, kata: str) -> Path:
        return self.verdicts / self.folder_of(person) / f"{kata}.json"

    def folder_of(self, person: str) -> str:
        """The name of a person's folder, in verdicts/ and in feedback/."""
        return person.replace("/", "_")

    @property
    def feedback(self) -> Path:
        """Where `katas feedback` writes what people get back."""
        return self.out / "feedback"

    def open(self, seed: bytes | None = None) -> Journal:
        """The journal, to be written. `seed` (32 bytes) is drawn for a new batch; an old one keeps its own."""
        try:
            self.out.mkdir(mode=0o700, parents=True, exist_ok=True)  # marks are nobody else's business
            return Journal(self.journal, lambda: Head(seed=(seed or os.urandom(32)).hex()))
        except OSError as fault:
            raise KataError(f"{fault.filename or self.out}: {fault.strerror}; give another --out") from None

    def forget(self, person: str) -> tuple[int, int]:
        """Remove everything of one person: rows, verdicts, pages of feedback, and submissions that nobody else has.

        Returns how many rows and submissions were removed.
        """
        return self._keep(lambda row: composed(row.person) != composed(person))

    def forget_before(self, moment: str) -> tuple[int, int]:
        """Remove what was handed in before a moment (UTC, ISO 8601); what was removed, as `forget` returns it."""
        return self._keep(lambda row: row.submitted_at >= moment)

    def _keep(self, wanted: Callable[[Short], bool]) -> tuple[int, int]:
        standing = journal.shorts(self.journal)
        rows = journal.rewrite(self.journal, wanted)
        used = {row.verdict.submission_sha256 for row in journal.rows(self.journal)}
        dropped = sum(self.store.drop(sha256) for sha256 in list(self.store.digests()) if sha256 not in used)
        with alone(self.verdicts):
            for person, kata in standing.keys() - journal.shorts(self.journal).keys():
                file, pages = self.verdict_file(person, kata), self.feedback / self.folder_of(person)
                for each in (file, *pages.glob(f"{kata}.*")):
                    each.unlink(missing_ok=True)
                for folder in (file.parent, pages):
                    if folder.is_dir() and not any(folder.iterdir()):
                        folder.rmdir()
        return rows, dropped


@dataclass
class Tally:
    """What a run of a batch has come to so far."""

    entries: int = 0  # looked at
    handed_in: int = 0
    standing: int = 0  # graded before, and still right
    outdated: int = 0  # graded before, by other tests, another harness or another policy on extras, and left alone
    moved: int = 0  # of those that stood: handed in at another time than was known
    graded: Counter[str] = field(default_factory=Counter)  # by status
    nothing: list[str] = field(default_factory=list)  # who has handed in nothing of these katas
    kept_back: list[str] = field(default_factory=list)  # may not be graded, and why
    errors: list[str] = field(default_factory=list)
    weakest: Confinement = "full"


@dataclass
class Run:
    """One run over a folder of submissions. `told` is called whenever the tally has changed."""

    batch: Batch
    katas: Sequence[Kata]
    every: bool = False
    changed: bool = False
    require: Confinement | None = None
    require_extras: bool = False  # of every kata, and not only of those whose kata.toml says so
    allowed: Allowed = always
    told: Callable[[Tally], None] = lambda _: None
    tally: Tally = field(default_factory=Tally)

    def grade(self, found: Sequence[Entry], place: Place, held: Journal) -> Tally:
        """Grade what is left to grade. Ctrl-C passes through, with everything kept that was done."""
        self._state = {kata.slug: state(kata) for kata in self.katas}
        self._standing = journal.shorts(held.path)
        self._reviews = Reviews(held.path)
        self._seed = bytes.fromhex(held.head.seed)
        self._refused: list[Row] = []
        self._moved: dict[tuple[str, str], str] = {}
        for group in running.graded(self._jobs(found), place):
            self._write(
                held, [Row(person=d.job.person, submitted_at=d.job.submitted_at, verdict=d.verdict) for d in group]
            )
        self._write(held, [])
        self._move(held)
        reviewed = [key for key, row in journal.shorts(held.path).items() if self._reviews.concern(row)]
        _pass_on(self.batch, held, reviewed, self._reviews)
        return self.tally

    def _move(self, held: Journal) -> None:
        """Write down again what stands of those who handed in at another time than the journal says."""
        if not self._moved:
            return
        last = {row.key: row for row in journal.rows(held.path) if row.key in self._moved}
        rows = [msgspec.structs.replace(row, submitted_at=self._moved[key]) for key, row in last.items()]
        held.append(rows)
        self.tally.moved = len(rows)

    def _jobs(self, found: Sequence[Entry]) -> Iterator[Job]:
        for entry in found:
            before = self.tally.handed_in
            for handed in entries.handed_in(entry, self.katas, every=self.every):
                job = self._job(handed)
                if job is not None:
                    yield job
            if self.tally.handed_in == before:
                self.tally.nothing.append(entry.person)
            self.tally.entries += 1

    def _job(self, handed: Handed) -> Job | None:
        """What is to be done about something that was handed in, if it is a grading."""
        self.tally.handed_in += 1
        entry, kata = handed.entry, handed.kata
        if self._stands(handed):
            self.told(self.tally)
            return None
        said = self.allowed(handed)
        if said:
            self.tally.kept_back.append(f"{entry.person}, {kata.slug}: {said}")
            return None
        kata_digest, suite_digest, _ = self._state[kata.slug]
        if handed.taken is None:
            begun = Verdict(
                kata=kata.slug,
                title=kata.title,
                status="ungradable",
                kata_digest=kata_digest,
                suite_digest=suite_digest,
                graded_at=entries.as_utc(datetime.datetime.now(datetime.UTC)),
                hidden_detail=kata.hidden_detail,
                limits=kata.limits,
                require_extras=self._requires_extras(kata),
            )
            verdict = ungradable(begun, kata, handed.refused)
            self._refused.append(Row(person=entry.person, submitted_at=entry.submitted_at, verdict=verdict))
            return None
        self.batch.store.keep(handed.taken)
        return Job(
            person=entry.person,
            submitted_at=entry.submitted_at,
            kata=kata.slug,
            root=str(kata.root),
            kata_digest=kata_digest,
            suite_digest=suite_digest,
            submission=handed.taken,
            seed=seed_of(self._seed, entry.person, kata.slug, handed.taken.sha256, kata_digest, suite_digest),
            require=self.require,
            require_extras=self._requires_extras(kata),
        )

    def _requires_extras(self, kata: Kata) -> bool:
        return self.require_extras or kata.require_extras

    def _stands(self, handed: Handed) -> bool:
        """Whether there is a verdict on this already. A fault on our side is never one."""
        before = self._standing.get((handed.entry.person, handed.kata.slug))
        if before is None or before.verdict.status == "error":
            return False
        sha256 = handed.taken.sha256 if handed.taken else ""
        if before.verdict.submission_sha256 != sha256 or (not sha256 and before.verdict.message != handed.refused):
            return False
        policy = self._requires_extras(handed.kata)
        outdated = state_of(before.verdict) != self._state[handed.kata.slug] or before.verdict.require_extras != policy
        if outdated and self.changed and handed.taken:
            return False
        if handed.entry.told and before.submitted_at != handed.entry.submitted_at:
            self._moved[before.key] = handed.entry.submitted_at
        self.tally.standing += 1
        self.tally.outdated += outdated
        return True

    def _write(self, held: Journal, rows: list[Row]) -> None:
        """Rows into the journal, then what is made of them."""
        rows = rows + self._refused
        self._refused.clear()
        if not rows:
            return
        with writing(self.batch.verdicts):
            self.batch.verdicts.mkdir(exist_ok=True)
        with alone(self.batch.verdicts):
            _pass_on(self.batch, held, [row.key for row in rows], self._reviews)
            rows = [self._reviews.onto(row) for row in rows]
            held.append(rows)
            for row in rows:
                self._reviews.take(row.person, row.verdict)
                self._count(row)
                _write_file(self.batch, row)
        self.told(self.tally)

    def _count(self, row: Row) -> None:
        verdict, tally = row.verdict, self.tally
        tally.graded[verdict.status] += 1
        if verdict.status == "error":
            tally.errors.append(f"{row.person}, {verdict.kata}: {verdict.message}")
        if verdict.tests:
            tally.weakest = min(tally.weakest, verdict.confinement, key=STRENGTH.index)


def state(kata: Kata) -> tuple[str, str, str]:
    """What decides about a submission: the digests of the kata and of its tests, and the harness's version."""
    return kata.kata_digest(), kata.suite_digest(), __version__


def state_of(verdict: Verdict | Graded) -> tuple[str, str, str]:
    """What has decided about one, in the same order."""
    return verdict.kata_digest, verdict.suite_digest, verdict.harness_version


def seed_of(batch: bytes, *parts: str) -> bytes:
    """The 16 bytes from which the inputs of one grading come: the same for the same batch, person, files and tests."""
    return hashlib.blake2b("\0".join(parts).encode(), key=batch, digest_size=16).digest()


def write_verdict(batch: Batch, row: Row) -> None:
    """The verdict as it stands, as a file. It can be made from the journal again, so nothing waits for the disk.

    The points that people gave for the same submission stay: those in the journal, and those in the file before it.
    """
    reviews = Reviews(batch.journal)
    with alone(batch.verdicts):
        before = _in_file(batch.verdict_file(*row.key))
        if before is not None:
            reviews.take(row.person, before)
        _write_file(batch, reviews.onto(row))


def _write_file(batch: Batch, row: Row) -> None:
    file = batch.verdict_file(*row.key)
    new = file.with_name(f".{file.name}")
    with writing(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        new.write_bytes(to_json(row.verdict) + b"\n")
        os.replace(new, file)


def keep_marks(batch: Batch, file: Path) -> None:
    """Write a verdict with a person's points down in the journal: its file can be lost."""
    place = file.parts[-2:]
    keys = [key for key in journal.shorts(batch.journal) if batch.verdict_file(*key).parts[-2:] == place]
    with batch.open() as held:
        _pass_on(batch, held, keys, Reviews(batch.journal))


def _pass_on(batch: Batch, held: Journal, keys: Iterable[tuple[str, str]], reviews: Reviews) -> None:
    """Write the points in the verdicts' files of these, that the journal does not have, down in the journal.

    The grading that stood by the journal stands afterwards too.
    """
    found = {}
    for key in keys:
        marked = _in_file(batch.verdict_file(*key))
        if marked is not None and marked.kata == key[1] and reviews.lacks(key[0], marked):
            found[key] = marked
    if not found:
        return
    about: dict[tuple[str, str], Row] = {}
    last: dict[tuple[str, str], Row] = {}
    for row in journal.rows(batch.journal):
        if row.key in found:
            last[row.key] = row
            if row.verdict.submission_sha256 == found[row.key].submission_sha256:
                about[row.key] = row
    rows = []
    for key, row in about.items():
        rows.append(msgspec.structs.replace(row, verdict=found[key]))
        if grading_of(last[key].verdict) != grading_of(found[key]):
            rows.append(reviews.onto(last[key]))
    held.append(rows)


def _in_file(file: Path) -> Verdict | None:
    try:
        return from_json(file.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except KataError as fault:
        raise KataError(f"{file}: {fault}; remove it, and it is written again") from None


def restore_verdicts(batch: Batch) -> None:
    """Write the files of verdicts/ that are not there: of a run that was killed between journal and file."""
    missing = {key for key in journal.shorts(batch.journal) if not batch.verdict_file(*key).is_file()}
    if missing:
        reviews = Reviews(batch.journal)
        with alone(batch.verdicts):
            for row in journal.rows(batch.journal):
                if row.key in missing:
                    _write_file(batch, reviews.onto(row))


def results(batch: Batch) -> str:
    """What stands of everybody, with the points that people gave, as CSV."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(["person", "kata", "status", "score", "max_score", "submitted_at", "submission_sha256", "message"])
    reviews = Reviews(batch.journal)
    for (person, kata), row in sorted(journal.shorts(batch.journal).items()):
        got = _reviewed(batch, row) if reviews.concern(row) else row.verdict
        cells = [person, kata, got.status, got.score, got.max_score, row.submitted_at, got.submission_sha256]
        lines.writerow([harmless(cell) for cell in [*cells, got.message.partition("\n")[0]]])
    return text.getvalue()


def _reviewed(batch: Batch, row: Short) -> Graded:
    """What stands of one, with the points in the verdict's file, which the journal may not have yet."""
    found, known = _in_file(batch.verdict_file(*row.key)), row.verdict
    if found is None or (found.submission_sha256, found.graded_at) != (known.submission_sha256, known.graded_at):
        return known
    changes = {"status": found.status, "score": found.score, "max_score": found.max_score}
    return msgspec.structs.replace(known, **changes)


def nearly_the_same(batch: Batch, people: Iterable[str]) -> list[str]:
    """The people of a batch, and these, whose names differ by case alone: what is to be said of them.

    Raises KataError where the folder's file system takes two names for one, or Unicode does: verdicts would be lost.
    """
    known: dict[str, str] = {}
    found = []
    blind = batch.journal.with_name(batch.journal.name.upper()).exists()
    for person in sorted({*people, *(person for person, _ in journal.shorts(batch.journal))}):
        other = known.setdefault(composed(person).casefold(), person)
        if other == person:
            continue
        if composed(other) == composed(person):
            raise KataError(
                f"{batch.out}: {other!a} and {person!a} are one name in two Unicode forms; give another --out"
            )
        if blind:
            raise KataError(
                f"{batch.out}: {other} and {person} are one name on this file system; rename one, or give another --out"
            )
        found.append(f"{other} and {person}")
    return found


def harmless(cell: object) -> object:
    """A cell that no spreadsheet takes for a formula: names and messages are strangers' words."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def same(one: Verdict, other: Verdict) -> bool:
    """Whether two verdicts say the same, times and dates apart."""
    return _timeless(one) == _timeless(other)


def _timeless(verdict: Verdict) -> Verdict:
    tests = tuple(msgspec.structs.replace(test, duration_s=0.0, worker_cpu_s=0.0, speed=None) for test in verdict.tests)
    return msgspec.structs.replace(verdict, tests=tests, duration_s=0.0, graded_at="")
