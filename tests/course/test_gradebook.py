"""The gradebook: rules, imports, the audit trail, and the equality of both databases."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from graders import catalogue, intake
from graders.course import leaderboard, rules, statistics
from graders.course.batch import Batch
from graders.course.gradebook import Gradebook, database, decisions, importing, people, removal, results, settings
from graders.course.gradebook.importing import Row
from graders.course.gradebook.tables import REVISION, Table
from graders.course.rules import Attempt, Rule
from graders.course.submissions import KataSubmission, SubmissionEntry
from graders.errors import KataError
from graders.manual_scores import ManualScore, marks_of, with_marks
from graders.verdict import FILES, LONGEST_COMMENT, Speed, TestResult, Verdict, from_json, to_json
from tests.course.books import DUE, Opened, add, audit_of, empty, graded, moment, results_in, task
from tests.warm import katas
from tests.workshop import ADDED, HIDDEN, PATIENCE_S, ROOT, SOLUTION, SUMMED, write, write_repository

# Rules: pure functions.


@pytest.mark.parametrize(
    ("submitted_at", "late"),
    [
        (DUE, 0),
        ("2026-05-10T12:00:01+00:00", 1),
        ("2026-05-11T12:00:00+00:00", 1),
        ("2026-05-11T14:00:00+02:00", 1),
        ("2026-05-11T12:00:01+00:00", 2),
        ("2026-05-01T00:00:00+00:00", 0),
    ],
)
def test_every_started_day_after_the_deadline_is_late(submitted_at, late):
    assert rules.days_late(submitted_at, DUE) == late


@pytest.mark.parametrize(("late", "points"), [(0, 8.0), (1, 7.2), (3, 5.6), (4, 0.0)])
def test_late_points_fall_daily_to_zero(late, points):
    rule = Rule(due_at=DUE, late_percent=10, late_days=3)
    (found,) = rules.standings([Attempt(moment(10 + late), graded(8))], rule)
    assert (found.late, found.points) == (late, points)


@pytest.mark.parametrize(("counts", "points"), [("best", 9.0), ("last", 4.0)])
def test_the_best_or_the_last_counts(counts, points):
    attempts = [Attempt(moment(3), graded(4)), Attempt(moment(1), graded(2)), Attempt(moment(2), graded(9))]
    rule = Rule(counts=counts)
    found = rules.counted(rules.standings(attempts, rule), rule)
    assert found is not None
    assert found.points == points


def passing(points: float, day: int, status: str) -> Attempt:
    return Attempt(moment(day), graded(points, status=status))


@pytest.mark.parametrize(("counts", "points", "passed"), [("best", 9, True), ("last", 9, False)])
def test_pass_stays_a_pass_after_a_failure_with_more_points(counts, points, passed):
    """Extra tasks can be worth more points than the failed core task."""
    rule = Rule(counts=counts)
    found = rules.standings([passing(8, 1, "passed"), passing(9, 2, "failed")], rule)
    assert (rules.counted(found, rule).points, rules.passed(found, rule)) == (points, passed)


def test_pass_counts_when_points_are_equal():
    found = rules.standings([passing(8, 1, "failed"), passing(8, 2, "passed"), passing(8, 3, "passed")], Rule())
    assert rules.counted(found, Rule()).attempt.submitted_at == moment(2)


def test_pass_beyond_the_limit_of_attempts_does_not_count():
    rule = Rule(attempts_per_day=1)
    found = rules.standings([passing(5, 1, "failed"), passing(10, 1, "passed")], rule)
    assert not rules.passed(found, rule)


def test_statistics_count_passes_by_any_valid_submission(opened):
    with opened() as found:
        add(found, graded(8, sha="1", status="passed"), "ada", moment(1))
        add(found, graded(9, sha="2", status="failed", at=moment(2, 1)), "ada", moment(2))
        (kata,) = statistics.of_katas(results_in(found))
        url = found.name
    assert (kata.people, kata.passed) == (1, 1)
    shown = katas("gradebook", "show", "ada", "--gradebook", url, cwd=ROOT)
    assert "one: 9 of 10  failed, passed by another submission" in shown.out, shown.said


def test_a_late_submission_that_is_better_may_still_be_the_best():
    attempts = [Attempt(moment(9), graded(5)), Attempt(moment(12), graded(10))]
    rule = Rule(due_at=DUE, late_percent=10)
    found = rules.counted(rules.standings(attempts, rule), rule)
    assert found is not None
    assert (found.points, found.late) == (8.0, 2)


def test_limit_of_attempts_restarts_every_day():
    attempts = [Attempt(moment(1, hour), graded(hour)) for hour in (1, 2, 3)] + [Attempt(moment(2, 0), graded(1))]
    rule = Rule(counts="last", attempts_per_day=2)
    found = rules.standings(attempts, rule)
    assert [each.over_limit for each in found] == [False, False, True, False]
    assert found[2].points == 0
    best = Rule(attempts_per_day=2)
    counted = rules.counted(rules.standings(attempts, best), best)
    assert counted is not None
    assert counted.points == 2


def test_free_attempt_does_not_hide_a_spent_one():
    broken = graded(0, status="ungradable", message="SyntaxError: invalid syntax", tasks=(), max_score=0.0)
    rule = Rule(counts="last", attempts_per_day=1)
    attempts = [Attempt(moment(1, 1), broken), Attempt(moment(1, 2), graded(7)), Attempt(moment(1, 3), broken)]
    found = rules.standings(attempts, rule)
    assert [each.over_limit for each in found] == [False, False, False]
    counted = rules.counted(found, rule)
    assert counted is not None
    assert counted.points == 7


@pytest.mark.parametrize(
    ("names", "message", "spends"),
    [
        ([FILES], "SyntaxError: invalid syntax", False),
        ([FILES], "the submission cannot be imported: ZeroDivisionError", True),
        ([FILES, "test_twice"], "SyntaxError: invalid syntax", True),
    ],
)
def test_attempt_with_bad_files_counts_if_anything_ran(names, message, spends):
    tests = tuple(TestResult(name=name, task="twice", visibility="visible", status="failed") for name in names)
    assert rules.spends_attempt(graded(0, message=message, tests=tests)) is spends


@pytest.mark.deep
@pytest.mark.parametrize(
    ("text", "spends"),
    [
        ("def twice(x)\n", False),
        ("raise ValueError('no')\n", True),
        (SOLUTION, True),
        (None, False),
    ],
)
def test_import_that_raises_spends_an_attempt_syntax_error_not(course, tmp_path, text, spends):
    (tmp_path / "in").mkdir()
    if text is not None:
        write(tmp_path / "in" / "twice.py", text)
    done = katas("grade", "one", "--submission", str(tmp_path / "in"), "--format", "json", cwd=course)
    verdict = from_json(done.out.encode())
    assert verdict.status == ("passed" if text == SOLUTION else "ungradable")
    assert rules.spends_attempt(verdict) is spends


# The database.


def fill(opened: Opened) -> Gradebook:
    found = opened()
    for person, score, day, sha in (("ada", 10, 9, "a"), ("bob", 4, 9, "b"), ("bob", 8, 12, "c"), ("Zoé", 6, 10, "d")):
        add(found, graded(score, sha=sha, at=moment(day, 11)), person, moment(day))
    return found


def test_imported_verdicts_persist(opened):
    fill(opened).close()
    assert [(each.person, each.points) for each in results_in(opened())] == [
        ("Zoé", 6.0),
        ("ada", 10.0),
        ("bob", 8.0),
    ]


def test_verdict_is_recognised_with_another_submission_time(opened):
    found = fill(opened)
    same = graded(10, sha="a", at=moment(9, 11))
    assert not add(found, same, "ada")
    assert not add(found, same, "ada", moment(8))
    (place,) = results_in(found, person="ada")
    assert [each.attempt.submitted_at for each in place.standings] == [moment(9)]


def test_unknown_submission_time_is_corrected_by_a_batch(opened):
    found = opened()
    verdict = graded(10, at=moment(9, 11))
    assert add(found, verdict, "ada")
    assert not add(found, verdict, "ada", moment(8))
    (place,) = results_in(found)
    assert [each.attempt.submitted_at for each in place.standings] == [moment(8)]
    last = audit_of(found, "ada")[-1]
    assert (last.what, last.before, last.after) == ("handed in", moment(9, 11), moment(8))


def test_unicode_forms_of_a_name_are_one_person(opened):
    found = fill(opened)
    add(found, graded(9, sha="e", at=moment(11)), "Zoe\u0301", moment(11))
    assert [each.person for each in results_in(found)] == ["Zo\u00e9", "ada", "bob"]
    assert found.read(people.id_of, "Zoe\u0301") == "Zo\u00e9"
    removal.forget(found, "Zoe\u0301")
    assert not [row for row in audit_of(found) if row.person.startswith("Zo")]


def test_importing_twice_changes_nothing(opened):
    fill(opened)
    before = [(row.what, row.person, row.after) for row in audit_of(opened())]
    again = opened()
    assert not add(again, graded(10, sha="a", at=moment(9, 11)), "ada", moment(9))
    assert [(row.what, row.person, row.after) for row in audit_of(opened())] == before


def test_rule_changes_points_at_once_and_is_audited(opened):
    found = fill(opened)
    found.write(settings.set_rule, "one", counts="last", due_at=DUE, late_percent=25.0, late_days=7)
    assert {each.person: each.points for each in results_in(found)} == {"ada": 10.0, "bob": 4.0, "Zoé": 6.0}
    found.write(settings.extend, "bob", "one", moment(13))
    assert {each.person: each.points for each in results_in(found)} == {"ada": 10.0, "bob": 8.0, "Zoé": 6.0}
    told = [(row.who, row.what, row.person, row.kata, row.before, row.after) for row in audit_of(found)][-2:]
    before = "best submission counts, due never, penalty for lateness: none"
    after = f"last submission counts, due {DUE}, penalty for lateness: 25 % a day, for 7 days"
    assert told == [("Ivy", "rule", "", "one", before, after), ("Ivy", "extension", "bob", "one", "", moment(13))]


def test_newest_verdict_is_current_and_change_is_audited(opened):
    found = fill(opened)
    add(found, graded(3, sha="a", at=moment(20), suite_digest="new"), "ada", moment(9))
    (place,) = results_in(found, person="ada")
    assert (place.points, len(place.standings)) == (3.0, 1)
    last = audit_of(found, "ada")[-1]
    assert (last.what, last.before, last.after) == ("graded", "passed, 10 of 10", "failed, 3 of 10")


def test_error_is_not_imported(opened):
    found = opened()
    assert not add(found, graded(0, status="error"), "ada", moment(9))
    assert results_in(found) == []


def test_error_in_a_batch_does_not_count(tmp_path):
    row = Row(person="ada", submitted_at=moment(9), verdict=graded(10, at=moment(9, 11)))
    error = graded(0, at=moment(9, 12), status="error", message="The judge died.")
    with Batch(tmp_path).open() as held:
        held.append([row, msgspec.structs.replace(row, verdict=error)])
        held.append([msgspec.structs.replace(row, person="bob", verdict=error)])
        assert [(place.person, place.points) for place in results_in(held.book)] == [("ada", 10.0)]
        assert [each.verdict.status for each in held.summaries().values()] == ["error", "error"]
        assert [each.person for each in held.book.read(results.affected, "0")] == ["ada"]


AWAITING = graded(
    10.0,
    status="awaiting_review",
    tasks=(task("twice", 10), task("essay", 0, 5, "awaiting_review")),
    review_points=5.0,
    sha="e",
)


def test_manual_scores_survive_a_regrading_and_can_change(opened):
    found = opened()
    add(found, AWAITING, "ada", moment(9))
    for points, hour, said in ((3.0, 13, ""), (4.0, 14, "Better.")):
        marked = with_marks(AWAITING, [ManualScore("essay", points, "Grace", moment(11, hour), said)])
        add(found, marked, "ada", moment(9))
    add(
        found,
        msgspec.structs.replace(AWAITING, graded_at=moment(15), seed="11" * 16),
        "ada",
        moment(9),
    )
    (place,) = results_in(found)
    assert place.verdict is not None
    assert (place.points, place.verdict.status, place.verdict.tasks[1].reviewer) == (14.0, "failed", "Grace")
    marks = [(row.before, row.after) for row in audit_of(found, "ada") if row.what == "marked"]
    assert marks == [("", "essay: 3 by Grace"), ("essay: 3 by Grace", "essay: 4 by Grace: Better.")]
    assert place.verdict.tasks[1].comment == "Better."


def test_affected_lists_verdicts_of_faulty_versions(opened):
    found = opened()
    for number, version in enumerate(("0.9.0", "0.10.0", "0.10.1", "1.0.0")):
        verdict = graded(sha=str(number), harness_version=version, at=moment(number + 1))
        add(found, verdict, f"p{number}", moment(1))
    assert [each.person for each in found.read(results.affected, "0.10.0", "1.0.0")] == ["p1", "p2"]
    assert [each.person for each in found.read(results.affected, "0.10.1")] == ["p2", "p3"]
    with pytest.raises(KataError, match=r"soon: expected a version such as 0\.1\.0"):
        found.read(results.affected, "soon")


def test_forget_removes_a_person_from_all_tables_and_audit(opened):
    found = fill(opened)
    found.write(settings.extend, "bob", "one", moment(13))
    removal.forget(found, "bob")
    assert {each.person for each in results_in(found)} == {"ada", "Zoé"}
    rows = [(row.what, row.person) for row in audit_of(found)]
    assert ("forgotten", removal.FORGOTTEN) in rows
    assert "bob" not in {person for _, person in rows}
    with pytest.raises(KataError, match="bob: no such person"):
        removal.forget(found, "bob")
    with found._engine.connect() as connection:
        for table in Table.metadata.sorted_tables:
            assert not [row for row in connection.execute(sa.select(table)) if "bob" in str(row)]
            if table.name in ("submissions", "verdicts"):
                assert len(connection.execute(sa.select(table)).all()) == 2


def test_forget_leaves_nothing_in_the_file(tmp_path):
    with Gradebook(str(tmp_path / "book.sqlite")) as found:
        add(found, graded(4, message="by Barbara"), "Barbara", moment(9))
        assert b"Barbara" in (tmp_path / "book.sqlite").read_bytes()
        removal.forget(found, "Barbara")
    assert b"Barbara" not in (tmp_path / "book.sqlite").read_bytes()


def test_expired_submissions_are_removed(opened):
    found = fill(opened)
    assert removal.forget_before(found, moment(10)) == 2
    assert [(each.person, each.points) for each in results_in(found)] == [("Zoé", 6.0), ("bob", 8.0)]


def fill_with_old_and_new(found: Gradebook) -> None:
    """Barbara has an old submission with a comment, bob an old and a new one, Zoé a new one."""
    said = ManualScore("essay", 3.0, "Grace", moment(30), "Barbara asks in vain.")
    add(found, with_marks(AWAITING, [said]), "Barbara", moment(1))
    for day, score in ((2, 3), (20, 7)):
        add(found, graded(score, sha=str(score), at=moment(day)), "bob", moment(day))
    add(found, graded(5, sha="5", at=moment(21)), "Zoé", moment(21))
    found.write(settings.extend, "Barbara", "one", moment(5))
    found.write(settings.extend, "bob", "one", moment(6))


def test_expire_leaves_nothing_in_the_audit_trail(opened):
    found = opened()
    fill_with_old_and_new(found)
    assert removal.forget_before(found, moment(10)) == 2
    told = [(row.what, row.person, row.after) for row in audit_of(found)]
    assert told == [
        ("graded", "bob", "failed, 7 of 10"),
        ("graded", "Zoé", "failed, 5 of 10"),
        ("extension", "bob", moment(6)),
        ("expired", "", f"handed in before {moment(10)}"),
    ]
    assert not found.read(people.has, "Barbara")
    with found._engine.connect() as connection:
        for table in Table.metadata.sorted_tables:
            assert "Barbara" not in str(connection.execute(sa.select(table)).all())


def test_expire_leaves_nothing_in_the_file(tmp_path):
    with Gradebook(str(tmp_path / "book.sqlite")) as found:
        fill_with_old_and_new(found)
        assert b"Barbara asks in vain" in (tmp_path / "book.sqlite").read_bytes()
        removal.forget_before(found, moment(10))
    assert b"Barbara" not in (tmp_path / "book.sqlite").read_bytes()


def test_expire_keeps_people_with_a_future_deadline(opened):
    found = opened()
    add(found, graded(3, at=moment(2)), "bob", moment(2))
    found.write(settings.extend, "bob", "one", moment(12))
    removal.forget_before(found, moment(10))
    assert found.read(people.has, "bob")
    assert [row.what for row in audit_of(found, "bob")] == ["extension"]
    removal.forget_before(found, moment(13))
    assert not found.read(people.has, "bob")
    assert "bob" not in {row.person for row in audit_of(found)}


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


MARKED = with_marks(AWAITING, [ManualScore("essay", 3.0, "Grace", moment(11))])

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
from graders.course.gradebook import Gradebook, database

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
    print([place.points for place in results_in(found)])
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


# A course with real gradings.


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_repository(tmp_path_factory.mktemp("course"), ["one"])
    toml = root / "katas" / "one" / "kata.toml"
    write(
        toml, toml.read_text(encoding="utf-8").replace('runtime = "numpy"', 'runtime = "numpy"\nattempts_per_day = 2')
    )
    return root


@pytest.fixture
def batch(graded_batch: Batch, tmp_path: Path) -> Batch:
    """Return a copy of a graded batch, whose store is its own."""
    return Batch(shutil.copytree(graded_batch.out, tmp_path / "batch"))


@pytest.fixture(scope="module")
def graded_batch(course: Path, tmp_path_factory: pytest.TempPathFactory) -> Batch:
    """Grade some people's submissions into a batch. Tests must not write to it."""
    place = tmp_path_factory.mktemp("batch")
    texts = {"ada": SOLUTION, "bob": ADDED, "cleo": SUMMED, "Zoé": "def half(x):\n    return x\n"}
    for person, text in texts.items():
        os.utime(write(place / "in" / person / "twice.py", f"{text}# {person}\n"), (1_778_000_000,) * 2)
    done = katas("grade-batch", str(place / "in"), "--out", str(place / "out"), "--kata", "one", cwd=course)
    assert (done.status, "4 graded" in done.out) == (0, True), done.said
    return Batch(place / "out")


