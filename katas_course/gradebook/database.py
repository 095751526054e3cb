"""Open the database of a gradebook, create its tables, and run transactions on it."""

from __future__ import annotations

import contextlib
import getpass
import os
import subprocess
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from graders.errors import KataError
from graders.extras import how_to_install
from katas_course.downloads import composed
from katas_course.gradebook.tables import (
    REVISION,
    REVISIONS,
    UPGRADES,
    AuditRow,
    KataRow,
    PersonRow,
    SubmissionRow,
    Table,
)
from katas_course.submissions import forms, now

P = ParamSpec("P")
T = TypeVar("T")

WAIT_S = 30  # how long to wait for another process that is writing
_CREATING = 0x6B61746173  # the key of PostgreSQL's advisory lock while tables are created
_WRITING = 0x6B61746174  # the key of PostgreSQL's advisory lock for transactions that are alone
_IN_USE = ("SQLITE_BUSY", "SQLITE_LOCKED", "55P03")  # the last is PostgreSQL's code for a lock timeout


WHOLE = [selectinload(each) for each in (SubmissionRow.person, SubmissionRow.verdicts, SubmissionRow.scores)]
"""The options of a query that loads submissions with all that a result needs."""


@dataclass(frozen=True)
class Transaction:
    """A transaction whose author is `who`. `gradebook` is the name for messages, `folder` that of a SQLite file."""

    session: Session
    who: str
    gradebook: str
    folder: Path | None

    def path_of(self, batch: str) -> str:
        """Return the path of a batch folder. A gradebook inside such a folder calls it "."."""
        return str(self.folder) if batch == "." else batch

    def note(
        self,
        what: str,
        person: str = "",
        kata: str = "",
        before: str = "",
        after: str = "",
        submission: int | None = None,
    ) -> None:
        """Add a line to the audit trail."""
        row = AuditRow(at=now(), who=self.who, what=what, person=person, kata=kata, before=before, after=after)
        row.submission_id = submission
        self.session.add(row)

    def note_submission(self, submission: SubmissionRow, what: str, before: str, after: str) -> None:
        """Add a line about a submission to the audit trail. The line is deleted together with the submission."""
        self.note(what, submission.person.name, submission.kata, before, after, submission.id)

    def kata(self, slug: str) -> KataRow:
        """Return a kata's row, and add the row if it is missing."""
        row = self.session.get(KataRow, slug)
        if row is None:
            row = KataRow(slug=slug)
            self.session.add(row)
            self.session.flush()
        return row

    def person(self, name: str) -> PersonRow | None:
        """Return the row of the person with this name, in any Unicode form."""
        wanted = sa.select(PersonRow).where(PersonRow.name.in_(forms(name)))
        result = {row.name: row for row in self.session.scalars(wanted)}
        return result.get(name) or next(iter(result.values()), None)

    def person_added(self, name: str) -> PersonRow:
        """Return the row of the person with this name, and add the row if it is missing."""
        row = self.person(name)
        if row is None:
            row = PersonRow(name=composed(name))
            self.session.add(row)
            self.session.flush()
        return row

    def submissions(self, slug: str | None = None, names: Collection[str] | None = None) -> Iterator[SubmissionRow]:
        """Yield submissions with their verdicts, in the order of submission. With `names`, only those of these people.

        Rows are loaded in batches, because the outputs in all verdicts might not fit into memory.
        """
        wanted = sa.select(SubmissionRow).options(*WHOLE).order_by(SubmissionRow.submitted_at, SubmissionRow.id)
        if slug is not None:
            wanted = wanted.where(SubmissionRow.kata == slug)
        if names is not None:
            wanted = wanted.join(PersonRow).where(PersonRow.name.in_(names))
        return iter(self.session.scalars(wanted.execution_options(yield_per=100)))


