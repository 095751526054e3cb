"""Repeat a kata from memory: a fresh stub in a repository of its own, next to the learner's passed files.

The repository is .katas/again/<slug>/. It contains copies of the kata, its solution and its hidden suite, so that every
command works there. A file named again.toml marks it, and verdicts from it are recorded apart from the progress.
"""

from __future__ import annotations

import datetime
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from graders.catalogue import Kata
from graders.catalogue.stubs import handed_out
from graders.errors import KataError
from graders.learner.progress import AGAIN, Progress, Standing, is_repetition, local_day, place

DAYS = 3  # after this many days, remembering is work again
_HARNESS = Path(__file__).parents[2]
_CONFTEST = '''\
"""Registers the plugin of the katas for this repetition."""

import sys

sys.path.insert(0, {harness!r})
pytest_plugins = ["graders.pytest_plugin.plugin"]
'''
_PYTEST = """\
[pytest]
testpaths = katas
addopts = --import-mode=importlib
timeout = 300
filterwarnings = ignore::pytest.PytestCacheWarning
markers =
    task(name): the task in kata.toml that the test belongs to
    cases(count): run the test on `count` freshly generated inputs
    gpu: needs a CUDA device; ungraded without one
"""


class Due(NamedTuple):
    """An exercise to repeat. `repeated_at` is the time of the last repetition that passed, or empty."""

    kata: Kata
    passed_on: str
    repeated_at: str

    @property
    def repeated_on(self) -> str:
        """The day of the last repetition that passed, or an empty string."""
        return local_day(self.repeated_at).isoformat() if self.repeated_at else ""

    @property
    def last(self) -> datetime.date:
        """The last day on which the learner solved the kata."""
        return datetime.date.fromisoformat(max(self.repeated_on, self.passed_on))

    def why(self, today: datetime.date) -> str:
        """Return when the learner solved the kata, for example `passed 12 days ago, repeated 4 days ago`."""
        passed = f"passed {_ago(self.passed_on, today)}"
        return f"{passed}, repeated {_ago(self.repeated_on, today)}" if self.repeated_on else passed


def passed_exercises(katas: Sequence[Kata], standings: Mapping[str, Standing], progress: Progress) -> list[Due]:
    """Return the exercises that the learner has passed, starting with the one to repeat first.

    Those that were never repeated come first, then the least recently repeated. Ties go to the one passed longest ago.
    """
    repeated = progress.repetitions()
    found = [
        Due(kata, standings[kata.slug].done_on, repeated.get(kata.slug, ""))
        for kata in sorted(katas, key=place)
        if kata.kind == "exercise" and standings[kata.slug].done
    ]
    return sorted(found, key=lambda each: (each.repeated_at, each.passed_on))


def due(exercises: Sequence[Due], today: datetime.date, days: int = DAYS) -> Due | None:
    """Return the exercise to repeat, or None if all were solved less than `days` days ago."""
    return next((each for each in exercises if (today - each.last).days >= days), None)


def chosen(exercises: Sequence[Due], slug: str, katas: Mapping[str, Kata]) -> Due:
    """Return a named exercise. Raises KataError if it cannot be repeated."""
    found = next((each for each in exercises if each.kata.slug == slug), None)
    if found is not None:
        return found
    if slug in katas and katas[slug].kind != "exercise":
        raise KataError(f"{slug} is a {katas[slug].kind}. `katas again` repeats exercises, which take some minutes.")
    raise KataError(
        f"You have not passed {slug} yet, so there is nothing to repeat. Solve it first: katas watch {slug}"
    )


def suggestion(katas: Sequence[Kata], progress: Progress, today: datetime.date) -> str:
    """Return a line for `katas next` that names an exercise to repeat, or an empty string."""
    if not katas or is_repetition(katas[0].root):
        return ""
    standings = progress.standings([kata.slug for kata in katas])
    found = due(passed_exercises(katas, standings, progress), today)
    if found is None:
        return ""
    return f"again: {found.kata.slug}, from memory ({found.why(today)})\n  start  katas again"


def nothing_due(exercises: Sequence[Due], days: int) -> str:
    """Return a text for a learner who has nothing to repeat yet."""
    if not exercises:
        return "You have not passed an exercise yet, so there is nothing to repeat. katas next: what to do next"
    first = min(exercises, key=lambda each: each.last)
    day = first.last + datetime.timedelta(days=days)
    return f"nothing to repeat before {day}; to repeat one now: katas again {first.kata.slug}"