def output_of(*words: str, root: Path) -> str:
    done = katas("--root", str(root), *words)
    assert (done.status, done.left) == (0, []), done.said
    return done.out


def refused(*words: str, root: Path) -> str:
    """Return the one-line message of a command that exits with 2."""
    done = katas("--root", str(root), *words)
    assert (done.status, done.err.count("\n"), "Traceback" in done.err) == (2, 1, False), done.said
    return done.err


@pytest.mark.deep
def test_sqlite_and_postgresql_give_the_same_gradebook(course, batch, postgres, tmp_path):
    root = course
    seen = []
    for url in (str(tmp_path / "book.sqlite"), postgres):
        shutil.rmtree(tmp_path / "copy", ignore_errors=True)
        copy = Batch(shutil.copytree(batch.out, tmp_path / "copy"))
        with Gradebook(url, who="Ivy") as found:
            assert copy.import_into(found, [catalogue.load(root, "one")]).verdicts == 4
            found.write(settings.set_rule, "one", due_at="2026-05-01T00:00:00+00:00", late_percent=10.0, late_days=30)
            trail = [(row.who, row.what, row.person, row.kata, row.before, row.after) for row in audit_of(found)]
            seen.append(
                (
                    results_in(found),
                    found.read(results.titles),
                    trail,
                    statistics.of_katas(results_in(found)),
                    found.read(results.affected, "0"),
                )
            )
        words = [("show", "bob"), ("export", "csv"), ("stats",)]
        seen[-1] += tuple(output_of("gradebook", *each, "--gradebook", url, root=root) for each in words)
    empty(postgres)
    assert seen[0] == seen[1]
    assert "best submission counts, due never" in str(seen[0][2])
    assert {place.person: place.points for place in seen[0][0]}["ada"] > 0


