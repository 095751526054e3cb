"""The database of a gradebook: its tables, upgrades, locks, and what a bad address says."""

from __future__ import annotations

import contextlib
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from graders.course.gradebook import Gradebook, database, settings
from graders.course.gradebook.tables import REVISION, Table
from graders.errors import KataError
from graders.manual_scores import ManualScore, marks_of
from tests.course.books import (
    MARKED,
    add,
    audit_of,
    graded,
    moment,
    results_in,
)
from tests.workshop import PATIENCE_S, ROOT, write


@pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
def test_the_migrations_make_exactly_these_tables(opened):
    found = opened()
    config = Config()
    config.set_main_option("script_location", str(database.MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == REVISION
    with found._engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []


def test_new_sqlite_file_has_the_keys_and_cascades(tmp_path):
    def made(path: Path) -> dict[str, list[str]]:
        """Return the columns and constraints of each table. The default value of a new column is not compared."""
        with contextlib.closing(sqlite3.connect(path)) as connection:
            statements = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
        found = {name: re.split(r",(?![^(]*\))|\n", re.sub(r" DEFAULT '[^']*'", "", sql)) for name, sql in statements}
        return {name: sorted(filter(None, (part.strip(" \t)") for part in parts))) for name, parts in found.items()}

    with Gradebook(str(tmp_path / "book.sqlite")):
        pass
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'tables.sqlite'}")
    Table.metadata.create_all(engine)
    engine.dispose()
    found = made(tmp_path / "book.sqlite")
    del found["alembic_version"]
    assert found == made(tmp_path / "tables.sqlite")


@contextlib.contextmanager
def looked_into(url: str) -> Iterator[sa.Connection]:
    """Connect to a gradebook's database like another program."""
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:") if "://" in url else f"sqlite:///{url}")
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def revision_of(url: str) -> str | None:
    """Return the revision of a database; None if it has no tables."""
    with looked_into(url) as connection:
        if not sa.inspect(connection).get_table_names():
            return None
        return str(connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one())


NEXT_REVISION = f"""
import sqlalchemy as sa
from alembic import op

revision, down_revision = "next", "{REVISION}"


def upgrade() -> None:
    with op.batch_alter_table("marks") as batch_op:
        batch_op.add_column(sa.Column("weight", sa.Integer(), server_default="1", nullable=False))
"""


@pytest.fixture
def next_version(tmp_path: Path) -> Path:
    """Return the migrations of a later version of the harness, with one more migration."""
    folder = shutil.copytree(database.MIGRATIONS, tmp_path / "migrations")
    write(folder / "versions" / "next.py", NEXT_REVISION)
    return folder


@pytest.fixture
def upgraded(next_version: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return a function that turns this process into that later version."""

    def upgrade() -> None:
        monkeypatch.setattr(database, "MIGRATIONS", next_version)
        monkeypatch.setattr(database, "REVISION", "next")

    return upgrade


A_LATER_VERSION = """
import sys
from pathlib import Path
import sqlalchemy as sa
from graders.course.gradebook import Gradebook, database, results

url, migrations, revision, *words = sys.argv[1:]
database.MIGRATIONS, database.REVISION = Path(migrations), revision
"""


KILLED_AFTER = f"""{A_LATER_VERSION}
import os, signal

@sa.event.listens_for(sa.Engine, "after_cursor_execute")
def die(connection, cursor, statement, *_):
    if statement.strip().startswith(words[0]):
        os.kill(os.getpid(), signal.SIGKILL)

Gradebook(url)
"""


BOTH_AT_ONCE = f"""{A_LATER_VERSION}
import time

here, changed = Path(*words), []

@sa.event.listens_for(sa.Engine, "engine_connect")
def wait_for_the_other(connection):
    here.touch()
    while len(list(here.parent.iterdir())) < 2:
        time.sleep(0.01)

@sa.event.listens_for(sa.Engine, "before_cursor_execute")
def let_the_other_look(connection, cursor, statement, *_):
    if statement.strip().startswith(("ALTER", "CREATE")) and not changed:
        changed.append(statement)
        time.sleep(2)

with Gradebook(url) as found:
    print([each.points for each in found.read(results.of_katas)])
"""


def columns(found: Gradebook, table: str) -> set[str]:
    """Return the names of a table's columns in the database."""
    with found._engine.connect() as connection:
        return {each["name"] for each in sa.inspect(connection).get_columns(table)}


@pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
def test_an_older_gradebook_is_upgraded_with_its_content(opened, url, upgraded):
    found = opened()
    add(found, MARKED, "ada", moment(9))
    assert "weight" not in columns(found, "marks")
    upgraded()
    again = opened()
    assert (revision_of(url), "weight" in columns(again, "marks")) == ("next", True)
    (place,) = results_in(again)
    assert place.verdict is not None
    assert marks_of(place.verdict) == [ManualScore("essay", 3.0, "Grace", moment(11))]
    assert [row.what for row in audit_of(again)] == ["graded", "marked"]


@pytest.mark.parametrize(
    ("before", "statement"),
    [
        (None, "CREATE TABLE people"),
        pytest.param(None, "INSERT INTO alembic_version", marks=pytest.mark.deep),
        (REVISION, "UPDATE alembic_version"),
    ],
)
def test_killed_migration_is_completed_next_time(url, next_version, upgraded, before, statement):
    if before:
        with Gradebook(url) as found:
            add(found, MARKED, "ada", moment(9))
    words = [url, str(next_version), "next", statement]
    done = subprocess.run([sys.executable, "-c", KILLED_AFTER, *words], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    assert revision_of(url) == before
    upgraded()
    with Gradebook(url) as found:
        add(found, MARKED, "ada", moment(9))
        assert [place.points for place in results_in(found)] == [13.0]
    assert revision_of(url) == "next"


@pytest.mark.deep
@pytest.mark.parametrize("new", [False, pytest.param(True, marks=pytest.mark.wide)])
def test_two_processes_both_open_an_older_or_a_new_gradebook(url, new, next_version, tmp_path):
    if not new:
        with Gradebook(url) as found:
            add(found, MARKED, "ada", moment(9))
    both_here = tmp_path / "both"
    both_here.mkdir()
    both = [
        subprocess.Popen(
            [sys.executable, "-c", BOTH_AT_ONCE, url, str(next_version), "next", str(both_here), name],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("one", "other")
    ]
    said = [each.communicate(timeout=PATIENCE_S) for each in both]
    assert said == [("[]\n" if new else "[13.0]\n", "")] * 2


@pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
def test_a_migration_that_a_reader_blocks_says_to_wait_for_it(url, upgraded, monkeypatch):
    with Gradebook(url) as found:
        add(found, MARKED, "ada", moment(9))
    upgraded()
    with looked_into(url) as reader:
        reader.exec_driver_sql("BEGIN")
        assert reader.exec_driver_sql("SELECT points FROM marks").all() == [(3.0,)]
        with monkeypatch.context() as impatient:
            impatient.setattr(database, "WAIT_S", 0.1)
            message = "another program is using it. Wait for it or close it, and try again"
            with pytest.raises(KataError, match=message):
                Gradebook(url)
    assert revision_of(url) == REVISION
    with Gradebook(url) as found:
        assert [place.points for place in results_in(found)] == [13.0]


def test_database_of_a_later_version_is_left_unchanged(opened):
    found = opened()
    with found._engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(KataError, match="revision 9999, which this version of katas does not know"):
        opened()


def test_other_programs_database_is_left_unchanged(tmp_path):
    with sqlite3.connect(tmp_path / "other.sqlite") as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.close()
    with pytest.raises(KataError, match="has other tables and is not a gradebook"):
        Gradebook(str(tmp_path / "other.sqlite"))


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("/nowhere/at/all.sqlite", "unable to open database file. Choose a gradebook that you can write to"),
        ("postgresql://ada:secret@localhost:1/course", r"ada:\*\*\*@localhost:1/course: .*do you have access"),
        ("://", "expected a file, or a URL such as postgresql"),
        ("what://there/is", "what://there/is: this is neither a file nor a PostgreSQL database"),
    ],
)
def test_a_gradebook_that_cannot_be_opened_is_one_clear_message(url, fault):
    with pytest.raises(KataError, match=fault) as raised:
        Gradebook(url)
    assert "secret" not in str(raised.value)


def test_locked_gradebook_says_to_wait(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "WAIT_S", 0.1)
    url = str(tmp_path / "book.sqlite")
    with Gradebook(url) as found:
        add(found, graded(), "ada", moment(9))
        other = sqlite3.connect(url)
        other.execute("BEGIN EXCLUSIVE")
        told = "database is locked: another program is using it. Wait for it or close it, and try again"
        for act in (
            lambda: Gradebook(url),
            lambda: results_in(found),
            lambda: found.write(settings.set_rule, "one", counts="last"),
        ):
            with pytest.raises(KataError, match=told):
                act()
        other.close()
        found.write(settings.set_rule, "one", counts="last")


@pytest.mark.parametrize("url", ["postgresql://ivy:s3cret@host/course", "postgresql://ivy@host/course?password=s3cret"])
def test_address_of_a_gradebook_has_no_password(url):
    assert database.address_of(sa.make_url(url)) == "postgresql://ivy@host/course"
