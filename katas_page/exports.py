"""A training as one HTML file: who has written what, and the check of the bytes that a worker has made."""

from __future__ import annotations

from typing import Any

import numpy as np

from graders.catalogue import Kata
from graders.learner.progress import points_of, reached

PATIENCE_S = 0.5  # how long to wait for a locked progress file
LARGEST_FILE = 1_000_000  # in bytes


def authors_of(kata: Kata) -> list[dict[str, Any]]:
    """Return what the learner has written for a kata: its own functions, and those of the katas that it builds on."""
    katas = [*kata.earlier, kata]
    standings, _, _ = reached(kata.root, [each.slug for each in katas], wait_s=PATIENCE_S)
    return [
        {
            "title": each.title,
            "functions": list(each.entry_points),
            "best": float(standings[each.slug].best),
            "points": float(points_of(each)),
        }
        for each in katas
    ]


def file_of(found: object) -> bytes:
    """Return the file in a worker's frame, or nothing if it isn't text of a reasonable length."""
    data = found.tobytes() if isinstance(found, np.ndarray) and found.dtype == np.uint8 else b""
    try:
        data.decode()
    except UnicodeDecodeError:
        return b""
    return data if len(data) <= LARGEST_FILE else b""