def test_export_has_rows_of_submissions_and_columns_of_tasks(course, batch, tmp_path):
    root = course
    url = ("--gradebook", str(tmp_path / "book.sqlite"))
    said = output_of("gradebook", "import", str(batch.out), *url, root=root)
    kept = f"{batch.out}: its results are kept in {url[1]} from now on\n"
    assert said == f"new gradebook: {url[1]}.\n4 new verdicts from {batch.out}\n{kept}"
    assert output_of("gradebook", "import", str(batch.out), *url, root=root) == f"0 new verdicts from {batch.out}\n"
    rows = list(csv.DictReader(io.StringIO(output_of("gradebook", "export", "csv", "one", *url, root=root))))
    assert [(row["person"], row["twice"], row["half"], row["points"], row["counts"]) for row in rows] == [
        ("Zoé", "0.0", "0.0", "0.0", "1"),
        ("ada", "2.0", "1.0", "3.0", "1"),
        ("bob", "0.0", "1.0", "1.0", "1"),
        ("cleo", "2.0", "1.0", "3.0", "1"),
    ]


def test_regrade_grades_what_a_new_hidden_test_affects(course, batch, tmp_path):
    root = shutil.copytree(course, tmp_path / "course")
    url = ("--gradebook", str(tmp_path / "book.sqlite"))
    output_of("gradebook", "import", str(batch.out), *url, root=root)
    assert output_of("gradebook", "regrade", *url, root=root) == "0 of 4 graded again, 0 changed\n"
    stricter = '\n@task("half")\ndef test_nothing_is_right(kata):\n    assert kata.half(2.0) == 2.0\n'
    write(root / "graders" / "hidden" / "one" / "test_hidden.py", HIDDEN + stricter)
    said = output_of("gradebook", "regrade", "one", "--by", "Ivy", *url, root=root)
    assert "ada, one: passed, 3 → failed, 2\n" in said
    files = f"written: {batch.out}/results.csv and 4 verdict files\n"
    assert said.endswith(f"4 of 4 graded again, 3 changed\n{files}")
    with Gradebook(url[1]) as found:
        (place,) = results_in(found, person="ada")
        last = audit_of(found, "ada")[-1]
    assert place.points == 2
    assert (last.who, last.what, last.before, last.after) == ("Ivy", "graded", "passed, 3 of 3", "failed, 2 of 3")


