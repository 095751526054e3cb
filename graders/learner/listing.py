"""The katas as text: for `katas list`, `katas next` and `katas progress`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from graders.catalogue import Kata, grouped
from graders.errors import KataError
from graders.learner.progress import Progress, Standing, all_done, in_short, next_kata, points_of
from graders.learner.ways import Way

TITLE = 29  # the number of characters that the other columns leave in a line of 80


def as_text(katas: Sequence[Kata]) -> str:
    """Return a plain-text table of at most 80 columns. (Importing a library for tables takes too long.)"""
    head = ("kata", "title", "level", "tasks", "points", "min", "after")
    groups = [(heading, [_row(kata) for kata in members]) for heading, members in grouped(katas)]
    table = [("", head), *((heading * (row is rows[0]), row) for heading, rows in groups for row in rows)]
    widths = [max(map(len, column)) for column in zip(*(row for _, row in table), strict=True)]
    lines = []
    for heading, (*cells, after) in table:
        lines += ["", heading] if heading and len(groups) > 1 else []
        left = [cell.ljust(width) for cell, width in zip(cells[:3], widths, strict=False)]
        right = [cell.rjust(width) for cell, width in zip(cells[3:], widths[3:], strict=False)]
        begin = "  ".join([*left, *right, ""])
        first, *more = after.split(", ")  # list one prerequisite per line
        lines += [f"{begin}{first}".rstrip(), *(" " * len(begin) + other for other in more)]
    tasks = [task for kata in katas for task in kata.tasks]
    legends = ["1+2 tasks: 1 must pass; 2 are extra, for points only"] * any(task.extra for task in tasks)
    legends += ["27+3 points: tests give 27, a person who reads your text gives 3"] * any(task.review for task in tasks)
    return "\n".join([*lines, "", *legends] if legends else lines)


def _row(kata: Kata) -> tuple[str, ...]:
    extras, by_a_person = sum(task.extra for task in kata.tasks), sum(task.points for task in kata.tasks if task.review)
    return (
        kata.slug,
        kata.title if len(kata.title) <= TITLE else kata.title[: TITLE - 1] + "…",
        "★" * kata.difficulty + "·" * (5 - kata.difficulty),
        f"{len(kata.tasks) - extras}" + (f"+{extras}" if extras else ""),
        f"{points_of(kata):g}" + (f"+{by_a_person:g}" if by_a_person else ""),
        str(kata.minutes),
        ", ".join(kata.prerequisites),
    )


def advice(katas: Sequence[Kata], standings: Mapping[str, Standing]) -> str:
    """Return a text that names the next kata, and says how to work on it."""
    following = next_kata(katas, standings)
    if following is None:
        return all_done(katas)
    return _begin(*following, f"katas watch {following[0].slug}   (or pytest katas/{following[0].slug})")


def _begin(kata: Kata, why: str, grade: str) -> str:
    more = f" and {len(kata.files) - 1} more" if len(kata.files) > 1 else ""
    return (
        f"next: {kata.slug}, {kata.title} ({why})\n"
        f"  read   katas/{kata.slug}/README.md\n"
        f"  write  katas/{kata.slug}/{kata.files[0]}{more}\n"
        f"  grade  {grade}"
    )


def along(way: Way, katas: Iterable[Kata], standings: Mapping[str, Standing]) -> str:
    """Return the checklist of a way and its next kata, as text of at most 80 columns.

    Katas that the way names and this folder lacks are left out. Raises KataError if it lacks all of them.
    """
    here = {kata.slug: kata for kata in katas}
    way = replace(way, katas=tuple(slug for slug in way.katas if slug in here))
    if not way.katas:
        raise KataError(f"this folder has no kata of “{way.title}”. `katas list` shows those that it has.")
    listed = [here[slug] for slug in way.katas]
    hours = round(sum(kata.minutes for kata in listed) / 60)
    lines = [f"{way.title}: {len(listed)} katas, about {hours} hours", *(_line(kata, standings) for kata in listed), ""]
    done = {slug for slug, standing in standings.items() if standing.done}
    following = way.following(done)
    if following is None:
        return "\n".join([*lines, "You have passed all of them. `katas next` recommends another one."])
    kata = here[following]
    missing = [slug for slug in kata.builds_on if slug not in done]
    grade = f"katas watch {kata.slug}   (or pytest katas/{kata.slug})"
    if missing:
        grade = (
            f"katas grade {kata.slug} --with-shipped\n"
            f"         (uses the shipped {' and '.join(missing)}, so a pass is not recorded:\n"
            f"         go on with the next kata of the list when you have passed)"
        )
    return "\n".join([*lines, _begin(kata, f"about {kata.minutes} minutes", grade)])


def overview(katas: Sequence[Kata], progress: Progress) -> str:
    """Return the checklist of all katas, a summary and the next kata, as text of at most 80 columns."""
    standings = progress.standings([kata.slug for kata in katas])
    lines = []
    groups = grouped(katas)
    for heading, members in groups:
        lines += ["", heading] if len(groups) > 1 else []
        lines += [_line(kata, standings) for kata in members]
    return "\n".join([*lines[len(groups) > 1 :], "", in_short(standings), advice(katas, standings)])


def _line(kata: Kata, standings: Mapping[str, Standing]) -> str:
    standing = standings[kata.slug]
    points = f"{f'{standing.best:g}' if standing.tries else '–'}/{points_of(kata):g}"
    title = kata.title if len(kata.title) <= 34 else f"{kata.title[:33]}…"
    mark = "✓" if standing.done else "·"
    return f"{mark} {kata.slug:12}  {title:34}  {points:>9}  {standing.done_on}".rstrip()
