"""What the learner's own networks have learned, for the start page: digits, texts and curves of kept trainings."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from katas_page.kept import Training

Json = dict[str, Any]
MOST_POINTS = 300  # of a curve


def built(trainings: Sequence[Training], done: Collection[str]) -> Json:
    """Return the latest training that read digits, and the latest that wrote texts, of the katas that are done.

    `trainings` are in the order in which they began. Everything in their frames is text or a number.
    """
    found: Json = {}
    for training in reversed(trainings):
        if training.ended and training.slug in done:
            for part in ("digits", "text"):
                if part not in found and any(frame.get(part) for frame in training.frames):
                    found[part] = _shown(training)
    return found


def _shown(training: Training) -> Json:
    begins = max((at for at, frame in enumerate(training.frames) if frame.get("begins")), default=0)
    frames = training.frames[begins:]  # a program may have several trainings: the last one counts
    texts = [at for at, frame in enumerate(frames) if frame.get("text")]
    chosen = [texts[place] for place in sorted(_places(len(texts)))]
    points = [point[:2] for frame in frames for point in frame.get("points", ())]
    return {
        "slug": training.slug,
        "title": training.kata.title,
        "unit": _last(frames, "unit", ""),
        "digits": _last(frames, "digits", ""),
        "labels": _last(frames, "labels", []),
        "read": _last(frames, "read", []),
        "texts": [[_step(frames[: at + 1]), frames[at]["text"]] for at in chosen],
        "points": points[:: -(-len(points) // MOST_POINTS) or 1],
    }


def _last(frames: Sequence[Json], part: str, otherwise: Any) -> Any:
    return next((frame[part] for frame in reversed(frames) if frame.get(part)), otherwise)


def _step(frames: Sequence[Json]) -> int:
    step: int = _last(frames, "step", 0)
    return step


def _places(count: int) -> set[int]:
    """Return which of the texts are shown: more early ones, between which a model learns most, and the last two."""
    return {at for at in (0, count // 20, count // 5, count - 2, count - 1) if 0 <= at < count}