def test_regrade_says_which_batch_folders_it_cannot_write(course, batch, tmp_path):
    root = shutil.copytree(course, tmp_path / "course")
    url = ("--gradebook", str(tmp_path / "book.sqlite"))
    with batch.open() as held:
        held.book.write(settings.set_rule, "one", counts="best", late_percent=1.0)
    output_of("gradebook", "import", str(batch.out), *url, root=root)  # a copy, because the batch has rules of its own
    said = output_of("gradebook", "regrade", "--all", "--person", "ada", *url, root=root)
    own = f"{batch.out}/gradebook.sqlite"
    assert f"{batch.out}: its results are in {own}, which was not regraded." in said
    assert said.endswith(f"Regrade that too: katas gradebook regrade --gradebook {own}\n")


@pytest.mark.parametrize("url", ["postgresql://ivy:s3cret@host/course", "postgresql://ivy@host/course?password=s3cret"])
def test_address_of_a_gradebook_has_no_password(url):
    assert database.address_of(sa.make_url(url)) == "postgresql://ivy@host/course"


@pytest.mark.deep
def test_folder_of_a_batch_never_holds_the_password_of_its_gradebook(tmp_path, postgres):
    held_in = Batch(tmp_path / "out")
    for url in (postgres.replace("postgres@", "postgres:s3cret@"), f"{postgres}&password=s3cret"):
        with held_in.open(gradebook=url) as held:
            held.append([Row(person="ada", submitted_at=moment(9), verdict=graded())])
        with held_in.reading() as held:
            assert [row.person for row in held.rows()] == ["ada"]
    assert not [path for path in held_in.out.rglob("*") if path.is_file() and b"s3cret" in path.read_bytes()]
    empty(postgres)


def test_forget_removes_a_person_from_gradebook_and_batch(course, batch, tmp_path):
    root = course
    copy = batch
    url = ("--gradebook", str(tmp_path / "book.sqlite"))
    output_of("gradebook", "import", str(copy.out), *url, root=root)
    said = output_of("gradebook", "forget", "--yes", "bob", *url, root=root)
    assert f"{copy.out}: 1 verdicts and 1 submissions removed" in said
    everything = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in everything if b"bob" in path.read_bytes() or "bob" in path.parts]
    assert len(list(copy.store.digests())) == 3


@pytest.mark.deep
@pytest.mark.parametrize("words", [("forget", "bob"), ("expire", "--before", "2100-01-01")])
def test_removal_is_shown_and_confirmed_first(course, batch, tmp_path, words):
    url = ("--gradebook", str(tmp_path / "book.sqlite"))
    output_of("gradebook", "import", str(batch.out), *url, root=course)
    files = sorted(path for path in batch.out.rglob("*") if path.is_file() and "sqlite" not in path.name)
    said = output_of("gradebook", *words, "--dry-run", *url, root=course)
    count = 1 if "bob" in words else 4
    assert f"to be removed: {count} submissions in {batch.out}\n" in said
    assert "Add --yes to remove it" in refused("gradebook", *words, *url, root=course)
    assert sorted(path for path in batch.out.rglob("*") if path.is_file() and "sqlite" not in path.name) == files
    assert "bob" in output_of("gradebook", "show", *url, root=course)
    output_of("gradebook", *words, "--yes", *url, root=course)
    with Gradebook(url[1]) as found:
        assert not found.read(people.has, "bob")


