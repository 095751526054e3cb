"""Verdicts, times and databases for the tests of the gradebook."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from graders.course.gradebook import Gradebook
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