def instructions(exercise: Due, root: Path, today: datetime.date, *, new: bool, start: Path) -> str:
    """Return a text that says how to work on a repetition, for a learner in the folder `start`."""
    kata = exercise.kata
    shown = root.relative_to(start) if root.is_relative_to(start) else root
    began = "a fresh stub" if new else "continues where you stopped"
    return (
        f"again: {kata.slug}, {kata.title} ({exercise.why(today)}; {began})\n"
        f"  go to  cd {shlex.quote(str(shown))}\n"
        f"  write  katas/{kata.slug}/{kata.files[0]}\n"
        f"  grade  katas watch   (or katas grade, or pytest)\n"
        f"Your own katas/{kata.slug}/{kata.files[0]} and its points stay as they are."
    )


def prepare(exercise: Due) -> tuple[Path, bool]:
    """Return the repository of a repetition, and whether it is new.

    A repetition that has not passed yet is continued. Otherwise, the files of the last one are moved to .katas/backup/,
    and a new one is made. Raises KataError.
    """
    kata = exercise.kata
    if is_repetition(kata.root):
        raise KataError(f"{kata.root}: this is a repetition already. Run `katas again` in your own clone.")
    root = kata.root / ".katas" / "again" / kata.slug
    if (root / AGAIN).is_file() and not _passed_since(root, exercise):
        return root, False
    stubs = handed_out(kata)
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=root.parent, prefix=".new-") as made:
            _write(exercise, stubs, Path(made, "repository"))
            if root.exists():
                _set_aside(kata, root)
            os.rename(Path(made, "repository"), root)
    except OSError as fault:
        raise KataError(f"{root}: {fault.strerror}. Nothing was changed in katas/{kata.slug}.") from None
    return root, True


def _passed_since(root: Path, exercise: Due) -> bool:
    """Return whether this repetition has passed. again.toml contains the time of the last pass before it began."""
    return (root / AGAIN).read_text(encoding="utf-8") != _marker(exercise)


def _marker(exercise: Due) -> str:
    return f'kata = "{exercise.kata.slug}"\nrepeated_at = "{exercise.repeated_at}"\n'


def _write(exercise: Due, stubs: Mapping[str, bytes], root: Path) -> None:
    """Write a repository with one kata, whose files are the stubs."""
    kata = exercise.kata
    unwanted = shutil.ignore_patterns("__pycache__", ".*", "*.pyc")
    for folder in (kata.folder, kata.solution, kata.hidden):
        if folder.is_dir():
            shutil.copytree(folder, root / folder.relative_to(kata.root), ignore=unwanted)
    shown = root / "katas" / kata.slug
    for path in [path for path in shown.rglob("*") if path.is_file()]:
        if kata.declares(path.relative_to(shown).as_posix()):
            path.unlink()
    for name, data in stubs.items():
        (shown / name).parent.mkdir(parents=True, exist_ok=True)
        (shown / name).write_bytes(data)
    toml = (shown / "kata.toml").read_text(encoding="utf-8")
    alone = re.sub(r"^requires *=.*?\]\s*?$", "requires = []", toml, flags=re.MULTILINE | re.DOTALL)
    (shown / "kata.toml").write_text(alone, encoding="utf-8")
    (root / AGAIN).write_text(_marker(exercise), encoding="utf-8")
    (root / "conftest.py").write_text(_CONFTEST.format(harness=str(_HARNESS)), encoding="utf-8")
    (root / "pytest.ini").write_text(_PYTEST, encoding="utf-8")
    (root / ".gitignore").write_text("__pycache__/\n.pytest_cache/\n.hypothesis/\n.katas/\n", encoding="utf-8")
    _commit(root)


def _commit(root: Path) -> None:
    """Commit everything, because `katas reset` and the judge read the stubs from the history."""
    who = ["-c", "user.name=katas", "-c", "user.email=katas@localhost", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q"], ["add", "--all"], ["commit", "-q", "--no-verify", "-m", "The kata as handed out"]):
        done = subprocess.run(["git", *who, *words], cwd=root, capture_output=True, text=True, check=False)
        if done.returncode:
            raise KataError(f"{root}: git failed: {done.stderr.strip() or done.returncode}")


def _set_aside(kata: Kata, root: Path) -> None:
    """Move the learner's files of an earlier repetition to .katas/backup/, and remove the rest."""
    stamp = datetime.datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    backup = kata.root / ".katas" / "backup" / f"{kata.slug}-again-{stamp}"
    for name in kata.files:
        for path in sorted((root / "katas" / kata.slug).glob(name)):
            target = backup / path.relative_to(root / "katas" / kata.slug)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
    shutil.rmtree(root)


def _ago(day: str, today: datetime.date) -> str:
    days = (today - datetime.date.fromisoformat(day)).days
    return "today" if days <= 0 else "yesterday" if days == 1 else f"{days} days ago"