@pytest.mark.deep
def test_forget_reports_a_moved_batch_and_accepts_its_new_place(course, batch, tmp_path):
    root = course
    copy = Batch(shutil.copytree(batch.out, tmp_path / "out"))
    url = ("--gradebook", str(tmp_path / "book.sqlite"))
    output_of("gradebook", "import", str(copy.out), *url, root=root)
    moved = Batch(copy.out.rename(tmp_path / "elsewhere"))
    said = refused("gradebook", "forget", "--yes", "bob", *url, root=root)
    assert f"katas: {copy.out}: not found" in said
    assert "If it was moved, run: katas gradebook forget bob --batch DIR" in said
    said = output_of("gradebook", "forget", "--yes", "bob", "--batch", str(moved.out), *url, root=root)
    assert said == f"{moved.out}: 1 verdicts and 1 submissions removed\n"
    assert not [path for path in moved.out.rglob("*") if path.is_file() and b"bob" in path.read_bytes()]
    assert "no such person" in refused(
        "gradebook", "forget", "--yes", "bob", "--batch", str(moved.out), *url, root=root
    )
    output_of("gradebook", "forget", "--yes", "ada", "--batch", str(moved.out), *url, root=root)
    moved.out.rename(copy.out)
    moved.out.mkdir()
    said = refused("gradebook", "expire", "--yes", "--before", "2027-01-01", *url, root=root)
    assert f"{moved.out}: not found" in said
    said = refused("gradebook", "forget", "--yes", "bob", "--batch", str(tmp_path), *url, root=root)
    assert f"{tmp_path}: not a batch" in said


def test_verdict_file_of_an_imported_batch_is_not_an_attempt(course, batch, tmp_path):
    root = course
    url = ("--gradebook", str(tmp_path / "book.sqlite"))
    output_of("gradebook", "import", str(batch.out), *url, root=root)
    words = ("gradebook", "import", str(batch.verdict_file("ada", "one")), "--person", "ada")
    assert output_of(*words, *url, root=root) == "ada, one: imported earlier\n"
    assert output_of("gradebook", "show", "ada", *url, root=root).count("\n") == 2


def test_a_change_of_a_mark_names_the_pages_that_it_outdates(course, batch, tmp_path):
    root = course
    copy = Batch(shutil.copytree(batch.out, tmp_path / "out"))
    url = ("--gradebook", str(tmp_path / "book.sqlite"))
    output_of("gradebook", "import", str(copy.out), *url, root=root)
    override = ("gradebook", "override", "ada", "one", "--points", "1", "--reason", "an oral exam", *url)
    assert "feedback" not in output_of(*override, root=root)
    output_of("feedback", str(copy.out), root=root)
    remedy = f"write them again: katas feedback {copy.out}"
    told = f"1 page of feedback may be outdated; {remedy} --kata one"
    assert output_of(*override, root=root).splitlines()[1] == told
    assert f"{remedy} --kata one" in output_of("gradebook", "rule", "one", "--late-percent", "5", *url, root=root)
    assert output_of("gradebook", "course", "--late-day-bank", "2", *url, root=root).splitlines()[-1].endswith(remedy)
    assert "feedback" not in output_of("gradebook", "rule", "one", *url, root=root)


def test_similar_needs_the_batch_folder(course, batch, tmp_path):
    root = course
    copy = Batch(shutil.copytree(batch.out, tmp_path / "out"))
    url = ("--gradebook", str(tmp_path / "book.sqlite"))
    output_of("gradebook", "import", str(copy.out), *url, root=root)
    moved = copy.out.rename(tmp_path / "elsewhere")
    said = refused("gradebook", "similar", "one", *url, root=root)
    assert f"{copy.out}: none of the 4 submissions for one is there. Specify the folder" in said
    assert "among 4 people" in output_of("gradebook", "similar", "one", "--batch", str(moved), *url, root=root)


def test_similar_submissions_of_two_terms_are_shown_side_by_side(course, batch, tmp_path):
    root, page = course, tmp_path / "similar.html"
    url, earlier = str(tmp_path / "2026.sqlite"), str(tmp_path / "2025.sqlite")
    for book in (url, earlier):
        output_of("gradebook", "import", str(batch.out), "--gradebook", book, root=root)
    words = ("--at-least", "0", "--earlier", earlier, "--html", str(page), "--top", "3", "--gradebook", url)
    told = output_of("gradebook", "similar", "one", *words, root=root).splitlines()
    assert len(told) == 4
    assert "(2025)" in "".join(told[:3])
    assert "among 8 people" in told[-1]
    assert told[-1].endswith("; the 3 with the rarest code are listed")
    assert page.read_text(encoding="utf-8").count("<h2") == 3


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("export", "csv", "two"), "there is no kata `two`"),
        (("stats", "two"), "there is no kata `two`"),
        (("affected", "--since", "0.1.0", "--kata", "two"), "there is no kata `two`"),
        (("regrade", "--person", "nobody"), "nobody: no such person"),
        (
            ("rule", "one", "--due", "2026-05-31"),
            "--due 2026-05-31: the time of day is missing. Write it like this: 2026-05-31T23:59",
        ),
    ],
)
def test_misspelt_name_is_reported(course, tmp_path, words, fault):
    root = course
    url = str(tmp_path / "book.sqlite")
    with Gradebook(url) as found:
        add(found, graded(), "ada", moment(9))
    assert fault in refused("gradebook", *words, "--gradebook", url, root=root)


def test_imported_batch_belongs_to_the_gradebook_from_then_on(tmp_path):
    held_in, row = Batch(tmp_path / "out"), Row(person="ada", submitted_at=moment(9), verdict=AWAITING)
    with held_in.open() as held:
        held.append([row])
        seed = held.seed
    with Gradebook(str(tmp_path / "book.sqlite")) as found:
        assert held_in.import_into(found).verdicts == 1
    assert sorted(path.name for path in held_in.out.glob("g*")) == ["gradebook.json", "gradebook.sqlite.taken-over"]
    with held_in.open() as held:
        assert (held.book.name, held.seed, held.is_own) == (str(tmp_path / "book.sqlite"), seed, False)
        held.append([msgspec.structs.replace(row, verdict=MARKED)])
    with Gradebook(str(tmp_path / "book.sqlite")) as found, Gradebook(str(tmp_path / "other.sqlite")) as other:
        assert [place.points for place in results_in(found)] == [13.0]
        assert held_in.import_into(other) == (1, 1)
        assert results_in(other) == results_in(found)
    with held_in.reading() as held:  # the second gradebook has only a copy
        assert held.book.name == str(tmp_path / "book.sqlite")


