"""Show hints, solutions and explanations, and restore stubs."""

from __future__ import annotations

import datetime
import re
import shutil
from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from graders import intake
from graders.catalogue import Kata, Task
from graders.errors import KataError
from graders.learner.progress import Progress
from graders.output.delivery import deliver_bytes
from graders.output.files import difference as unified
from graders.output.terminal_markdown import FOLDED

WORDS_A_MINUTE = 200
_HINT = re.compile(r"^#+ (.*?)$|<details>\s*<summary>(.*?)</summary>(.*?)</details>", re.DOTALL | re.MULTILINE)
_BETWEEN = re.compile(r",|\band\b")  # between the subjects in a hint's title
SHORTEST = 4  # letters of a subject; shorter ones, such as "all", are in too many titles


class Hint(NamedTuple):
    """A collapsible hint in a README. `about` is the heading above the hint."""

    title: str
    body: str
    about: str

    def helps_with(self, task: Task) -> bool:
        """Return whether the heading names this task, or the task's title or name has a subject of the hint."""
        named = re.sub(r"\W+", "", self.about).lower()
        if task.name == named or task.name.startswith(f"{named}_") or (task.extra and "extra" in self.title.lower()):
            return True
        title = _words(task.title)
        subjects = [each.strip() for each in _BETWEEN.split(self.title.partition(":")[2].lower())]
        subjects = [re.sub("^(the|an?) ", "", each) for each in subjects]
        return any(each == task.name or (len(each) >= SHORTEST and _words(each) in title) for each in subjects)


def _words(text: str) -> str:
    words = " ".join(re.findall(r"[\w-]+", text.lower()))
    return f" {words} "


def readme_of(kata: Kata) -> str:
    """Return the text of a kata's README, or an empty one if it has none."""
    readme = kata.folder / "README.md"
    return readme.read_text(encoding="utf-8", errors="replace") if readme.is_file() else ""


def readme_with_times(kata: Kata) -> str:
    """Return a kata's README, which says below its title how long it takes to read what isn't folded, and to solve."""
    title, _, rest = readme_of(kata).partition("\n")
    words = len(FOLDED.sub("", rest).split())
    reading = f"{words // WORDS_A_MINUTE + 1} min to read, {kata.minutes} min to solve"
    return f"{title}\n\n*{reading}*\n{rest}" if title else ""


def hints_of(kata: Kata) -> list[Hint]:
    """Return a kata's hints, in the order in which they appear in its README."""
    found, about = [], ""
    for heading, title, body in _HINT.findall(readme_of(kata)):
        about = heading.strip() or about
        if title.strip().lower().startswith("hint"):
            found.append(Hint(" ".join(title.split()), body.strip(), about))
    return found


def hints_for(hints: Sequence[Hint], task: Task | None) -> list[int]:
    """Return the numbers (from 1) of the hints for a failing task: its own, then the others under the same heading.

    If there is none, return the numbers of all hints in order.
    """
    first = [number for number, hint in enumerate(hints, start=1) if task is not None and hint.helps_with(task)]
    headings = {hints[number - 1].about for number in first} or {hint.about for hint in hints}
    rest = [number for number, hint in enumerate(hints, start=1) if hint.about in headings and number not in first]
    return first + rest


def next_hint(numbers: Sequence[int], seen: Container[int]) -> int:
    """Return the number of the first hint that the learner has not seen, or the last number if they have seen all."""
    return next((number for number in numbers if number not in seen), numbers[-1])


def hint(kata: Kata, number: int | None, progress: Progress) -> str:
    """Return one hint (by default, the first that has not been shown yet) and record it as shown. Raises KataError."""
    hints = hints_of(kata)
    if not hints:
        raise KataError(f"{kata.slug} has no hints. Its README explains the tasks: {kata.folder / 'README.md'}")
    chosen = number or next_hint(range(1, len(hints) + 1), progress.hints_seen(kata.slug))
    if chosen > len(hints):
        raise KataError(f"{kata.slug} has no hint {chosen}. Choose a number from 1 to {len(hints)}.")
    progress.saw_hint(kata.slug, chosen)
    text, rest = f"{hints[chosen - 1].title}\n\n{hints[chosen - 1].body}", len(hints) - chosen
    if number is not None:
        return text
    return f"{text}\n\n" + (f"{rest} more: katas hint {kata.slug}" if rest else "That was the last hint.")


