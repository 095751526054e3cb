"""The database of a gradebook, and everything that changes it; each change leaves a line in the audit trail."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import getpass
import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa
from packaging.version import InvalidVersion, Version
from sqlalchemy.orm import Session, selectinload

from graders import verdict as verdicts
from graders.batch import journal
from graders.batch.cohort import Batch
from graders.batch.entries import Handed, as_utc, composed, forms
from graders.batch.journal import Row
from graders.catalogue import Kata
from graders.errors import KataError
from graders.gradebook import rules
from graders.gradebook.rules import Attempt, Rule, Standing
from graders.gradebook.tables import (
    REVISION,
    AuditRow,
    ExtensionRow,
    KataRow,
    MarkRow,
    PersonRow,
    SubmissionRow,
    VerdictRow,
)
from graders.report.text import clean, clean_line
from graders.review import Mark, marks_of, with_marks, without_marks
from graders.verdict import LONGEST_COMMENT, Verdict

DEFAULT = "gradebook.sqlite"
WAIT_S = 30  # for another process that is writing
FORGOTTEN = "(forgotten)"
LONGEST_NAME = 200  # of a task or a reviewer
OF_A_SUBMISSION = ("graded", "marked", "handed in")  # what the audit trail says of one
_MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATING = 0x6B61746173  # the key of PostgreSQL's lock
_LOCK_TIMEOUT = "55P03"  # PostgreSQL's code for it


@dataclass(frozen=True)
class Place:
    """One person's place in a kata: everything that was handed in, and the one that counts."""

    person: str
    kata: str
    rule: Rule
    standings: tuple[Standing, ...]
    counted: Standing | None

    @property
    def verdict(self) -> Verdict | None:
        return None if self.counted is None else self.counted.attempt.verdict

    @property
    def points(self) -> float:
        return 0.0 if self.counted is None else self.counted.points

    @property
    def passed(self) -> bool:
        """Whether they have passed it, whichever submission's points count."""
        return rules.passed(self.standings, self.rule)


class Imported(NamedTuple):
    """How much was new in the book."""

    verdicts: int
    marks: int


@dataclass(frozen=True)
class Kept:
    """A submission in the book and the verdict that stands on it; `batch` is the folder that keeps its files."""

    id: int
    person: str
    kata: str
    sha256: str
    submitted_at: str
    batch: str
    verdict: Verdict


