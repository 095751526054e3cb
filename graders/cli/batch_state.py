"""What `katas grade-batch` says at its end about the whole batch, including what earlier runs graded."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from graders.report.text import clean_line

if TYPE_CHECKING:
    from graders.catalogue import Kata
    from graders.course.batch_store import BatchStore
    from graders.course.rows import Key, Short

MOST_NAMES = 5  # in a line


def state(held: BatchStore, out: Path, katas: Sequence[Kata], *, resumed: bool) -> list[str]:
    """Return lines about the batch: what is ungradable, what awaits marking, and who is missing.

    `resumed` means that earlier runs have graded some of it. Then, its counts are added.
    """
    rows = held.shorts()
    lines = []
    if resumed:
        counts = Counter(row.verdict.status for row in rows.values())
        lines.append(f"in the batch: {len(rows)} graded; {counted(counts)}")
    lines += _ungradable(rows)
    if any(row.verdict.review_points for row in rows.values()):
        lines += _to_mark(held, out, {kata.slug: kata for kata in katas})
    return lines + _of_roster(held, rows)


def counted(counts: Counter[str]) -> str:
    """Return how many there are of each status, the most common first."""
    return ", ".join(f"{count} {status}" for status, count in counts.most_common())


def rate(count: int, seconds: float) -> str:
    """Return a rate such as "12.3 per second", or "4.5 per minute" if it is below one per second."""
    per_second = count / seconds
    return f"{per_second:.1f} per second" if per_second >= 1 else f"{60 * per_second:.1f} per minute"


def some(names: Sequence[str]) -> str:
    """Return the first names, and an ellipsis if there are more."""
    shown = [clean_line(name, 200) for name in names[:MOST_NAMES]]
    return ", ".join([*shown, *(["…"] if len(names) > MOST_NAMES else [])])


def _ungradable(rows: Mapping[Key, Short]) -> list[str]:
    keys = sorted(key for key, row in rows.items() if row.verdict.status == "ungradable")
    several = len({kata for _, kata in rows}) > 1
    names = [f"{person} ({kata})" if several else person for person, kata in keys]
    return [f"{len(keys)} ungradable: {some(names)}"] if keys else []


def _to_mark(held: BatchStore, out: Path, katas: Mapping[str, Kata]) -> list[str]:
    """Return how many unmarked pieces the queue of the batch has."""
    from graders.course.gradebook import leases
    from graders.course.review_pieces import Source, pieces

    with held.book.transaction() as transaction:
        every = pieces(transaction, Source(held.batch(transaction).id), katas.get, None)
        places = {each.place for each in every}
        left = len(places - leases.marked(transaction, places))
    if not left:
        return []
    what = "1 piece awaits" if left == 1 else f"{left} pieces await"
    return [f"{what} marking: katas review {shlex.quote(str(out))}"]


def _of_roster(held: BatchStore, rows: Mapping[Key, Short]) -> list[str]:
    """Return who submitted without being on the roster, and who on the roster did not submit. Groups submit once."""
    listings = held.book.people()
    people = {each.id for each in listings if each.roster is not None and each.roster.left_at is None}
    if not people:
        return []
    names, katas = {person for person, _ in rows}, {kata for _, kata in rows}
    submitted = {*held.book.ids_of(names).values()}
    submitted |= {place.person for place in held.book.by_name().values() if place.kata in katas}
    unknown = sorted(name for each in listings if each.roster is None for name, _ in each.names if name in names)
    missing = sorted(people - submitted)
    lines = []
    if unknown:
        lines.append(f"{len(unknown)} not in the roster: {some(unknown)} (katas gradebook people match NAME ID)")
    if missing:
        lines.append(f"{len(missing)} of {len(people)} on the roster without a submission: {some(missing)}")
    return lines
