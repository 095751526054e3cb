"""What the visible tests have done beside your functions; plain values come back."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from images import ImageData

torch.set_num_threads(1)

PARTS = ("layers", "width", "activation", "dropout", "batch_size")
REST = ("dataset", "epochs", "seed", "accuracy", "seconds", "parameters")


def space(submission: ModuleType) -> list[Any]:
    """What search_space gives, as tuples."""
    return [_parts(each) for each in submission.search_space()]


def sample(submission: ModuleType, n: int, seed: int) -> list[Any]:
    """What sample gives by a generator of this seed."""
    return [_parts(each) for each in submission.sample(n, np.random.default_rng(seed))]


def network(submission: ModuleType, parts: tuple[Any, ...], n_inputs: int, n_classes: int) -> dict[str, Any]:
    """The shapes of a network's parameters, how many it has, and how many are counted."""
    architecture = _architecture(submission, parts)
    shapes = [tuple(each.shape) for each in submission.build(architecture, n_inputs, n_classes).parameters()]
    return {"shapes": shapes, "count": submission.count_parameters(architecture, n_inputs, n_classes)}


def trial(submission: ModuleType, parts: tuple[Any, ...], data: dict[str, Any], epochs: int, seeds: list[int]) -> Any:
    """A trial of each seed."""
    architecture, pictures = _architecture(submission, parts), ImageData(**data)
    return [_flat(submission.run_trial(architecture, pictures, epochs=epochs, seed=seed)) for seed in seeds]


def search(submission: ModuleType, architectures: list[Any], data: dict[str, Any], name: str) -> dict[str, Any]:
    """The first half of the architectures searched, and then all, with one log, which is gone afterwards."""
    log, pictures = Path(name), ImageData(**data)
    log.unlink(missing_ok=True)
    asked = [_architecture(submission, parts) for parts in architectures]
    answers, texts = [], []
    try:
        for some in (asked[: len(asked) // 2], asked):
            answers.append([_flat(each) for each in submission.search(some, pictures, epochs=1, seed=0, log=log)])
            texts.append(log.read_text(encoding="utf-8"))
    finally:
        log.unlink(missing_ok=True)
    return {"trials": answers, "logs": texts}


def front(submission: ModuleType, rows: list[dict[str, Any]]) -> list[Any]:
    """The front of these trials."""
    return [_flat(each) for each in submission.pareto_front([_trial_of(submission, row) for row in rows])]


def written(submission: ModuleType, rows: list[dict[str, Any]], name: str) -> dict[str, bytes]:
    """What write_results writes into a folder of this name, which is gone afterwards."""
    folder = Path(name)
    submission.write_results([_trial_of(submission, row) for row in rows], folder)
    files = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    return files


def _architecture(submission: ModuleType, parts: Any) -> Any:
    return submission.Architecture(**dict(zip(PARTS, parts, strict=True)))


def _trial_of(submission: ModuleType, row: dict[str, Any]) -> Any:
    architecture = _architecture(submission, [row[name] for name in PARTS])
    return submission.Trial(architecture=architecture, **{name: row[name] for name in REST})


def _parts(architecture: Any) -> tuple[Any, ...]:
    return tuple(getattr(architecture, name) for name in PARTS)


def _flat(each: Any) -> dict[str, Any]:
    return dict(zip(PARTS, _parts(each.architecture), strict=True)) | {name: getattr(each, name) for name in REST}
