"""What helps a learner on: the next kata, hints, the solution, a difference, a fresh start."""

from __future__ import annotations

import datetime
import difflib
import re
import shutil
import subprocess
from collections.abc import Container, Sequence
from pathlib import Path

from graders import intake
from graders.catalogue import Kata
from graders.cli.delivery import deliver_bytes
from graders.errors import KataError
from graders.progress import Progress, Standing, all_done, next_kata, place, points_of, streak
from graders.report.text import clean

_HINT = re.compile(r"<details>\s*<summary>(.*?)</summary>(.*?)</details>", re.DOTALL)


def hints_of(kata: Kata) -> list[tuple[str, str]]:
    """(title, text) of the folded hints of a kata's README, in order."""
    readme = kata.folder / "README.md"
    text = readme.read_text(encoding="utf-8") if readme.is_file() else ""
    found = [(" ".join(title.split()), body.strip()) for title, body in _HINT.findall(text)]
    return [(title, body) for title, body in found if title.lower().startswith("hint")]


def next_hint(hints: Sequence[object], seen: Container[int]) -> int:
    """The number of the first hint that was not seen; of the last when all were."""
    return next((each for each in range(1, len(hints) + 1) if each not in seen), len(hints))


def hint(kata: Kata, number: int | None, progress: Progress) -> str:
    """One hint, the next that was not shown yet if no number is given; remembered as shown. Raises KataError."""
    hints = hints_of(kata)
    if not hints:
        raise KataError(f"{kata.slug} has no hints; what it wants is in {kata.folder / 'README.md'}")
    chosen = number or next_hint(hints, progress.hints_seen(kata.slug))
    if chosen > len(hints):
        raise KataError(f"{kata.slug} has {len(hints)} hints; there is no hint {chosen}")
    progress.saw_hint(kata.slug, chosen)
    title, body = hints[chosen - 1]
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

    The stubs are those of the commit that changed the kata itself last: its kata.toml, README or tests, which a learner
    leaves alone. Raises KataError where they cannot be had; then nothing is changed.
    """
    commit = _git(kata, "log", "-1", "--format=%H", "--", *_authors_files(kata)).decode().strip()
    if not commit:
        raise KataError(
            f"{kata.folder}: it is not in the git history here: take its files from where you have them from"
        )
    names = [name for name in _named(kata, commit) if kata.declares(name)]
    stubs = {name: _git(kata, "show", f"{commit}:./{name}") for name in names}
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


def _authors_files(kata: Kata) -> list[str]:
    return ["kata.toml", "README.md", *(path.name for path in kata.visible_tests)]


def _named(kata: Kata, commit: str) -> list[str]:
    listed = _git(kata, "ls-tree", "-r", "-z", "--name-only", commit, ".").decode("utf-8", "surrogateescape")
    return [name for name in listed.split("\0") if name]


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _git(kata: Kata, *words: str) -> bytes:
    try:
        done = subprocess.run(["git", *words], cwd=kata.folder, capture_output=True, check=False)
    except FileNotFoundError:
        raise KataError("git is not installed, and the stubs are taken from its history") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise KataError(f"{kata.folder}: git says: {said[-1] if said else done.returncode}")
    return done.stdout


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
