"""Verdicts, times and databases for the tests of the gradebook."""

from __future__ import annotations

import csv
import io
import subprocess
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from graders.manual_scores import ManualScore, scores_of, with_scores
from graders.verdict import Speed, TaskResult, Verdict
from katas_course import written_files
from katas_course.batch import Batch
from katas_course.gradebook import Gradebook, results, storing
from katas_course.gradebook.results import KataResult
from katas_course.gradebook.storing import Row
from katas_course.gradebook.tables import AuditRow, VerdictRow
from tests.shell import environment, katas

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
            found.setdefault(person, []).append(Row(person=person, submitted_at=time, verdict=each.verdict()))
    return found


def add(book: Gradebook, verdict: Verdict, person: str, submitted_at: str) -> None:
    """Store a verdict with its manual scores, but no files."""
    with book.transaction(alone=True) as transaction:
        row = Row(person=person, submitted_at=submitted_at, verdict=verdict)
        storing.add_scores(transaction, storing.add(transaction, row, ""), scores_of(verdict))


def results_in(book: Gradebook, slug: str | None = None, person: str | None = None) -> list[KataResult]:
    return book.read(results.of_katas, slug, person)


def audit_of(book: Gradebook, person: str | None = None) -> list[AuditRow]:
    return book.read(results.audit, person)


def changes(book: Gradebook, what: str, person: str | None = None) -> list[tuple[str, str]]:
    """Return what was before and after each change of this kind."""
    return [(row.before, row.after) for row in audit_of(book, person) if row.what == what]


def current(out: Path) -> list[Row]:
    """Return the current rows of a batch, with manual scores."""
    with Batch(out).reading() as held:
        return list(held.rows())


def table(out: Path) -> str:
    """Return results.csv as the store of a batch says it."""
    with Batch(out).reading() as held:
        return written_files.table(held)


AWAITING = graded(
    10.0,
    status="awaiting_review",
    tasks=(task("twice", 10), task("essay", 0, 5, "awaiting_review")),
    review_points=5.0,
    sha="e",
)


MARKED = with_scores(AWAITING, [ManualScore("essay", 3.0, "Grace", moment(11))])


def speed(ratio: float, low: float, high: float) -> Speed:
    return Speed(ratio=ratio, low=low, high=high, cpu_ratio=ratio)


def rows_of(text: str) -> list[dict[str, str]]:
    """Return the rows of a CSV table by column."""
    return list(csv.DictReader(io.StringIO(text)))


def output_of(root: Path, *words: str, status: int = 0) -> str:
    done = katas("--root", str(root), *words)
    assert (done.status, done.left, "Traceback" in done.err) == (status, [], False), done.said
    return done.out


def refused(root: Path, *words: str) -> str:
    """Return the one-line message of a command that exits with 2."""
    done = katas("--root", str(root), *words)
    assert (done.status, done.err.count("\n"), "Traceback" in done.err) == (2, 1, False), done.said
    return done.err


def on_full_disk(script: str, folder: Path, *, size: int, root: Path) -> subprocess.CompletedProcess[str]:
    """Run a shell script that sees `folder` as an empty disk of so many bytes."""
    words = ["bwrap", "--dev-bind", "/", "/", "--size", str(size), "--tmpfs", str(folder), "--cap-add", "ALL", "--"]
    return subprocess.run(
        [*words, "bash", "-c", script], cwd=root, env=environment(), capture_output=True, text=True, check=False
    )
