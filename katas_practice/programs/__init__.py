"""Healthy training programs in one file each, and in variations.toml the ways to vary them without breaking them.

A program is read as text, varied, and broken by the faults of `katas_practice.faults`. Each has the entry points
build_model(seed), load_data(seed), train(model, data, *, epochs, seed) and predict(model, X) and the constant EPOCHS.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

HERE = Path(__file__).parent


@dataclass(frozen=True)
class TrainingProgram:
    """A healthy program, with its text before any variation.

    `metric` names the score that the history holds in addition to the loss, as train_<metric> and validation_<metric>.
    `about` describes the program in a README. `constants` maps the name of a constant to the values, as source text,
    with which the program stays healthy. `names` maps an identifier to names that may replace it. Every variation
    scores at least `least_score` on fresh data, and at most `largest_gap` more than that on its training data.
    """

    name: str
    source: str
    metric: Literal["accuracy", "r2"]
    about: str
    constants: Mapping[str, list[str]]
    names: Mapping[str, list[str]]
    least_score: float
    largest_gap: float


def _source(name: str) -> str:
    return (HERE / f"{name}.py").read_text(encoding="utf-8").removeprefix("# mypy: ignore-errors\n")


PROGRAMS: dict[str, TrainingProgram] = {
    name: TrainingProgram(name, _source(name), **table)
    for name, table in tomllib.loads((HERE / "variations.toml").read_text(encoding="utf-8")).items()
}
"""Maps the name of a program to the program."""
