"""Verdicts, times and databases for the tests of the gradebook."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from graders.course.batch import Batch
from graders.course.gradebook import Gradebook
from graders.course.gradebook.records import verdict_in
from graders.course.gradebook.tables import VerdictRow
from graders.course.results_table import results
from graders.course.rows import Row
from graders.verdict import TaskResult, Verdict

DUE = "2026-05-10T12:00:00+00:00"
Opened = Callable[[], Gradebook]


def empty(url: str) -> None:
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    engine.dispose()


def task(name: str, score: float, of: float = 10.0, status: str = "") -> TaskResult:
    known = status or ("passed" if score == of else "partial" if score else "failed")
    return TaskResult(name=name, title=name.capitalize(), status=known, score=score, max_score=of)


def graded(score: float = 10.0, *, kata: str = "one", sha: str = "a", at: str = DUE, **changes: object) -> Verdict:
    changes.setdefault("status", "passed" if score == 10 else "failed")
    changes.setdefault("tasks", (task("twice", score),))
    found = {"kata": kata, "score": score, "max_score": 10.0, "submission_sha256": sha * 64, "graded_at": at} | changes
    return Verdict(**{"seed": "00" * 16} | found)


def moment(day: int, hour: int = 10) -> str:
    return f"2026-05-{day:02d}T{hour:02d}:00:00+00:00"


def history(out: Path) -> dict[str, list[Row]]:
    """Return all verdicts that a store has ever got, without manual scores, by person in the order of grading."""
    found: dict[str, list[Row]] = {}
    with Batch(out).reading() as held, held.book.transaction() as transaction:
        for each in transaction.session.scalars(sa.select(VerdictRow).order_by(VerdictRow.id)):
            person, time = each.submission.person.name, each.submission.submitted_at
            found.setdefault(person, []).append(Row(person=person, submitted_at=time, verdict=verdict_in(each)))
    return found


def current(out: Path) -> list[Row]:
    """Return the current rows of a batch, with manual scores."""
    with Batch(out).reading() as held:
        return list(held.rows())


def table(out: Path) -> str:
    """Return results.csv as the store of a batch says it."""
    with Batch(out).reading() as held:
        return results(held)
