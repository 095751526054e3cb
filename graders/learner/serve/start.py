"""What the start page shows: the katas, and the learner's progress. A fault in one of them does not hide the others."""

from __future__ import annotations

import sqlite3
from datetime import date
from pathlib import Path
from typing import Any

from graders import catalogue
from graders.catalogue import Kata
from graders.errors import KataError
from graders.learner.progress import Progress, Standing, in_short, next_kata, path_of, place, points_of, streak

PATIENCE_S = 0.5  # how long a page waits for a locked progress file


def readable(root: Path) -> tuple[list[Kata], dict[str, str]]:
    """Return the katas in the recommended order, and the message about each kata.toml that cannot be read, by slug."""
    found, faults = [], {}
    for slug in catalogue.slugs(root):
        try:
            found.append(catalogue.load(root, slug, complete=False))
        except KataError as fault:
            faults[slug] = str(fault)
    return sorted(found, key=place), faults


def reached(root: Path, slugs: list[str]) -> tuple[dict[str, Standing], int, str, bool]:
    """Return the learner's standings, their days in a row, a warning, and whether the progress could be read."""
    try:
        with Progress.of(root, wait_s=PATIENCE_S) as progress:
            days = streak(progress.days(), date.today())
            return progress.standings(slugs), days, progress.warning, True
    except (KataError, sqlite3.Error) as fault:  # the katas can be done without it
        return {slug: Standing(slug) for slug in slugs}, 0, str(fault), False


def overview(root: Path) -> dict[str, Any]:
    """Return all katas, what the learner has reached in each, and which one is next."""
    katas, faults = readable(root)
    standings, days, warning, known = reached(root, [kata.slug for kata in katas])
    listed = [
        {
            "slug": kata.slug,
            "title": kata.title,
            "kind": kata.kind,
            "difficulty": kata.difficulty,
            "minutes": kata.minutes,
            "points": points_of(kata),
            "best": standings[kata.slug].best,
            "done_on": standings[kata.slug].done_on,
            "tries": standings[kata.slug].tries,
        }
        for kata in katas
    ]
    found = next_kata(katas, standings) if known and katas else None
    return {
        "katas": listed,
        "broken": [{"slug": slug, "fault": fault} for slug, fault in faults.items()],
        "next": {"slug": found[0].slug, "why": found[1]} if found else None,
        "summary": in_short(standings, days) if known else "",
        "warning": warning if known else f"Your progress cannot be shown now: {warning}",
        "progress": known,
        "kept_in": str(path_of(root)) if any(standing.tries for standing in standings.values()) else "",
    }
