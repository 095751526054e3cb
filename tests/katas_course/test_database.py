"""The database of a gradebook: its tables, locks, and what a bad address says."""

from __future__ import annotations

import contextlib
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from graders.errors import KataError
from katas_course.gradebook import Gradebook, database, settings
from katas_course.gradebook.tables import REVISION
from tests.katas_course.books import MARKED, add, graded, moment, results_in
from tests.shell import PATIENCE_S
from tests.workshop import ROOT


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


KILLED_AFTER = """
import os, signal, sys
import sqlalchemy as sa
from katas_course.gradebook import Gradebook

@sa.event.listens_for(sa.Engine, "after_cursor_execute")
def die(connection, cursor, statement, *_):
    if statement.strip().startswith(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

Gradebook(sys.argv[1])
"""


BOTH_AT_ONCE = """
import sys, time
from pathlib import Path
import sqlalchemy as sa
from katas_course.gradebook import Gradebook, results

url, here, changed = sys.argv[1], Path(sys.argv[2]), []

@sa.event.listens_for(sa.Engine, "engine_connect")
def wait_for_the_other(connection):
    here.touch()
    while len(list(here.parent.iterdir())) < 2:
        time.sleep(0.01)

@sa.event.listens_for(sa.Engine, "before_cursor_execute")
def let_the_other_look(connection, cursor, statement, *_):
    if statement.strip().startswith("CREATE") and not changed:
        changed.append(statement)
        time.sleep(2)

with Gradebook(url) as found:
    print([each.points for each in found.read(results.of_katas)])
"""


@pytest.mark.parametrize("statement", ["CREATE TABLE people", "INSERT INTO alembic_version"])
def test_killed_creation_is_completed_next_time(tmp_path, statement):
    url = str(tmp_path / "book.sqlite")
    done = subprocess.run([sys.executable, "-c", KILLED_AFTER, url, statement], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    assert revision_of(url) is None
    with Gradebook(url) as found:
        add(found, MARKED, "ada", moment(9))
        assert [place.points for place in results_in(found)] == [13.0]
    assert revision_of(url) == REVISION


@pytest.mark.deep
@pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
def test_two_processes_both_open_a_new_gradebook(url, tmp_path):
    both_here = tmp_path / "both"
    both_here.mkdir()
    both = [
        subprocess.Popen(
            [sys.executable, "-c", BOTH_AT_ONCE, url, str(both_here / name)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("one", "other")
    ]
    said = [each.communicate(timeout=PATIENCE_S) for each in both]
    assert said == [("[]\n", "")] * 2


def test_database_of_the_first_revision_is_upgraded(opened):
    add(opened(), graded(4), "ada", moment(9))
    with opened()._engine.begin() as connection:  # as the first revision made them
        connection.execute(sa.text("DROP TABLE sources"))
        connection.execute(sa.text("ALTER TABLE course DROP COLUMN zone"))
        connection.execute(sa.text("ALTER TABLE katas DROP COLUMN earlier"))
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
    found = opened()
    assert [place.points for place in results_in(found)] == [4.0]
    found.write(settings.set_course, zone="Europe/Berlin")
    assert opened().read(settings.clock).zone == "Europe/Berlin"


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