class Gradebook:
    """An open gradebook; `url` is a file (SQLite) or a database URL. Use it in a `with`.

    A new one is made, an older one brought up to date. Raises KataError where it cannot be used. `who` stands in the
    audit trail.
    """

    def __init__(self, url: str = DEFAULT, *, who: str | None = None) -> None:
        self.who = who or _user()
        try:
            self._url = sa.make_url(url if "://" in url else f"sqlite:///{url}")
        except sa.exc.ArgumentError:
            raise KataError(f"{url}: a file, or a URL such as postgresql://user@host/course, is expected") from None
        self.name = self._url.render_as_string(hide_password=True)
        if self._url.get_backend_name() not in ("sqlite", "postgresql"):
            raise KataError(f"{self.name}: a gradebook is a file, or a database of PostgreSQL: postgresql://…")
        if self._url.get_backend_name() == "postgresql":
            self._url = self._url.set(drivername="postgresql+psycopg")
        self._keep_private()
        try:
            self._engine = sa.create_engine(self._url, **self._settings())
            self._session = Session(self._engine)
            try:
                self._bring_up_to_date()
            except BaseException:
                self.close()
                raise
        except ImportError as fault:
            raise KataError(f"{self.name}: {fault}: pip install 'nn-katas[cohort]'") from None
        except sa.exc.SQLAlchemyError as fault:
            raise self._fault(fault) from None

    def _settings(self) -> dict[str, Any]:
        if self._url.get_backend_name() != "sqlite":
            return {"pool_pre_ping": True}
        return {"connect_args": {"timeout": WAIT_S}}

    def _keep_private(self) -> None:
        """A file that is new can be read by its owner alone; what is wrong with its place, the database says."""
        if self._url.get_backend_name() == "sqlite" and self._url.database not in (None, "", ":memory:"):
            with contextlib.suppress(OSError):
                os.close(os.open(str(self._url.database), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))

    def _fault(self, fault: sa.exc.SQLAlchemyError) -> KataError:
        said = str(getattr(fault, "orig", None) or fault).strip().partition("\n")[0]
        if said.endswith("is locked") or getattr(getattr(fault, "orig", None), "sqlstate", None) == _LOCK_TIMEOUT:
            return KataError(
                f"{self.name}: {said}: another program is using it; wait for that one or close it, and try again"
            )
        if said.endswith("is full"):
            return KataError(f"{self.name}: {said}: make room, and run the command again")
        if isinstance(fault, sa.exc.OperationalError) and self._url.get_backend_name() == "postgresql":
            return KataError(f"{self.name}: {said}: is the server running, and are you let in?")
        return KataError(f"{self.name}: {said}: name a gradebook that can be written, --gradebook URL")

    def __enter__(self) -> Gradebook:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self._session.close()
        self._engine.dispose()

    def _bring_up_to_date(self) -> None:
        sqlite = self._url.get_backend_name() == "sqlite"
        sa.event.listen(self._engine, "connect", _as_it_should_be if sqlite else _patient)
        with self._engine.begin() as connection:
            if _revision(connection) == REVISION:
                return
        with self._alone() as connection:
            found = _revision(connection)
            if found == REVISION:  # another process was faster
                return
            if found is None and sa.inspect(connection).get_table_names():
                raise KataError(f"{self.name}: it holds other tables, and is no gradebook; name another")
            from alembic import command
            from alembic.config import Config
            from alembic.util import CommandError

            config = Config()
            config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
            config.attributes["connection"] = connection
            try:
                command.upgrade(config, "head")
            except CommandError:
                raise KataError(
                    f"{self.name}: its tables are of revision {found}, which this version of katas does not know; "
                    "use the one that made it, or a later one"
                ) from None

    @contextlib.contextmanager
    def _alone(self) -> Iterator[sa.Connection]:
        """One transaction for changing the tables, whole or not at all; one process at a time is in it.

        For SQLite it is begun here: before a table is changed, Python's driver would begin none.
        """
        with self._engine.connect() as connection:
            if self._url.get_backend_name() == "sqlite":
                connection = connection.execution_options(isolation_level="AUTOCOMMIT")  # the driver begins none itself
                begin = "BEGIN IMMEDIATE"
            else:
                begin = f"SELECT pg_advisory_xact_lock({_MIGRATING})"
            with connection.begin():
                connection.exec_driver_sql(begin)
                yield connection

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[Session]:
        """One transaction, whole or not at all."""
        try:
            with self._session.begin():
                yield self._session
        except sa.exc.IntegrityError:
            raise KataError(
                f"{self.name}: somebody else has written the same just now; run the command again"
            ) from None
        except sa.exc.SQLAlchemyError as fault:
            raise self._fault(fault) from None

    # -------------------------------------------------------------------------------------- import

    def import_batch(self, batch: Batch, katas: Iterable[Kata] = ()) -> Imported:
        """Take over what a batch has graded, and the marks that people have written into its verdicts.

        What is there already is left alone: importing twice changes nothing.
        """
        journal.head(batch.journal)
        new = 0
        marks: defaultdict[SubmissionRow, list[Mark]] = defaultdict(list)
        spelled: dict[str, str] = {}
        times: dict[tuple[str, ...], list[str]] = {}  # of each verdict, as they were written down
        for row in journal.rows(batch.journal):
            times.setdefault(_same(row), []).append(row.submitted_at)
        with self._transaction() as session:
            self._know(session, katas)
            for row in journal.rows(batch.journal):
                other = spelled.setdefault(composed(row.person), row.person)
                if other != row.person:
                    raise KataError(
                        f"{batch.journal}: {other!a} and {row.person!a} are one name in two Unicode forms; "
                        "leave one of them among the submissions, and grade these into another --out"
                    )
                *earlier, last = times[_same(row)]
                timed = msgspec.structs.replace(row, submitted_at=last)
                submission, added = self._add(session, timed, str(batch.out.resolve()), earlier)
                new += added
                if submission is not None:
                    marks[submission] += marks_of(row.verdict)
            for file in sorted((batch.out / "verdicts").glob("*/*.json")):
                for submission, given in self._marks_in(session, file):
                    marks[submission] += given
            marked = sum(self._mark(session, submission, given) for submission, given in marks.items())
        return Imported(new, marked)

    def import_verdict(self, found: Verdict, person: str, submitted_at: str = "", batch: str = "") -> bool:
        """Take over one verdict; whether it was new. Handed in when it was graded, where nobody knows better."""
        with self._transaction() as session:
            row = Row(person=person, submitted_at=submitted_at, verdict=found)
            submission, new = self._add(session, row, batch)
            if submission is not None:
                self._mark(session, submission, marks_of(found))
            return new

    def know(self, katas: Iterable[Kata]) -> None:
        """Keep what a course's katas are called, and their limits of attempts."""
        with self._transaction() as session:
            self._know(session, katas)

    def _know(self, session: Session, katas: Iterable[Kata]) -> None:
        for kata in katas:
            row = self._kata(session, kata.slug)
            row.title = kata.title
            if row.attempts_per_day != kata.attempts_per_day:
                before, after = (str(each or "no limit") for each in (row.attempts_per_day, kata.attempts_per_day))
                self._note(session, "attempts a day", kata=kata.slug, before=before, after=after)
                row.attempts_per_day = kata.attempts_per_day

    def _kata(self, session: Session, slug: str) -> KataRow:
        row = session.get(KataRow, slug)
        if row is None:
            row = KataRow(slug=slug, title="", attempts_per_day=0, counts="best", late_percent=0.0)
            session.add(row)
            session.flush()
        return row

    def _person(self, session: Session, name: str) -> PersonRow | None:
        """Who has this name, in whatever Unicode form it was written."""
        found = {row.name: row for row in session.scalars(sa.select(PersonRow).where(PersonRow.name.in_(forms(name))))}
        return found.get(name) or next(iter(found.values()), None)

    def _add(
        self, session: Session, row: Row, batch: str, earlier: Collection[str] = ()
    ) -> tuple[SubmissionRow | None, bool]:
        """Add a verdict, with the person, kata and submission that it is about. An `error` is no verdict.

        Returns the submission, and whether the verdict was new. The marks in it are left to be added.
        """
        found = row.verdict
        if found.status == "error":
            return None, False
        _expect_text(row, batch)
        self._kata(session, found.kata)
        person = self._person(session, row.person)
        if person is None:
            person = PersonRow(name=composed(row.person))
            session.add(person)
            session.flush()
        submission = self._submission(session, person, row, earlier)
        if submission is None:
            submission = SubmissionRow(
                person_id=person.id,
                kata=found.kata,
                sha256=found.submission_sha256,
                submitted_at=row.submitted_at or found.graded_at,
                batch=batch,
            )
            session.add(submission)
            session.flush()
        elif batch:
            submission.batch = batch
        return submission, self._add_verdict(session, submission, found)

    def _submission(
        self, session: Session, person: PersonRow, row: Row, earlier: Collection[str]
    ) -> SubmissionRow | None:
        """The submission that a verdict is about, if it is in the book.

        A verdict that is there already is about the one that it is there for, whatever is said of when it was handed
        in. A time that nobody had known before is corrected, and one that its batch has corrected since (`earlier`).
        """
        found = row.verdict
        same = sa.select(SubmissionRow).where(
            SubmissionRow.person_id == person.id,
            SubmissionRow.kata == found.kata,
            SubmissionRow.sha256 == found.submission_sha256,
        )
        submitted_at = row.submitted_at or found.graded_at
        known = session.scalar(same.where(SubmissionRow.submitted_at == submitted_at))
        if known is not None or not found.seed:
            return known
        this = (VerdictRow.graded_at == found.graded_at) & (VerdictRow.seed == found.seed)
        known = session.scalar(same.join(VerdictRow).where(this).limit(1))
        wrong = {found.graded_at, *earlier} - {row.submitted_at}
        if known is not None and row.submitted_at and known.submitted_at in wrong:
            self._note_of(session, known, "handed in", known.submitted_at, row.submitted_at)
            known.submitted_at = row.submitted_at
        return known

    def _add_verdict(self, session: Session, submission: SubmissionRow, found: Verdict) -> bool:
        seed = found.seed or ""
        known = session.scalars(sa.select(VerdictRow).where(VerdictRow.submission_id == submission.id)).all()
        if any((each.graded_at, each.seed) == (found.graded_at, seed) for each in known):
            return False
        standing = max(known, key=_age, default=None)
        added = VerdictRow(
            submission_id=submission.id,
            graded_at=found.graded_at,
            seed=seed,
            status=found.status,
            harness_version=found.harness_version,
            kata_digest=found.kata_digest,
            suite_digest=found.suite_digest,
            record=msgspec.json.encode(without_marks(found)).decode(),
        )
        session.add(added)
        session.flush()
        before = "" if standing is None else _told(_read(standing))
        self._note_of(session, submission, "graded", before, _told(without_marks(found)))
        return True

    def _mark(self, session: Session, submission: SubmissionRow, marks: Iterable[Mark]) -> int:
        """Add all marks that are known of a submission, in the order in which they were given; how many were new.

        The newest one of a task stands, of several of one second the last. Of those that the book has been through
        already, nothing is noted again.
        """
        new = 0
        given: defaultdict[str, list[Mark]] = defaultdict(list)
        for mark in map(_kept, marks):
            given[mark.task].append(mark)
        for task, every in given.items():
            if clean_line(task, LONGEST_NAME) != task:  # it is no kata's
                continue
            row = session.get(MarkRow, (submission.id, task))
            before = None if row is None else _kept(_mark_in(row))
            for mark in _later(every, before):
                if row is None:
                    row = MarkRow(submission_id=submission.id, task=task)
                    session.add(row)
                row.points, row.reviewer, row.reviewed_at, row.comment = mark[1:]
                was = "" if before is None else _told_mark(before)
                self._note_of(session, submission, "marked", was, _told_mark(mark))
                before = mark
                new += 1
        session.flush()
        return new

    def _marks_in(self, session: Session, file: Path) -> list[tuple[SubmissionRow, list[Mark]]]:
        """The marks of a verdict file of a batch, where `katas review` writes them first, and what they are for."""
        try:
            found = verdicts.from_json(file.read_bytes())
        except (OSError, KataError) as fault:
            raise KataError(f"{file}: {getattr(fault, 'strerror', None) or fault}") from None
        marks = marks_of(found)
        person = self._person(session, file.parent.name) if marks else None
        if person is None or "\0" in found.kata + found.submission_sha256:  # of nothing that can be in the book
            return []
        wanted = sa.select(SubmissionRow).where(
            SubmissionRow.person_id == person.id,
            SubmissionRow.kata == found.kata,
            SubmissionRow.sha256 == found.submission_sha256,
        )
        return [(submission, marks) for submission in session.scalars(wanted)]

    # --------------------------------------------------------------------------------------- rules

    def set_rule(
        self,
        slug: str,
        *,
        counts: str | None = None,
        due_at: str | None = None,
        late_percent: float | None = None,
        late_days: int | None = None,
    ) -> Rule:
        """Change how a kata counts; what is None stays as it is."""
        with self._transaction() as session:
            row = self._kata(session, slug)
            before = told_rule(_rule(row))
            if counts is not None:
                row.counts = counts
            if due_at is not None:
                row.due_at = due_at or None
            if late_percent is not None:
                row.late_percent = late_percent
            if late_days is not None:
                row.late_days = None if late_days < 0 else late_days
            after = _rule(row)
            if told_rule(after) != before:
                self._note(session, "rule", kata=slug, before=before, after=told_rule(after))
            return after

    def extend(self, person: str, slug: str, due_at: str) -> None:
        """Give one person a deadline of their own."""
        with self._transaction() as session:
            self._kata(session, slug)
            row = self._known_person(session, person)
            own = session.get(ExtensionRow, (row.id, slug))
            before = own.due_at if own else ""
            if own:
                own.due_at = due_at
            else:
                session.add(ExtensionRow(person_id=row.id, kata=slug, due_at=due_at))
            self._note(session, "extension", row.name, slug, before, due_at)

    def _known_person(self, session: Session, name: str) -> PersonRow:
        row = self._person(session, name)
        if row is None:
            raise KataError(f"{name}: nobody of that name is in {self.name}; `katas gradebook show` lists everybody")
        return row

    def may_be_graded(self, handed: Handed) -> str:
        """Why something may not be graded today: the limit of attempts is reached. Empty when it may.

        The day is that of handing in. What is in the book already is no new attempt.
        """
        limit = handed.kata.attempts_per_day
        if not limit or handed.taken is None:
            return ""
        day = rules.day_of(handed.entry.submitted_at)
        with self._transaction():
            own = [
                each
                for each in self._submissions(handed.kata.slug, handed.entry.person)
                if rules.day_of(each.submitted_at) == day and each.verdicts
            ]
            if any(each.sha256 == handed.taken.sha256 for each in own):
                return ""
            spent = sum(rules.spends_attempt(_standing(each)) for each in own)
        if spent < limit:
            return ""
        return f"attempt {spent + 1} of {day}, {limit} a day are graded; days begin at 0:00 UTC"

    # -------------------------------------------------------------------------------------- reading

    def places(self, slug: str | None = None, person: str | None = None) -> list[Place]:
        """Everybody's place in every kata, by person and kata."""
        with self._transaction() as session:
            if person is not None:
                self._known_person(session, person)
            katas = {row.slug: _rule(row) for row in self._session.scalars(sa.select(KataRow))}
            own = {
                (row.person.name, row.kata): row.due_at
                for row in self._session.scalars(sa.select(ExtensionRow).options(selectinload(ExtensionRow.person)))
            }
            grouped: dict[tuple[str, str], list[Attempt]] = {}
            for submission in self._submissions(slug, person):
                if submission.verdicts:
                    attempt = Attempt(submission.submitted_at, _without_outputs(_standing(submission)))
                    grouped.setdefault((submission.person.name, submission.kata), []).append(attempt)
        found = []
        for (name, kata), attempts in sorted(grouped.items()):
            rule = katas[kata]
            if (name, kata) in own:
                rule = dataclasses.replace(rule, due_at=own[name, kata])
            each = rules.standings(attempts, rule)
            found.append(Place(name, kata, rule, tuple(each), rules.counted(each, rule)))
        return found

    def _submissions(self, slug: str | None, person: str | None) -> Iterator[SubmissionRow]:
        """Submissions with their verdicts, some at a time: all outputs of a course are more than a memory holds."""
        wanted = (
            sa.select(SubmissionRow)
            .options(
                selectinload(SubmissionRow.person),
                selectinload(SubmissionRow.verdicts),
                selectinload(SubmissionRow.marks),
            )
            .order_by(SubmissionRow.submitted_at, SubmissionRow.id)
        )
        if slug is not None:
            wanted = wanted.where(SubmissionRow.kata == slug)
        if person is not None:
            wanted = wanted.join(PersonRow).where(PersonRow.name.in_(forms(person)))
        return iter(self._session.scalars(wanted.execution_options(yield_per=100)))

    def knows(self, person: str) -> bool:
        """Whether somebody of this name is in the book."""
        with self._transaction() as session:
            return self._person(session, person) is not None

    def named(self, person: str) -> str:
        """A person's name as the book has it. Raises KataError where nobody has it."""
        with self._transaction() as session:
            return self._known_person(session, person).name

    def titles(self) -> dict[str, str]:
        """The katas that the book knows, with their titles."""
        with self._transaction():
            return {row.slug: row.title for row in self._session.scalars(sa.select(KataRow).order_by(KataRow.slug))}

    def audit(self, person: str | None = None) -> list[AuditRow]:
        """The audit trail, the oldest first; of one person, or of everything."""
        with self._transaction() as session:
            wanted = sa.select(AuditRow).order_by(AuditRow.id)
            if person is not None:
                wanted = wanted.where(AuditRow.person == self._known_person(session, person).name)
            rows = list(self._session.scalars(wanted))
            self._session.expunge_all()
        return rows

    def affected(self, since: str | None = None, before: str | None = None, slugs: Collection[str] = ()) -> list[Kept]:
        """The standing verdicts that harnesses from version `since` on, and earlier than `before`, have made."""
        first, end = _version(since), _version(before)
        with self._transaction():
            found = []
            for submission in self._submissions(None, None):
                if not submission.verdicts or (slugs and submission.kata not in slugs):
                    continue
                verdict = _standing(submission)
                made = _version(verdict.harness_version)
                assert made is not None
                if (first is None or made >= first) and (end is None or made < end):
                    found.append(_stands(submission, verdict))
        return sorted(found, key=lambda each: (each.kata, each.person, each.submitted_at))

    # ------------------------------------------------------------------------------------ regrading

    def add_regraded(self, submission: int, found: Verdict) -> tuple[Verdict, Verdict]:
        """Keep a new verdict on a submission; the one that stood before, and the one that stands now."""
        with self._transaction() as session:
            row = session.get(SubmissionRow, submission)
            assert row is not None
            before = _standing(row)
            self._add_verdict(session, row, found)
            session.expire(row)
            return before, _standing(row)

    # ------------------------------------------------------------------------------------- deletion

    def batches_of(self, person: str) -> list[str]:
        """The batch folders that have something of a person."""
        with self._transaction() as session:
            return _batches(self._known_person(session, person).submissions)

    def batches_before(self, moment: str) -> list[str]:
        """The batch folders that have something that was handed in before a moment."""
        with self._transaction() as session:
            return _batches(session.scalars(sa.select(SubmissionRow).where(SubmissionRow.submitted_at < moment)))

    def forget(self, person: str) -> list[str]:
        """Remove everything of one person, also from the audit trail; the batch folders that have more of them."""
        with self._transaction() as session:
            row = self._known_person(session, person)
            batches = _batches(row.submissions)
            session.delete(row)
            session.execute(sa.delete(AuditRow).where(AuditRow.person == row.name))
            self._note(session, "forgotten", FORGOTTEN)
        self._compact()
        return batches

    def forget_before(self, moment: str) -> tuple[int, list[str]]:
        """Remove what was handed in before a moment: how many submissions, and the batch folders that had them.

        What the audit trail says of them goes too, and people of whom nothing is left, nor a deadline to come.
        """
        with self._transaction() as session:
            old = list(session.scalars(sa.select(SubmissionRow).where(SubmissionRow.submitted_at < moment)))
            batches = _batches(old)
            incomplete = {(each.person.name, each.kata) for each in old}
            for each in old:
                session.delete(each)
            session.flush()
            self._forget_trail_before(session, moment, incomplete)
            self._forget_people_before(session, moment)
            self._note(session, "expired", before=f"{len(old)} submissions", after=f"handed in before {moment}")
        self._compact()
        return len(old), batches

    def _forget_trail_before(self, session: Session, moment: str, incomplete: Collection[tuple[str, str]]) -> None:
        """Remove the lines that do not say of which submission they are, where it may be one that was removed.

        `incomplete` are the people and katas of which something was removed: rather too much goes than too little.
        """
        left = sa.select(PersonRow.name, SubmissionRow.kata).join(SubmissionRow.person).distinct()
        whole = {(name, kata) for name, kata in session.execute(left)} - set(incomplete)
        of_some = AuditRow.submission_id.is_(None) & AuditRow.what.in_(OF_A_SUBMISSION)
        for row in session.scalars(sa.select(AuditRow).where(of_some)):
            if row.at < moment or (row.person, row.kata) not in whole:
                session.delete(row)

    def _forget_people_before(self, session: Session, moment: str) -> None:
        """Remove people who have no submission, and no deadline of their own from a moment on."""
        idle = ~PersonRow.submissions.any() & ~PersonRow.extensions.any(ExtensionRow.due_at >= moment)
        for person in list(session.scalars(sa.select(PersonRow).where(idle))):
            session.execute(sa.delete(AuditRow).where(AuditRow.person == person.name))
            session.delete(person)

    def _compact(self) -> None:
        """Leave nothing of what was removed in the file."""
        if self._url.get_backend_name() == "sqlite":
            try:
                with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    connection.execute(sa.text("VACUUM"))
            except sa.exc.SQLAlchemyError as fault:
                raise self._fault(fault) from None

    def _note(
        self,
        session: Session,
        what: str,
        person: str = "",
        kata: str = "",
        before: str = "",
        after: str = "",
        submission: int | None = None,
    ) -> None:
        at = as_utc(datetime.datetime.now(datetime.UTC))
        session.add(
            AuditRow(
                at=at,
                who=self.who,
                what=what,
                person=person,
                kata=kata,
                before=before,
                after=after,
                submission_id=submission,
            )
        )

    def _note_of(self, session: Session, submission: SubmissionRow, what: str, before: str, after: str) -> None:
        """A line of a submission, which goes with it."""
        self._note(session, what, submission.person.name, submission.kata, before, after, submission.id)


