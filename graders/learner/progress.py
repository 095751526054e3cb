"""Store the verdicts on a learner's own files, hints seen and questions answered, in a SQLite file.

The file is $NN_KATAS_PROGRESS, or else nn-katas/progress.sqlite in the user's data folder. Every change is one
transaction, so a killed process leaves the file intact and several processes can write at once.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from graders import catalogue
from graders.catalogue import Kata
from graders.errors import KataError
from graders.verdict import Verdict

WAIT_S = 10.0  # how long to wait for another process that is writing
DONE = ("passed", "awaiting_review")  # a verdict with one of these statuses leaves the learner nothing to do
_OPEN = """
PRAGMA synchronous = FULL;
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS verdicts (
    number INTEGER PRIMARY KEY, slug TEXT NOT NULL, graded_at TEXT NOT NULL, status TEXT NOT NULL,
    score REAL NOT NULL, max_score REAL NOT NULL, submission_sha256 TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS verdicts_by_slug ON verdicts (slug);
CREATE TABLE IF NOT EXISTS hints (slug TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (slug, number));
CREATE TABLE IF NOT EXISTS predictions (
    slug TEXT NOT NULL, number INTEGER NOT NULL, choice INTEGER NOT NULL, PRIMARY KEY (slug, number)
);
CREATE TABLE IF NOT EXISTS derivations (slug TEXT PRIMARY KEY, answered INTEGER NOT NULL);
COMMIT;
"""
_STANDINGS = f"""
SELECT slug, COUNT(*), MAX(score), MIN(CASE WHEN status IN {DONE} THEN graded_at END), MAX(graded_at)
FROM verdicts GROUP BY slug
"""


@dataclass(frozen=True)
class Standing:
    """A learner's progress in one kata."""

    slug: str
    tries: int = 0
    best: float = 0.0
    done_on: str = ""  # a local date (ISO 8601), or empty if the kata is not done
    last: str = field(default="", compare=False)  # the moment of the last verdict (ISO 8601), or empty

    @property
    def done(self) -> bool:
        return bool(self.done_on)


class Progress:
    """The learner's progress file, for use in a `with` statement. A missing file is created.

    A damaged one is renamed and replaced, and `warning` says so. Raises KataError if the file cannot be opened.
    """

    def __init__(self, path: Path | None = None, *, wait_s: float = WAIT_S) -> None:
        self.path, self.warning = path or default_path(), ""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._connection = _opened(self.path, wait_s)
            except sqlite3.DatabaseError as fault:
                if type(fault) is not sqlite3.DatabaseError:  # the subclasses say that it is locked or read-only
                    raise
                self._set_aside(fault)
                self._connection = _opened(self.path, wait_s)
        except (OSError, sqlite3.Error) as fault:
            reason = getattr(fault, "strerror", None) or str(fault)
            remedy = "Set NN_KATAS_PROGRESS to a file that you can write to"
            if getattr(fault, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
                remedy = "Another program is using the file. Try again when that program has finished"
            raise KataError(f"{self.path}: {reason}. {remedy}.") from None

    @classmethod
    def of(cls, root: Path, *, wait_s: float = WAIT_S) -> Progress:
        """Open a learner's progress in this repository, waiting at most `wait_s` if it is locked."""
        return cls(path_of(root), wait_s=wait_s)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def record(self, verdict: Verdict) -> None:
        columns = ("graded_at", "status", "score", "max_score", "submission_sha256")
        row = [verdict.kata, *(getattr(verdict, name) for name in columns)]
        with self._connection:
            self._connection.execute(
                f"INSERT INTO verdicts (slug, {', '.join(columns)}) VALUES (?, ?, ?, ?, ?, ?)", row
            )

    def standings(self, slugs: Sequence[str]) -> dict[str, Standing]:
        """Return the progress in each of these katas."""
        found = {slug: Standing(slug) for slug in slugs}
        for slug, tries, best, done, last in self._connection.execute(_STANDINGS):
            if slug in found:
                found[slug] = Standing(slug, tries, best, _local_day(done) if done else "", last)
        return found

    def hints_seen(self, slug: str) -> set[int]:
        """Return the numbers of a kata's hints that have been shown."""
        return {row[0] for row in self._connection.execute("SELECT number FROM hints WHERE slug = ?", (slug,))}

    def saw_hint(self, slug: str, number: int) -> None:
        with self._connection:
            self._connection.execute("INSERT OR IGNORE INTO hints VALUES (?, ?)", (slug, number))

    def answered(self, slug: str) -> int:
        """Return how many questions of a kata's derivation the learner has answered."""
        row = self._connection.execute("SELECT answered FROM derivations WHERE slug = ?", (slug,)).fetchone()
        return row[0] if row else 0

    def has_answered(self, slug: str, number: int) -> None:
        with self._connection:
            self._connection.execute("INSERT OR REPLACE INTO derivations VALUES (?, ?)", (slug, number))

    def predictions(self, slug: str) -> dict[int, int]:
        """Return what the learner predicted about a kata: the choice for each question's number, -1 if skipped."""
        found = self._connection.execute("SELECT number, choice FROM predictions WHERE slug = ?", (slug,))
        return dict(found.fetchall())

    def predicts(self, slug: str, number: int, choice: int) -> None:
        with self._connection:
            self._connection.execute("INSERT OR REPLACE INTO predictions VALUES (?, ?, ?)", (slug, number, choice))

    def _set_aside(self, fault: sqlite3.DatabaseError) -> None:
        """Rename a damaged file."""
        now = datetime.datetime.now(datetime.UTC).strftime("%Y%m%d-%H%M%S")
        renamed = self.path.with_name(f"{self.path.stem}.damaged-{now}{self.path.suffix}")
        os.replace(self.path, renamed)
        for rest in ("-journal", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.replace(f"{self.path}{rest}", f"{renamed}{rest}")
        self.warning = f"{self.path} is damaged ({fault}). It was renamed {renamed.name}, and a new file was started."


def _opened(path: Path, wait_s: float) -> sqlite3.Connection:
    # A transaction locks the file at its start, because SQLite may refuse a later lock without waiting.
    connection = sqlite3.connect(path, timeout=wait_s, isolation_level="IMMEDIATE")
    try:
        connection.executescript(_OPEN)
        if connection.execute("PRAGMA quick_check").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("database disk image is malformed")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def path_of(root: Path) -> Path:
    """Return the path of the file for this repository: one for all clones, another for those without hidden tests."""
    path = default_path()
    return path.with_stem(f"{path.stem}-visible") if catalogue.is_handed_out(root) else path


def default_path() -> Path:
    """Return the path of the learner's progress file."""
    if given := os.environ.get("NN_KATAS_PROGRESS"):
        return Path(given).absolute()
    general = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(general).absolute() / "nn-katas" / "progress.sqlite"


def remember(verdicts: Sequence[Verdict], root: Path) -> list[str]:
    """Record verdicts on the learner's own files. Return what went wrong, as sentences."""
    tried = [verdict for verdict in verdicts if not (verdict.untouched or verdict.waits_for)]
    worth = [verdict for verdict in tried if verdict.status in (*DONE, "failed", "ungradable")]
    if not worth:
        return []
    try:
        with Progress.of(root) as progress:
            for verdict in worth:
                progress.record(verdict)
            return [progress.warning] if progress.warning else []
    except (KataError, sqlite3.Error) as fault:
        return [f"the verdict was not recorded for `katas progress`: {fault}"]


def reached(root: Path, slugs: Sequence[str], **how: float) -> tuple[dict[str, Standing], bool, str]:
    """Return the learner's standings, whether the progress could be read, and a warning."""
    try:
        with Progress.of(root, **how) as progress:
            return progress.standings(slugs), True, progress.warning
    except (KataError, sqlite3.Error) as fault:
        return {slug: Standing(slug) for slug in slugs}, False, str(fault)


def all_done(katas: Sequence[Kata]) -> str:
    """Return the message for a learner who has done every kata."""
    if any(kata.handed_out for kata in katas):
        return "Your files pass the visible tests of every kata. Your course grades them with the hidden tests."
    return "You have passed every kata. `katas debug new` creates another puzzle."


def in_short(standings: Mapping[str, Standing]) -> str:
    """Return the progress in one line."""
    done, total = sum(each.done for each in standings.values()), sum(each.best for each in standings.values())
    return f"{done} of {len(standings)} done, {total:g} points"


def next_kata(katas: Sequence[Kata], standings: Mapping[str, Standing]) -> tuple[Kata, str] | None:
    """Return the next kata and the reason for choosing it, or None if every kata is done.

    It is the kata of the learner's last verdict or, if that one is done, the first in the recommended order that is not
    done and whose prerequisites are done. A kata further on that was tried before does not come before it. What a done
    milestone builds on comes last, and so do exercises that the learner has skipped: those before the one that was
    passed last.
    """
    done = {slug for slug, standing in standings.items() if standing.done}
    open_ = [kata for kata in katas if kata.slug not in done]
    if not open_:
        return None
    past = done | _used({kata.slug: kata for kata in katas}, done)
    ready = [kata for kata in open_ if kata.slug not in past and past >= set(kata.prerequisites) & standings.keys()]
    latest = max(katas, key=lambda each: standings[each.slug].last)
    passed = max(
        (kata for kata in katas if kata.slug in done), key=lambda each: standings[each.slug].last, default=None
    )
    skipped = [
        kata for kata in open_ if passed and kata.kind == passed.kind == "exercise" and kata.place < passed.place
    ]
    following = min(ready or open_, key=lambda each: (each in skipped, each.place))
    kata = latest if latest in open_ and standings[latest.slug].last else following
    if standings[kata.slug].tries:
        return kata, f"in progress: {standings[kata.slug].best:g} of {points_of(kata):g} points"
    if kata.slug in past:
        return kata, "you have passed a later kata; a pass in pytest does not mark this one as done"
    return kata, f"it builds on {' and '.join(kata.prerequisites) or 'no other kata'}"


def _used(katas: Mapping[str, Kata], done: Collection[str]) -> set[str]:
    """Return the katas whose files the katas that are done import, and all that come before those."""
    waiting, used = [slug for each in done if each in katas for slug in katas[each].builds_on], set[str]()
    while waiting:
        slug = waiting.pop()
        if slug in katas and slug not in used:
            used.add(slug)
            waiting += katas[slug].prerequisites
    return used


def points_of(kata: Kata) -> float:
    """Return the points that a learner can reach without manual scores."""
    return sum(task.points for task in kata.tasks if not task.review)


def _local_day(moment: str) -> str:
    """Return the date (ISO 8601) of a moment (ISO 8601) in the learner's time zone."""
    return datetime.datetime.fromisoformat(moment).astimezone().date().isoformat()