def is_done(kata: Kata, progress: Progress) -> bool:
    """Return whether the learner has passed a kata."""
    return progress.standings([kata.slug])[kata.slug].done


def has_solution(kata: Kata) -> bool:
    """Return whether the solution is here. A handout has none, but it may have the explanation."""
    return any(next(kata.solution.glob(pattern), None) for pattern in kata.files)


def allow_solution(kata: Kata, *, allowed: bool) -> None:
    """Raise KataError if the solution is missing or if the learner may not see it yet."""
    if not has_solution(kata):
        raise KataError(f"{kata.solution}: there is no solution here. Ask your instructor for it.")
    if not allowed:
        raise KataError(
            f"You have not passed {kata.slug} yet. Run `katas grade {kata.slug}` until it passes, or add --anyway to "
            "see the solution now."
        )


def solution_files(kata: Kata) -> dict[str, str]:
    """Return the text of each of the solution's files, by name."""
    files = intake.shipped(kata, kata.solution)
    return {name: data.decode("utf-8", "replace") for name, data in sorted(files.items())}


def explanation(kata: Kata, *, allowed: bool) -> str:
    """Return the explanation, in Markdown. Raises KataError if there is none, or if it is not `allowed` yet."""
    path = kata.explanation
    if not path.is_file() and kata.handed_out:
        raise KataError(f"{path}: there is no explanation here. Ask your instructor for it.")
    if not path.is_file():
        raise KataError(f"{path}: {kata.slug} has no explanation. If you teach, you can write one there.")
    if not allowed:
        raise KataError(
            f"You have not passed {kata.slug} yet. Its explanation shows how others solve it, so it opens once the "
            f"core tasks pass. To read it now, add --anyway: katas solution {kata.slug} --explain --anyway"
        )
    return path.read_text(encoding="utf-8")


def after_pass(kata: Kata) -> str:
    """Return a line that says what the learner can read after a pass. It is empty in a handout."""
    said = [f"katas solution {kata.slug} --diff: your files next to the solution"] * has_solution(kata)
    return "; ".join(said + [f"katas solution {kata.slug} --explain: why it works"] * kata.explanation.is_file())


def difference(kata: Kata) -> str:
    """Return a unified diff from the learner's files to the solution's files. It is empty if they are equal."""
    own = {file.name: file.data for file in intake.take(kata, kata.folder).files}
    solved = intake.shipped(kata, kata.solution)
    return unified(own, solved, (f"katas/{kata.slug}", f"solutions/{kata.slug}"))


def reset(kata: Kata, stubs: Mapping[str, bytes]) -> list[str]:
    """Back up the learner's files, write the original stubs, and return a report as lines of text.

    Raises KataError, and changes nothing, if the backup fails.
    """
    changed = {name: data for name, data in sorted(stubs.items()) if content_of(kata.folder / name) != data}
    for name in changed:
        if not (kata.folder / name).resolve().is_relative_to(kata.folder.resolve()):
            raise KataError(f"{name}: it is a link to a file outside {kata.folder}. Remove it. Nothing was changed.")
    if not changed:
        return [f"{kata.slug}: nothing to do; your files are the original stubs"]
    where = kata.folder.relative_to(kata.root).as_posix()
    name, now = where.removeprefix("katas/").replace("/", "-"), datetime.datetime.now().astimezone()
    backup = kata.root / ".katas" / "backup" / f"{name}-{now:%Y%m%d-%H%M%S}"
    try:
        for name in changed:
            if (kata.folder / name).exists():
                (backup / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(kata.folder / name, backup / name)
    except OSError as fault:
        raise KataError(
            f"{backup}: {fault.strerror}. Your files could not be backed up, so nothing was changed."
        ) from None
    for name, data in changed.items():
        deliver_bytes(data, kata.folder / name)
    kept = [f"backup of your files: {backup.relative_to(kata.root)}/"] if backup.is_dir() else []
    return [*(f"restored: {where}/{name}" for name in changed), *kept]


def content_of(path: Path) -> bytes | None:
    """Return a file's content, or None if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return None
