"""Gradebooks in SQLite and in PostgreSQL, and a course that awaits review, as fixtures."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from katas_course.gradebook import Gradebook
from tests.katas_course.books import Opened, empty
from tests.katas_course.marking import Course, copy_course, write_course
from tests.workshop import write_repository


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Start a PostgreSQL server (Debian's) on a socket in a folder, as a user who is not root. Yield its URL."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if not programs:
        said = "no PostgreSQL server here: apt-get install postgresql"
        if os.environ.get("KATAS_POSTGRES") == "required":
            pytest.fail(said)
        pytest.skip(said)
    folder = Path(tempfile.mkdtemp(prefix="katas-pg-"))  # a socket's path must be short
    as_somebody: list[str] = []
    if os.getuid() == 0:
        shutil.chown(folder, "postgres")
        as_somebody = ["runuser", "-u", "postgres", "--"]
    user = "postgres" if as_somebody else pwd.getpwuid(os.getuid()).pw_name
    place = programs[-1].parent

    def run(*words: str) -> None:
        done = subprocess.run([*as_somebody, *words], capture_output=True, text=True, cwd="/", check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    data = str(folder / "data")
    run(str(place / "initdb"), "-D", data, "-A", "trust", "-U", user, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    run(str(place / "pg_ctl"), "-D", data, "-l", str(folder / "log"), "-w", "-o", options, "start")
    try:
        yield f"postgresql://{user}@/postgres?host={folder}"
    finally:
        run(str(place / "pg_ctl"), "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.deep)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the URL of a place for a gradebook.

    Both databases are one SQLAlchemy program: by default PostgreSQL is asked only where it has locks, dialects or
    transactions of its own, and in `test_sqlite_and_postgresql_give_the_same_gradebook`.
    """
    if request.param == "sqlite":
        yield str(tmp_path / "book.sqlite")
        return
    server = request.getfixturevalue("postgres")
    yield server
    empty(server)


@pytest.fixture
def opened(url: str) -> Iterator[Opened]:
    """Return a function that opens the same gradebook at each call; parametrised over both databases."""
    books: list[Gradebook] = []

    def open_() -> Gradebook:
        books.append(Gradebook(url, who="Ivy"))
        return books[-1]

    yield open_
    for each in books:
        each.close()


@pytest.fixture
def book(opened: Opened) -> Gradebook:
    """Return a new gradebook."""
    return opened()


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a repository with two small katas that take the same file. Tests must not write to it."""
    return write_repository(tmp_path_factory.mktemp("katas"), ["one", "two"])


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Grade a course in which everything awaits review. Tests must not write to it."""
    place = tmp_path_factory.mktemp("begun")
    write_course(place)
    return place


@pytest.fixture
def course(begun: Path, tmp_path: Path) -> Course:
    return copy_course(begun, tmp_path)
