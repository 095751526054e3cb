"""What helps a learner on: the next kata, hints, the solution, a difference, a fresh start."""

from __future__ import annotations

import datetime
import difflib
import re
import shutil
from collections.abc import Container, Sequence
from pathlib import Path
from typing import NamedTuple

from graders import intake
from graders.catalogue import Kata, Task
from graders.cli.delivery import deliver_bytes
from graders.errors import KataError
from graders.progress import Progress, Standing, all_done, next_kata, place, points_of, streak
from graders.report.text import clean
from graders.stubs import handed_out

_HINT = re.compile(r"^#+ (.*?)$|<details>\s*<summary>(.*?)</summary>(.*?)</details>", re.DOTALL | re.MULTILINE)


class Hint(NamedTuple):
    """A folded hint of a README; `about` is the heading above it."""

    title: str
    body: str
    about: str

    def helps_with(self, task: Task) -> bool:
        """Whether its heading names this task (`tensor`, or `Bug 1` for bug1_heals), or its title is in the task's."""
        named = re.sub(r"\W+", "", self.about).lower()
        subject = self.title.partition(":")[2].strip().lower()
        return (
            task.name == named or task.name.startswith(f"{named}_") or (bool(subject) and subject in task.title.lower())
        )


def hints_of(kata: Kata) -> list[Hint]:
    """The hints of a kata, in the order of its README."""
    readme = kata.folder / "README.md"
    text = readme.read_text(encoding="utf-8") if readme.is_file() else ""
    found, about = [], ""
    for heading, title, body in _HINT.findall(text):
        if heading:
            about = heading.strip()
        elif title.strip().lower().startswith("hint"):
            found.append(Hint(" ".join(title.split()), body.strip(), about))
    return found


def hints_for(hints: Sequence[Hint], task: Task | None) -> list[int]:
    """The numbers, from 1, of the hints to give where this task fails: those for it, then others under their heading.

    All hints in order where none is for this task.
    """
    numbers = range(1, len(hints) + 1)
    first = [number for number in numbers if task is not None and hints[number - 1].helps_with(task)]
    headings = {hints[number - 1].about for number in first or numbers}
    return [*first, *(number for number in numbers if number not in first and hints[number - 1].about in headings)]


def next_hint(numbers: Sequence[int], seen: Container[int]) -> int:
    """The first of these hints that was not seen; the last when all were."""
    return next((number for number in numbers if number not in seen), numbers[-1])


def hint(kata: Kata, number: int | None, progress: Progress) -> str:
    """One hint, the next that was not shown yet if no number is given; remembered as shown. Raises KataError."""
    hints = hints_of(kata)
    if not hints:
        raise KataError(f"{kata.slug} has no hints; what it wants is in {kata.folder / 'README.md'}")
    chosen = number or next_hint(range(1, len(hints) + 1), progress.hints_seen(kata.slug))
    if chosen > len(hints):
        raise KataError(f"{kata.slug} has {len(hints)} hints; there is no hint {chosen}")
    progress.saw_hint(kata.slug, chosen)
    title, body, _ = hints[chosen - 1]
    rest = len(hints) - chosen
    more = ""
    if number is None:
        more = f"\n\n{rest} more: katas hint {kata.slug}" if rest else "\n\nThat was the last one."
    return f"{title}\n\n{body}{more}"


def allow_solution(kata: Kata, progress: Progress, *, anyway: bool) -> None:
    """Raise KataError where a solution is not to be seen yet, or is not there."""
    if not kata.solution.is_dir():
        raise KataError(f"{kata.solution}: there is no solution here; whoever handed the katas out has it")
    if not anyway and not progress.standings([kata.slug])[kata.slug].done:
        raise KataError(
            f"{kata.slug} is not passed yet: `katas grade {kata.slug}` until it is, or look all the same with --anyway"
        )


def solution(kata: Kata) -> str:
    """The files of the solution as text, each under its name."""
    files = intake.shipped(kata, kata.solution)
    return "\n".join(f"# {name}\n\n{data.decode('utf-8', 'replace')}" for name, data in sorted(files.items()))


def difference(kata: Kata) -> str:
    """A unified difference from the learner's files to the solution's; empty if they are the same."""
    solved = intake.shipped(kata, kata.solution)
    own = {file.name: file.data for file in intake.take(kata, kata.folder).files}
    parts = []
    for name in sorted(solved):
        before, after = (files.get(name, b"").decode("utf-8", "replace").splitlines() for files in (own, solved))
        lines = difflib.unified_diff(
            before, after, f"katas/{kata.slug}/{name}", f"solutions/{kata.slug}/{name}", lineterm=""
        )
        parts += [clean(line, 10_000) for line in lines]
    return "\n".join(parts)


def reset(kata: Kata) -> list[str]:
    """Put the stubs back, as the katas were handed out; what was there is kept beside. Returns what was done, in lines.

    Raises KataError where the stubs cannot be had; then nothing is changed.
    """
    stubs = handed_out(kata)
    changed = {name: data for name, data in stubs.items() if _content(kata.folder / name) != data}
    if not changed:
        return [f"{kata.slug}: nothing to do, the stubs are as they were handed out"]
    stamp = datetime.datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    aside = kata.root / ".katas" / "backup" / f"{kata.slug}-{stamp}"
    try:
        for name in changed:
            if (kata.folder / name).exists():
                (aside / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(kata.folder / name, aside / name)
    except OSError as fault:
        raise KataError(f"{aside}: {fault.strerror}: your files could not be kept, so nothing was changed") from None
    for name, data in changed.items():
        deliver_bytes(data, kata.folder / name)
    kept = [f"what you had is kept: {aside.relative_to(kata.root)}/"] if aside.is_dir() else []
    return [*(f"fresh: katas/{kata.slug}/{name}" for name in sorted(changed)), *kept]


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def advice(katas: Sequence[Kata], standings: dict[str, Standing]) -> str:
    """What to do next, with the commands for it."""
    found = next_kata(katas, standings)
    if found is None:
        return all_done(katas)
    kata, why = found
    more = f" and {len(kata.files) - 1} more" if len(kata.files) > 1 else ""
    return (
        f"next: {kata.slug}, {kata.title} ({why})\n"
        f"  read   katas/{kata.slug}/README.md\n"
        f"  write  katas/{kata.slug}/{kata.files[0]}{more}\n"
        f"  judge  katas watch {kata.slug}   (or pytest katas/{kata.slug})"
    )


def overview(katas: Sequence[Kata], progress: Progress, today: datetime.date) -> str:
    """The checklist of all katas, a summary and what to do next, within 80 columns."""
    standings = progress.standings([kata.slug for kata in katas])
    lines = []
    for kata in sorted(katas, key=place):
        standing = standings[kata.slug]
        reached = f"{standing.best:g}" if standing.tries else "–"
        points = f"{reached}/{points_of(kata):g}"
        title = kata.title if len(kata.title) <= 34 else f"{kata.title[:33]}…"
        mark = "✓" if standing.done else "·"
        lines.append(f"{mark} {kata.slug:12}  {title:34}  {points:>9}  {standing.done_on}".rstrip())
    done = sum(standing.done for standing in standings.values())
    days = streak(progress.days(), today)
    total = sum(standing.best for standing in standings.values())
    lines += ["", f"{done} of {len(katas)} done, {total:g} points, {days} {'day' if days == 1 else 'days'} in a row"]
    return "\n".join([*lines, advice(katas, standings)])