class Gradebook:
    """An open database, which can be used in a `with` statement.

    `url` is the path of a SQLite file or a database URL. A missing file is created. The
    audit trail records `who` as the author of changes. Raises KataError if the database cannot be used.
    """

    def __init__(self, url: str, who: str | None = None) -> None:
        self.who = who or _user()
        self._url = _parsed(url)
        self._is_sqlite = self._url.get_backend_name() == "sqlite"
        self.name = (self._is_sqlite and self._url.database) or _without_query_password(self._url).render_as_string()
        if self._url.get_backend_name() not in ("sqlite", "postgresql"):
            raise KataError(
                f"{self.name}: this is neither a file nor a PostgreSQL database. Use one of these, such as postgresql://…"
            )
        if not self._is_sqlite:
            self._url = self._url.set(drivername="postgresql+psycopg")
        try:
            self._connect()
        except ImportError as fault:
            raise KataError(f"{self.name}: {fault}. Install what is missing: {how_to_install('cohort')}") from None
        except sa.exc.SQLAlchemyError as fault:
            raise self._fault(fault) from None

    def _connect(self) -> None:
        if self._is_sqlite and self._url.database not in (None, "", ":memory:"):
            with contextlib.suppress(OSError):  # the attempt to connect reports the reason
                # Only its owner can read a new file.
                os.close(os.open(str(self._url.database), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        if self._is_sqlite:
            self._engine = sa.create_engine(self._url, connect_args={"timeout": WAIT_S})
        else:
            self._engine = sa.create_engine(self._url, pool_pre_ping=True)
        self._session = Session(self._engine)
        sa.event.listen(self._engine, "connect", _prepare_sqlite if self._is_sqlite else _prepare_postgresql)
        try:
            self._create_tables()
        except BaseException:
            self.close()
            raise

    def _fault(self, fault: sa.exc.SQLAlchemyError) -> KataError:
        cause = getattr(fault, "orig", None)
        code = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
        problem = str(cause or fault).strip().partition("\n")[0]
        if code in _IN_USE:
            return KataError(
                f"{self.name}: {problem}: another program is using it. Wait for it or close it, and try again."
            )
        if code == "SQLITE_FULL":
            return KataError(f"{self.name}: {problem}. Free some space, and run the command again.")
        if isinstance(fault, sa.exc.OperationalError) and not self._is_sqlite:
            return KataError(f"{self.name}: {problem}. Is the server running, and do you have access?")
        return KataError(f"{self.name}: {problem}. Choose a gradebook that you can write to: --gradebook URL.")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Disconnect from the database."""
        self._session.close()
        self._engine.dispose()

    @property
    def address(self) -> str:
        """The absolute path or the URL of this database, without a password. A folder's pointer to it holds this."""
        return address_of(self._url)

    @property
    def folder(self) -> Path | None:
        """The folder of a SQLite file, to which the relative paths in it refer; None for a server."""
        return Path(self.address).parent if self._is_sqlite else None

    @contextlib.contextmanager
    def transaction(self, *, alone: bool = False) -> Iterator[Transaction]:
        """Run a transaction. If it fails, none of its changes are written.

        Two transactions that are `alone` wait for each other, so that neither misses what the other one writes.
        """
        try:
            with self._session.begin():
                if alone:
                    begin = "BEGIN IMMEDIATE" if self._is_sqlite else f"SELECT pg_advisory_xact_lock({_WRITING})"
                    self._session.connection().exec_driver_sql(begin)
                yield Transaction(self._session, self.who, self.name, self.folder)
        except sa.exc.IntegrityError:
            raise KataError(
                f"{self.name}: another program has just written the same rows. Run the command again."
            ) from None
        except sa.exc.SQLAlchemyError as fault:
            raise self._fault(fault) from None
        except UnicodeEncodeError as fault:  # an argument of the command line that is not UTF-8
            raise KataError(f"{fault.object[:200]!a}: this is not valid UTF-8. Write it again.") from None

    def read(self, query: Callable[Concatenate[Transaction, P], T], *args: P.args, **settings: P.kwargs) -> T:
        """Return the result of a function, which gets a transaction first."""
        with self.transaction() as transaction:
            return query(transaction, *args, **settings)

    def write(self, change: Callable[Concatenate[Transaction, P], T], *args: P.args, **settings: P.kwargs) -> T:
        """Run a function like `read`, while no other transaction changes the gradebook."""
        with self.transaction(alone=True) as transaction:
            return change(transaction, *args, **settings)

    def compact(self) -> None:
        """Erase deleted data from a SQLite file."""
        if self._is_sqlite:
            try:
                with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    connection.execute(sa.text("VACUUM"))
            except sa.exc.SQLAlchemyError as fault:
                raise self._fault(fault) from None

    def _create_tables(self) -> None:
        """Create the tables of a new database, or upgrade those of an earlier version.

        Raises KataError if the database has tables of a later version or of another program.
        """
        with self._engine.begin() as connection:
            if _revision(connection) == REVISION:
                return
        with self._engine.connect() as connection:
            begin = f"SELECT pg_advisory_xact_lock({_CREATING})"
            if self._is_sqlite:  # otherwise, the driver would start the transaction itself, and too late
                connection, begin = connection.execution_options(isolation_level="AUTOCOMMIT"), "BEGIN IMMEDIATE"
            with connection.begin():
                connection.exec_driver_sql(begin)
                found = _revision(connection)
                if found == REVISION:  # another process was faster
                    return
                if found is not None and found not in UPGRADES:
                    raise KataError(
                        f"{self.name}: its tables have revision {found}, which this version of katas does not know. "
                        "Use the version of katas that wrote them."
                    )
                if found is None and sa.inspect(connection).get_table_names():
                    raise KataError(
                        f"{self.name}: this database has other tables and is not a gradebook. Choose another."
                    )
                for statement in UPGRADES.get(found or "", ()):
                    connection.exec_driver_sql(statement)
                Table.metadata.create_all(connection)
                connection.execute(sa.delete(REVISIONS))
                connection.execute(sa.insert(REVISIONS).values(version_num=REVISION))


def _parsed(url: str) -> sa.URL:
    try:
        return sa.make_url(url if "://" in url else f"sqlite:///{url}")
    except sa.exc.ArgumentError:
        raise KataError(f"{url}: expected a file, or a URL such as postgresql://user@host/course.") from None


def address_in(url: str) -> str:
    """Return the absolute path or the address of the database that a path or a URL names, without opening it."""
    return address_of(_parsed(url))


def address_of(url: sa.URL) -> str:
    """Return the absolute path or the URL of a database, without a password."""
    if url.get_backend_name() == "sqlite":
        return str(Path(str(url.database)).resolve())
    return _without_query_password(url)._replace(drivername="postgresql", password=None).render_as_string()


def _without_query_password(url: sa.URL) -> sa.URL:
    """Return the URL without a password in its query, which SQLAlchemy does not hide."""
    return url.set(query={name: value for name, value in url.query.items() if name != "password"})


def _prepare_sqlite(connection: Any, _: object) -> None:
    """Make SQLite check foreign keys, overwrite deleted data, and survive a power failure after each transaction.

    With the default of `synchronous`, the file system may lose the last transaction.
    """
    for pragma in ("foreign_keys = ON", "secure_delete = ON", "synchronous = EXTRA"):
        connection.execute(f"PRAGMA {pragma}")


def _prepare_postgresql(connection: Any, _: object) -> None:
    connection.execute(f"SET lock_timeout = {round(1000 * WAIT_S)}")
    connection.commit()


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table(REVISIONS.name):
        return None
    return connection.scalar(sa.select(REVISIONS.c.version_num))


def _user() -> str:
    """Return the name in git's settings, or the login name."""
    with contextlib.suppress(OSError, ValueError):  # git is missing, or the name is not UTF-8
        asked = subprocess.run(["git", "config", "user.name"], capture_output=True, encoding="utf-8", check=False)
        if name := asked.stdout.strip():
            return name
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "unknown"