def _as_it_should_be(connection: Any, _: object) -> None:
    """SQLite as the rest expects it: keys are checked, and what is deleted is overwritten."""
    for pragma in ("foreign_keys = ON", "secure_delete = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _patient(connection: Any, _: object) -> None:
    """PostgreSQL as the rest expects it: nobody waits for ever for another program."""
    connection.execute(f"SET lock_timeout = {round(1000 * WAIT_S)}")
    connection.commit()


def _revision(connection: sa.Connection) -> str | None:
    """The revision of the tables; None where there is none."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "unknown"


def _version(text: str | None) -> Version | None:
    try:
        return None if text is None else Version(text)
    except InvalidVersion:
        raise KataError(f"{clean_line(str(text))}: a version such as 0.1.0 is expected") from None


def _same(row: Row) -> tuple[str, ...]:
    """What a verdict is known by; one without a seed was refused at intake."""
    found = row.verdict
    return row.person, found.kata, found.submission_sha256, found.graded_at, found.seed or ""


def _age(row: VerdictRow) -> tuple[str, int]:
    return row.graded_at, row.id


def _read(row: VerdictRow) -> Verdict:
    return verdicts.from_json(row.record.encode())


def _standing(submission: SubmissionRow) -> Verdict:
    """The newest verdict on a submission, with a person's marks."""
    found = _read(max(submission.verdicts, key=_age))
    return with_marks(found, map(_mark_in, submission.marks))


def _mark_in(row: MarkRow) -> Mark:
    return Mark(row.task, row.points, row.reviewer, row.reviewed_at, row.comment)


def _kept(mark: Mark) -> Mark:
    """A mark as it is kept: with no more than `katas review` could have written, and nothing that acts on a reader."""
    reviewer = clean_line(mark.reviewer, LONGEST_NAME) or "?"
    comment = clean(mark.comment, LONGEST_COMMENT)
    return mark._replace(reviewer=reviewer, at=clean_line(mark.at, LONGEST_NAME), comment=comment)


def _later(marks: Sequence[Mark], before: Mark | None) -> list[Mark]:
    """Of the marks for a task those that came after the one that stands, in their order, without repetition."""
    known = sorted(marks, key=lambda each: each.at)
    if before is not None:
        seen = max((place for place, each in enumerate(known) if each == before), default=-1)
        known = [each for each in known[seen + 1 :] if each.at >= before.at]
    return [mark for mark, last in zip(known, [before, *known], strict=False) if mark != last]


def _expect_text(row: Row, batch: str) -> None:
    """Raise KataError for a verdict that not every database can keep, and that no judge writes."""
    place = f"{batch}/journal.jsonl: " if batch else ""
    found = row.verdict
    texts = {
        "person": row.person,
        "kata": found.kata,
        "submission_sha256": found.submission_sha256,
        "time": row.submitted_at + found.graded_at,
        "seed": found.seed or "",
        "harness_version": found.harness_version,
        "digest": found.kata_digest + found.suite_digest,
    }
    for name, text in texts.items():
        if "\0" in text:
            raise KataError(
                f"{place}{clean_line(row.person)}: a verdict with a NUL character in its {name}: no judge writes that; "
                "leave it out"
            )


def _without_outputs(found: Verdict) -> Verdict:
    tests = tuple(msgspec.structs.replace(test, output="") for test in found.tests)
    return msgspec.structs.replace(found, tests=tests)


def _batches(submissions: Iterable[SubmissionRow]) -> list[str]:
    return sorted({each.batch for each in submissions if each.batch})


def _stands(submission: SubmissionRow, verdict: Verdict) -> Kept:
    return Kept(
        submission.id,
        submission.person.name,
        submission.kata,
        submission.sha256,
        submission.submitted_at,
        submission.batch,
        verdict,
    )


def _told(found: Verdict) -> str:
    """A verdict in a few words, for the audit trail."""
    return f"{found.status}, {found.score:g} of {found.max_score:g}"


def _told_mark(mark: Mark) -> str:
    return f"{mark.task}: {mark.points:g} by {mark.reviewer}" + (f": {mark.comment}" if mark.comment else "")


def told_rule(rule: Rule) -> str:
    """A rule in a line."""
    late = f"{rule.late_percent:g} % a day" if rule.late_percent else "nothing"
    until = "" if rule.late_days is None else f", for {rule.late_days} days"
    return f"{rule.counts}, due {rule.due_at or 'never'}, late costs {late}{until}"


def _rule(row: KataRow) -> Rule:
    return Rule(
        counts="last" if row.counts == "last" else "best",
        due_at=row.due_at,
        late_percent=row.late_percent,
        late_days=row.late_days,
        attempts_per_day=row.attempts_per_day,
    )
