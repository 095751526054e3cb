"""Repeat a kata from memory: a fresh stub in a repository of its own, next to the learner's passed files.

The repository is .katas/again/<slug>/. It contains copies of the kata, its solution and its hidden suite, so that every
command works there. A file named again.toml marks it, and verdicts from it are recorded apart from the progress.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from graders.catalogue import Kata
from graders.catalogue.stubs import handed_out
from graders.errors import KataError
from graders.learner.guidance import backup_of
from graders.learner.progress import AGAIN, Progress, is_repetition, local_day, place

DAYS = 3  # after this many days, remembering is work again
_FILES = {
    "conftest.py": f'''\
"""Registers the plugin of the katas for this repetition."""

import sys

sys.path.insert(0, {str(Path(__file__).parents[2])!r})
pytest_plugins = ["graders.pytest_plugin.plugin"]
''',
    "pytest.ini": """\
[pytest]
testpaths = katas
addopts = --import-mode=importlib
timeout = 300
filterwarnings = ignore::pytest.PytestCacheWarning
markers =
    task(name): the task in kata.toml that the test belongs to
    cases(count): run the test on `count` freshly generated inputs
    gpu: needs a CUDA device; ungraded without one
""",
    ".gitignore": "__pycache__/\n.pytest_cache/\n.hypothesis/\n.katas/\n",
}


class Due(NamedTuple):
    """An exercise to repeat. `repeated_at` is the time of the last repetition that passed, or empty."""

    kata: Kata
    passed_on: str
    repeated_at: str

    @property
    def days(self) -> list[datetime.date]:
        """The days on which the learner passed and last repeated the kata, in order."""
        return [local_day(moment) for moment in (self.passed_on, self.repeated_at) if moment]

    @property
    def marker(self) -> str:
        """The content of again.toml, which changes when a repetition passes."""
        return f'kata = "{self.kata.slug}"\nrepeated_at = "{self.repeated_at}"\n'

    def why(self, today: datetime.date) -> str:
        """Return when the learner solved the kata, for example `passed 12 days ago, repeated 4 days ago`."""
        ago = [(today - day).days for day in self.days]
        said = ["today" if days <= 0 else "yesterday" if days == 1 else f"{days} days ago" for days in ago]
        return ", ".join(f"{what} {when}" for what, when in zip(("passed", "repeated"), said, strict=False))


def passed_exercises(katas: Sequence[Kata], progress: Progress) -> list[Due]:
    """Return the passed exercises: those never repeated, passed longest ago first; then the least recently repeated."""
    standings, repeated = progress.standings([kata.slug for kata in katas]), progress.repetitions()
    found = [
        Due(kata, standings[kata.slug].done_on, repeated.get(kata.slug, ""))
        for kata in sorted(katas, key=place)
        if kata.kind == "exercise" and standings[kata.slug].done
    ]
    return sorted(found, key=lambda each: (each.repeated_at, each.passed_on))


def due(exercises: Sequence[Due], today: datetime.date, days: int = DAYS) -> Due | None:
    """Return the exercise to repeat, or None if all were solved less than `days` days ago."""
    return next((each for each in exercises if (today - max(each.days)).days >= days), None)


def suggestion(katas: Sequence[Kata], progress: Progress, today: datetime.date) -> str:
    """Return a line for `katas next` that names an exercise to repeat, or an empty string."""
    found = due(passed_exercises(katas, progress), today)
    if found is None or is_repetition(found.kata.root):
        return ""
    return f"again: {found.kata.slug}, from memory ({found.why(today)})\n  start  katas again"


def repeat(exercises: Sequence[Due], kata: Kata | None, today: datetime.date, days: int = DAYS) -> str:
    """Prepare a repetition of this kata, or else of what is due. Return what to tell the learner. Raises KataError."""
    exercise = due(exercises, today, days)
    if kata is not None:
        exercise = next((each for each in exercises if each.kata.slug == kata.slug), None)
        if exercise is None and kata.kind != "exercise":
            raise KataError(f"{kata.slug} is a {kata.kind}. `katas again` repeats exercises, which take some minutes.")
        if exercise is None:
            raise KataError(
                f"You have not passed {kata.slug} yet, so there is nothing to repeat. "
                f"Solve it first: katas watch {kata.slug}"
            )
    if exercise is None and not exercises:
        return "You have not passed an exercise yet, so there is nothing to repeat. katas next: what to do next"
    if exercise is None:
        first = min(exercises, key=lambda each: max(each.days))
        day = max(first.days) + datetime.timedelta(days=days)
        return f"nothing to repeat before {day}; to repeat one now: katas again {first.kata.slug}"
    kata, (root, new), start = exercise.kata, _prepared(exercise), Path.cwd()
    shown = root.relative_to(start) if root.is_relative_to(start) else root
    began = "a fresh stub" if new else "continues where you stopped"
    return (
        f"again: {kata.slug}, {kata.title} ({exercise.why(today)}; {began})\n"
        f"  go to  cd {shlex.quote(str(shown))}\n"
        f"  write  katas/{kata.slug}/{kata.files[0]}\n"
        f"  grade  katas watch   (or katas grade, or pytest)\n"
        f"Your own katas/{kata.slug}/{kata.files[0]} and its points stay as they are."
    )


def _prepared(exercise: Due) -> tuple[Path, bool]:
    """Return the repository of a repetition, and whether it is new. One that has passed becomes a backup."""
    kata = exercise.kata
    if is_repetition(kata.root):
        raise KataError(f"{kata.root}: this is a repetition already. Run `katas again` in your own clone.")
    root = kata.root / ".katas" / "again" / kata.slug
    if is_repetition(root) and (root / AGAIN).read_text(encoding="utf-8") == exercise.marker:
        return root, False
    stubs = handed_out(kata)
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=root.parent, prefix=".new-") as made:
            _write(kata, {**_FILES, AGAIN: exercise.marker}, stubs, Path(made, "repository"))
            if root.exists():
                backup = backup_of(kata.root, f"{kata.slug}-again")
                backup.parent.mkdir(parents=True, exist_ok=True)
                with contextlib.suppress(FileNotFoundError):
                    (root / "katas" / kata.slug).rename(backup)
                shutil.rmtree(root)
            os.rename(Path(made, "repository"), root)
    except OSError as fault:
        raise KataError(f"{root}: {fault.strerror}. Nothing was changed in katas/{kata.slug}.") from None
    return root, True


def _write(kata: Kata, files: dict[str, str], stubs: dict[str, bytes], root: Path) -> None:
    """Write a repository with these files and one kata, whose own files are the stubs."""
    for folder in (kata.folder, kata.solution, kata.hidden):
        if folder.is_dir():
            unwanted = shutil.ignore_patterns("__pycache__", ".*", "*.pyc")
            shutil.copytree(folder, root / folder.relative_to(kata.root), ignore=unwanted)
    shown = root / "katas" / kata.slug
    for path in list(shown.rglob("*")):
        if path.is_file() and kata.declares(path.relative_to(shown).as_posix()):
            path.unlink()
    toml = (shown / "kata.toml").read_text(encoding="utf-8")
    alone = re.sub(r"^requires *=.*?\]\s*?$", "requires = []", toml, flags=re.MULTILINE | re.DOTALL)
    written = {shown / name: data for name, data in {**stubs, "kata.toml": alone.encode()}.items()}
    for path, data in (written | {root / name: text.encode() for name, text in files.items()}).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    # `katas reset` and the judge read the stubs from the history.
    who = ["-c", "user.name=katas", "-c", "user.email=katas@localhost", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q"], ["add", "--all"], ["commit", "-q", "--no-verify", "-m", "The kata as handed out"]):
        done = subprocess.run(["git", *who, *words], cwd=root, capture_output=True, text=True, check=False)
        if done.returncode:
            raise KataError(f"{root}: git failed: {done.stderr.strip() or done.returncode}")
