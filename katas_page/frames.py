"""What a page draws of a training: everything that a worker sends is untrusted, and checked here."""

from __future__ import annotations

import base64
import math
from typing import Any

from graders.worker.recorder import LONGEST_NAME, MOST_LAYERS, MOST_POINTS, PICTURES, PIXELS
from katas_page.tryout import LONGEST_PART

Json = dict[str, Any]
CONTRAST = 0.6  # the share of the largest weight that gets the full colour
MOST_DIGITS, MOST_SETTINGS = 20, 5
MOST_RUNGS, MOST_TOKENS, MOST_HEADS, MOST_LIKELY = 12, 128, 32, 12
LONGEST_TEXT, LONGEST_WRITTEN = 400, 2000


def frame_of(found: Json) -> Json:
    """Return what a page draws of a frame. All of it is checked, because a submission may have made it."""
    import numpy as np

    weights: Any = found.get("weights")
    if _is_pictures(weights, PICTURES) and weights.dtype == np.float32:
        finite = np.nan_to_num(weights, nan=0.0, posinf=0.0, neginf=0.0).astype(float)
        largest = max(CONTRAST * abs(finite).max(), 1e-30)
        weights = np.rint(127 + 127 * np.clip(finite / largest, -1, 1)).astype(np.uint8)
    return {
        "done": found.get("done") is True,
        "fault": text_of(found.get("fault"), LONGEST_PART),
        "note": text_of(found.get("note"), LONGEST_TEXT),
        "begins": found.get("begins") is True,
        "settings": settings_of(found.get("settings")),
        "unit": text_of(found.get("unit"), LONGEST_NAME),
        "title": text_of(found.get("title"), LONGEST_NAME),
        "of": count_of(found.get("of")),
        "step": count_of(found.get("step")),
        "points": [[count_of(step), *map(number_of, two)] for step, *two in _rows(found.get("points"), 3, MOST_POINTS)],
        "sizes": [
            [text_of(name, LONGEST_NAME), *map(number_of, two)]
            for name, *two in _rows(found.get("sizes"), 3, MOST_LAYERS)
        ],
        "weights": _bytes(weights, PICTURES),
        "digits": _bytes(found.get("digits"), MOST_DIGITS),
        "labels": _classes(found.get("labels")),
        "read": _classes(found.get("read")),
        "text": text_of(found.get("text"), LONGEST_TEXT),
        "levels": settings_of(found.get("levels")),
        "test": text_of(found.get("test"), LONGEST_TEXT),
        "writes": _texts(found.get("writes"), MOST_SETTINGS),
        "prompt": text_of(found.get("prompt"), LONGEST_TEXT),
        "ladder": _texts(found.get("ladder"), MOST_RUNGS),
        "reached": [
            [count_of(step), text_of(rung, LONGEST_NAME)] for step, rung in _rows(found.get("reached"), 2, MOST_RUNGS)
        ],
    }


def written_of(found: Json) -> Json:
    """Return what a language model has written, with what it expected first and to what each token attends."""
    tokens = _texts(found.get("tokens"), MOST_TOKENS)
    looks: Any = found.get("attention")
    fits = looks is not None and getattr(looks, "dtype", None) == "uint8" and looks.ndim == 4
    if not fits or looks.shape[2:] != (len(tokens),) * 2 or not 0 < looks.shape[0] * looks.shape[1] <= MOST_HEADS:
        tokens, looks = [], None
    likely = _rows(found.get("likely"), 2, MOST_LIKELY)
    return {
        "text": text_of(found.get("text"), LONGEST_WRITTEN),
        "likely": [[text_of(token, LONGEST_NAME), number_of(p)] for token, p in likely],
        "tokens": tokens,
        "heads": [] if looks is None else list(looks.shape[:2]),
        "attention": "" if looks is None else base64.b64encode(looks.tobytes()).decode("ascii"),
        "fault": text_of(found.get("fault"), LONGEST_TEXT),
    }


def settings_of(found: object) -> dict[str, float]:
    names = [*found.items()][:MOST_SETTINGS] if isinstance(found, dict) else []
    numbers = {text_of(name, LONGEST_NAME): number_of(value) for name, value in names}
    return {name: value for name, value in numbers.items() if name and value is not None}


def _rows(found: object, width: int, most: int) -> list[list[Any]]:
    rows = found[:most] if isinstance(found, list) else []
    return [row for row in rows if isinstance(row, list) and len(row) == width]


def _texts(found: object, most: int) -> list[str]:
    return [text_of(each, LONGEST_NAME) for each in found[:most]] if isinstance(found, list) else []


def _is_pictures(found: Any, most: int) -> bool:
    shape: tuple[int, ...] = getattr(found, "shape", ())
    return len(shape) == 2 and 1 <= shape[0] <= most and shape[1] == PIXELS


def _bytes(pictures: Any, most: int) -> str:
    if not _is_pictures(pictures, most) or pictures.dtype.name != "uint8":
        return ""
    return base64.b64encode(pictures.tobytes()).decode("ascii")


def _classes(found: object) -> list[int]:
    return [min(count_of(each), 9) for each in found[:MOST_DIGITS]] if isinstance(found, list) else []


def count_of(found: object) -> int:
    return found if type(found) is int and 0 <= found < 1 << 53 else 0


def number_of(found: object) -> float | int | None:
    """Return a finite number with six digits, or None. JSON has no others."""
    if type(found) is int and abs(found) < 1 << 53:
        return found
    return float(f"{found:.6g}") if isinstance(found, float) and math.isfinite(found) else None


def text_of(found: object, longest: int) -> str:
    return found[:longest] if isinstance(found, str) else ""