def test_batch_with_rules_of_its_own_keeps_its_gradebook(tmp_path):
    held_in = Batch(tmp_path / "out")
    with held_in.open() as held:
        held.append([Row(person="ada", submitted_at=moment(9), verdict=graded())])
        held.book.write(settings.set_rule, "one", counts="last")
    with Gradebook(str(tmp_path / "book.sqlite")) as found:
        assert held_in.import_into(found).verdicts == 1
    with held_in.reading() as held:
        assert held.is_own


@pytest.mark.parametrize("where", ["url", "gradebook.json"])
def test_missing_gradebook_of_a_batch_is_named(tmp_path, where):
    held_in = Batch(tmp_path / "out")
    with held_in.open(gradebook=str(tmp_path / "book.sqlite")):
        pass
    os.rename(tmp_path / "book.sqlite", tmp_path / "moved.sqlite")
    if where == "url":
        with pytest.raises(KataError, match=r"its results are in .*book\.sqlite, which is missing\. Restore"):
            held_in.open(gradebook=str(tmp_path / "moved.sqlite"))
    else:
        write(held_in.out / "gradebook.json", "{")
        with pytest.raises(KataError, match=r"gradebook\.json: .*Restore it from a copy"):
            held_in.reading()


def test_two_reviews_of_one_second_are_imported_once(opened, tmp_path):
    held_in = Batch(tmp_path / "out")
    first, last = (
        ManualScore("essay", points, "Grace", moment(11), said) for points, said in ((3.0, "No."), (5.0, "Yes."))
    )
    rows = [
        Row(person="ada", submitted_at=moment(9), verdict=with_marks(AWAITING, marks))
        for marks in ((), (first,), (last,))
    ]
    with held_in.open() as held:
        held.append(rows)
    found = opened()
    for new in ((1, 2), (0, 0), (0, 0)):
        assert held_in.import_into(found) == new
        marks = [(row.before, row.after) for row in audit_of(found) if row.what == "marked"]
        assert marks == [("", "essay: 3 by Grace: No."), ("essay: 3 by Grace: No.", "essay: 5 by Grace: Yes.")]
        (place,) = results_in(found)
        assert place.verdict is not None
        assert marks_of(place.verdict) == [last]


def test_batch_reviewed_later_is_imported_again(opened, tmp_path):
    held_in = Batch(tmp_path / "out")
    first, last = (ManualScore("essay", points, "Grace", moment(11)) for points in (3.0, 5.0))
    found = opened()
    for marks in ((first,), (last,)):
        with held_in.open() as held:
            held.append([Row(person="ada", submitted_at=moment(9), verdict=with_marks(AWAITING, marks))])
        for _ in range(2):
            held_in.import_into(found)
    assert [row.after for row in audit_of(found) if row.what == "marked"] == [
        "essay: 3 by Grace",
        "essay: 5 by Grace",
    ]


def test_crafted_comment_is_cut_and_cleaned(opened):
    found = opened()
    for hour, reviewer, said in ((11, "Gr\0ace", "x" * 3_000_000), (12, "Grace", "a\0b\x1b[2Jc")):
        crafted = ManualScore("essay", hour - 8.0, reviewer, moment(11, hour), said)
        add(found, with_marks(AWAITING, [crafted]), "ada", moment(9))
    marks = [row.after for row in audit_of(found) if row.what == "marked"]
    assert [told[:20] for told in marks] == ["essay: 3 by Grace: x", "essay: 4 by Grace: a"]
    assert len(marks[0]) <= LONGEST_COMMENT + 20
    (place,) = results_in(found)
    assert marks_of(place.verdict) == [ManualScore("essay", 4.0, "Grace", moment(11, 12), "abc")]


def test_score_for_an_invalid_task_name_is_skipped(opened):
    odd = msgspec.structs.replace(AWAITING, tasks=(*AWAITING.tasks, task("es\0say", 0, 5, "awaiting_review")))
    found = opened()
    add(
        found,
        with_marks(odd, [ManualScore(name, 2.0, "Grace", moment(11)) for name in ("essay", "es\0say")]),
        "ada",
        moment(9),
    )
    assert [row.after for row in audit_of(found) if row.what == "marked"] == ["essay: 2 by Grace"]


def test_impossible_verdict_is_refused_with_a_remedy(url, course, tmp_path):
    root = course
    file = write(tmp_path / "odd.json", to_json(graded(kata="o\0ne")).decode())
    said = refused("gradebook", "import", str(file), "--person", "ada", "--gradebook", url, root=root)
    assert "ada: the verdict has a NUL character in its kata, which no judge writes. Remove it." in said


FORGED = "ok\n2026-01-01T00:00:00+00:00  dean  rule  one  forged\x1b[2J\x1b]0;owned\x07\u202e"


def test_gradebook_output_has_no_control_characters(course, tmp_path):
    root = course
    url = str(tmp_path / "book.sqlite")
    wrong = TestResult(name=f"t{FORGED}", task="twice", visibility="hidden", status="failed", diagnosis=f"D{FORGED}")
    fast = msgspec.structs.replace(wrong, status="passed", diagnosis="", speed=speed(0.5, 0.4, 0.6))
    odd = msgspec.structs.replace(AWAITING.tasks[1], name=f"e{FORGED}", title=f"E{FORGED}")
    verdict = msgspec.structs.replace(
        AWAITING, tasks=(*AWAITING.tasks, odd), tests=(wrong, fast), title=f"T{FORGED}", submission_sha256=FORGED
    )
    marks = [ManualScore(name, 2.0, f"Grace{FORGED}", moment(11), FORGED) for name in ("essay", f"e{FORGED}")]
    for number, person in enumerate(("ada", f"bob{FORGED}")):
        with Gradebook(url, who=f"Ivy{FORGED}") as found:
            marked = with_marks(msgspec.structs.replace(verdict, graded_at=moment(9 + number)), marks)
            add(found, marked, person, moment(9))
    with Gradebook(url) as found:
        assert any("\n" in row.who for row in audit_of(found))
        audited = len(audit_of(found))
    lines = {
        ("gradebook", "audit"): audited,
        ("gradebook", "show"): 4,
        ("gradebook", "show", "ada"): 2,
        ("gradebook", "affected", "--since", "0"): 3,
        ("gradebook", "stats"): 8,
        ("gradebook", "leaderboard", "one"): 3,
    }
    for words, count in lines.items():
        said = output_of(*words, "--gradebook", url, root=root)
        assert (words, said.count("\n")) == (words, count), said
        assert not [each for each in "\x1b\x07\u202e" if each in said]


def test_show_says_where_the_earlier_verdicts_are(course):
    root = course
    assert "`katas gradebook audit` shows the earlier ones" in " ".join(
        output_of("gradebook", "show", "--help", root=root).split()
    )


# The limit of attempts.


def test_third_attempt_of_a_day_is_not_graded_if_two_are_allowed(course, tmp_path):
    root = course
    os.utime(write(tmp_path / "in" / "ada" / "twice.py", SOLUTION), (1_778_000_000,) * 2)
    url = str(tmp_path / "book.sqlite")
    with Gradebook(url) as found:
        for number in range(2):
            add(found, graded(4, sha=str(number)), "ada", f"2026-05-05T0{number}:00:00+00:00")
    words = ("grade-batch", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--kata", "one", "--gradebook", url)
    said = output_of(*words, root=root)
    assert "1 submission from 1 person: 0 graded" in said
    assert "not graded: ada, one: attempt 3 on 2026-05-05, but only 2 a day are graded (days start at 0:00 UTC)" in said
    os.utime(tmp_path / "in" / "ada" / "twice.py", (1_778_086_400,) * 2)
    assert "1 passed" in output_of(*words, root=root)
    with Gradebook(url) as found:
        (place,) = results_in(found)
    assert [each.attempt.verdict.status for each in place.standings] == ["failed", "failed", "passed"]
    assert place.rule.attempts_per_day == 2


def test_imported_submission_is_not_a_new_attempt(course, tmp_path):
    root = course
    kata = msgspec.structs.replace(catalogue.load(root, "one"), attempts_per_day=1)
    taken = intake.submission(kata, {"twice.py": b"pass"})
    handed = KataSubmission(SubmissionEntry("ada", tmp_path, moment(9)), kata, taken)
    with Gradebook(str(tmp_path / "book.sqlite")) as found:
        assert found.read(settings.may_be_graded, handed) == ""
        add(
            found,
            msgspec.structs.replace(graded(), submission_sha256=taken.sha256),
            "ada",
            moment(9),
        )
        assert found.read(settings.may_be_graded, handed) == ""
        other = msgspec.structs.replace(taken, sha256="f" * 64)
        assert found.read(
            settings.may_be_graded, KataSubmission(SubmissionEntry("ada", tmp_path, moment(9, 23)), kata, other)
        ).startswith("attempt 2 on")
        assert (
            found.read(
                settings.may_be_graded, KataSubmission(SubmissionEntry("ada", tmp_path, moment(10, 0)), kata, other)
            )
            == ""
        )
        assert (
            found.read(settings.may_be_graded, KataSubmission(SubmissionEntry("bob", tmp_path, moment(9)), kata, other))
            == ""
        )


# Statistics.


def test_task_that_only_the_best_solve_discriminates():
    rest = list(range(20))
    assert statistics.discrimination([float(points >= 10) for points in rest], rest) == 1.0
    assert statistics.discrimination([1.0] * 20, rest) == 0.0
    assert statistics.discrimination([float(points < 10) for points in rest], rest) == -1.0
    assert statistics.discrimination([1.0] * 9, rest[:9]) is None
    assert statistics.discrimination([1.0] * 20, [5.0] * 20) is None


def test_ties_at_the_edge_of_a_group_are_all_in_it():
    rest = [0.0] * 5 + [1.0] * 5  # the upper and the lower 27 % are 3 people, but all are tied
    assert statistics.discrimination([1, 0, 0, 0, 0, 1, 1, 1, 1, 0], rest) == pytest.approx(0.8 - 0.2)


def test_rest_correlation_is_pearsons_or_none():
    shares, rest = [0.0, 1.0] * 6, [1.0, 3.0] * 6
    assert statistics.rest_correlation(shares, rest) == pytest.approx(1.0)
    assert statistics.rest_correlation([1.0] * 12, rest) is None
    assert statistics.rest_correlation(shares[:8], rest[:8]) is None


def test_statistics_count_people_and_misconceptions_once(tmp_path):
    wrong = TestResult(name="t", task="twice", visibility="hidden", status="failed", diagnosis="Two was added.")
    with Gradebook(str(tmp_path / "book.sqlite")) as found:
        for number in range(12):
            score = 10.0 if number >= 6 else 0.0
            tests = () if score else (wrong, msgspec.structs.replace(wrong, name="u"))
            tasks = (task("twice", score), task("half", float(number % 2), 1.0))
            status = "passed" if score and number % 2 else "failed"
            verdict = graded(score, sha=f"{number:x}", tasks=tasks, tests=tests, status=status, title="Twice")
            add(found, verdict, f"p{number:02d}", moment(1))
        add(found, graded(0, sha="f", at=moment(1, 1), status="ungradable", tasks=()), "q", moment(1))
        (kata,) = statistics.of_katas(results_in(found))
    twice, half = kata.tasks
    assert (kata.people, kata.passed, kata.ungradable) == (13, 3, 1)
    assert (twice.people, twice.pass_rate, twice.mean, twice.misconceptions) == (12, 0.5, 0.5, (("Two was added.", 6),))
    assert (half.people, half.pass_rate, half.misconceptions) == (12, 0.5, ())


def test_statistics_name_the_people_they_count(course, tmp_path):
    root = course
    url = ("--gradebook", str(tmp_path / "book.sqlite"))
    with Gradebook(url[1]) as found:
        add(found, graded(10, sha="1"), "ada", moment(1))
        add(found, graded(4, sha="2"), "bob", moment(1))
        add(
            found,
            graded(0, sha="3", status="ungradable", tasks=(), max_score=0.0),
            "cleo",
            moment(1),
        )
    assert output_of("gradebook", "stats", *url, root=root).splitlines()[:4] == [
        "one (one): 1 of the 3 people who submitted passed, mean 70 %",
        "  1 could not be graded: they are left out of the means and the task statistics",
        "  Twice",
        "      50 % of the 2 people graded pass, mean 70 %, D –, r –",
    ]


def test_statistics_page_escapes_html():
    hostile = statistics.TaskStatistics("t", "<script>alert(1)</script>", 12, 0.25, 0.5, -0.31, None, (("<b>", 3),))
    text = statistics.render(
        [statistics.KataStatistics("one", "A & B", 12, 3, 1, 20, 0.5, (hostile,))], 12, "2026-05-31"
    )
    assert text.startswith("<!doctype html>")
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "A &amp; B" in text
    assert "25 % of 12" in text
    assert "−0.31" in text
    assert "default-src 'none'" in text


# The leaderboard.


def speed(ratio: float, low: float, high: float) -> Speed:
    return Speed(ratio=ratio, low=low, high=high, cpu_ratio=ratio)


def test_overlapping_intervals_share_a_rank():
    speeds = {
        "ada": speed(0.50, 0.48, 0.53),
        "bob": speed(0.52, 0.50, 0.55),
        "cleo": speed(0.54, 0.52, 0.57),
        "dora": speed(0.56, 0.54, 0.58),
        "ed": speed(0.90, 0.80, 1.00),
    }
    lines = leaderboard.ranked("t", speeds.items())
    assert [(line.rank, line.person) for line in lines] == [(1, "ada"), (1, "bob"), (1, "cleo"), (4, "dora"), (5, "ed")]


def test_leaderboard_shows_the_fastest_valid_pass(course, tmp_path):
    root = course

    def fast(ratio: float, sha: str, status: str = "passed") -> Verdict:
        measured = TestResult(
            name="one::test_it_is_fast",
            task="twice",
            visibility="hidden",
            status=status,
            speed=speed(ratio, ratio - 0.02, ratio + 0.02),
        )
        return graded(sha=sha, tests=(measured,), at=moment(9, 11))

    url = str(tmp_path / "book.sqlite")
    with Gradebook(url) as found:
        found.write(importing.update_katas, [catalogue.load(root, "one")])
        for person, hour, verdict in (
            ("ada", 1, fast(0.60, "1")),
            ("ada", 2, fast(0.50, "2")),
            ("ada", 3, fast(0.10, "3")),  # the third attempt of the day
            ("bob", 1, fast(0.53, "4")),
            ("cleo", 1, fast(0.20, "5", "failed")),
            ("dora", 1, fast(0.70, "6")),
        ):
            add(found, verdict, person, moment(9, hour))
    said = output_of("gradebook", "leaderboard", "one", "--gradebook", url, root=root)
    assert said == (
        "It is fast\n"
        "   1=   0.50×  0.48 to 0.52  ada\n"
        "   1=   0.53×  0.51 to 0.55  bob\n"
        "   3    0.70×  0.68 to 0.72  dora\n"
    )
    with Gradebook(url) as found:
        found.write(decisions.exclude, "bob", "one", "plagiarism")
    assert "bob" not in output_of("gradebook", "leaderboard", "one", "--gradebook", url, root=root)


# Similar submissions.


def test_corrected_submission_time_is_imported(tmp_path, monkeypatch):
    seconds = itertools.count()  # every line of the audit trail gets a second of its own
    monkeypatch.setattr(database, "as_utc", lambda _: f"2026-01-01T00:00:{next(seconds):02}+00:00")
    held_in = Batch(tmp_path / "out")
    url, row = str(tmp_path / "copy.sqlite"), Row(person="ada", submitted_at=moment(9), verdict=graded())
    with held_in.open(gradebook=str(tmp_path / "book.sqlite")) as held:
        held.append([row])
    with Gradebook(url) as found:
        assert held_in.import_into(found).verdicts == 1
    with held_in.open() as held:
        assert held.correct_times({("ada", "one"): moment(7)}) == 1
    for notes in (1, 1):
        with Gradebook(url) as found:
            assert held_in.import_into(found).verdicts == 0
            assert [each.attempt.submitted_at for place in results_in(found) for each in place.standings] == [moment(7)]
            assert [each.what for each in audit_of(found)].count("handed in") == notes


def test_submission_that_is_moved_to_an_earlier_one_joins_it(tmp_path):
    first, again = (
        Row(person="ada", submitted_at=moment(day), verdict=msgspec.structs.replace(MARKED, graded_at=moment(day, 11)))
        for day in (3, 9)
    )
    with Batch(tmp_path).open() as held:
        held.append([first])
        held.append([again])
        assert held.correct_times({("ada", "one"): moment(3)}) == 1
        (place,) = results_in(held.book)
        assert [each.attempt.submitted_at for each in place.standings] == [moment(3)]
        assert [row.submitted_at for row in held.rows()] == [moment(3)]
        assert place.points == 13.0


def test_gradebook_loads_results_without_outputs(tmp_path):
    printed = TestResult(name="t", task="a", visibility="hidden", status="failed", message="m", output="x" * 1000)
    with Gradebook(str(tmp_path / "book.sqlite")) as found:
        add(found, msgspec.structs.replace(graded(), tests=(printed,)), "ada", moment(9))
        (place,) = results_in(found)
    assert [(test.message, test.output) for test in place.verdict.tests] == [("m", "")]


def test_better_submission_awaiting_review_is_marked(course, tmp_path):
    root = course
    url = str(tmp_path / "book.sqlite")
    marked = msgspec.structs.replace(AWAITING, status="failed", score=12.0, max_score=15.0, review_points=0.0)
    newer = msgspec.structs.replace(AWAITING, submission_sha256="ef" * 32)
    with Gradebook(url) as found:
        add(found, marked, "ada", moment(9))
        add(found, newer, "ada", moment(10))
    assert "12*" in katas("gradebook", "show", "--gradebook", url, cwd=root).out
    katas("gradebook", "rule", "one", "--due", moment(9), "--late-percent", "100", "--gradebook", url, cwd=root)
    assert "12*" not in katas("gradebook", "show", "--gradebook", url, cwd=root).out


def test_outstanding_points_are_shown(course, tmp_path):
    root = course
    url = str(tmp_path / "book.sqlite")
    with Gradebook(url) as found:
        add(found, AWAITING, "ada", moment(9))
    done = katas("gradebook", "show", "--gradebook", url, cwd=root)
    assert "10*" in done.out
    assert "* awaits review by a person: `katas serve --instructor`" in done.out
    rows = list(csv.DictReader(io.StringIO(katas("gradebook", "export", "csv", "--gradebook", url, cwd=root).out)))
    assert [(row["twice"], row["essay"]) for row in rows] == [("10.0", "")]
    words = ("gradebook", "export", "csv", "--per", "person", "--gradebook", url)
    rows = list(csv.DictReader(io.StringIO(katas(*words, cwd=root).out)))
    assert [(row["total"], row["outstanding"]) for row in rows] == [("10.0", "5.0")]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (
            "mysql://somebody@localhost/course",
            "this is neither a file nor a PostgreSQL database. Use one of these, such as postgresql://",
        ),
        ("postgresql://somebody@127.0.0.1:1/course", "Is the server running, and do you have access?"),
    ],
)
def test_missing_database_is_reported_with_a_remedy(course, url, said):
    root = course
    assert said in refused("gradebook", "show", "--gradebook", url, root=root)
