"""Healthy training programs in one file each, and in variations.toml the ways to vary them without breaking them.

A program is read as text, varied, and broken by the faults of `graders.debugging.faults`. Each has the entry points
build_model(seed), load_data(seed), train(model, data, *, epochs, seed) and predict(model, X) and the constant EPOCHS.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

HERE = Path(__file__).parent


@dataclass(frozen=True)
class TrainingProgram:
    """A healthy program.

    `metric` names the score that the history holds in addition to the loss, as train_<metric> and validation_<metric>.
    `about` describes the program in a README. `constants` maps the name of a constant to the values, as source text,
    with which the program stays healthy. `names` maps an identifier to names that may replace it. Every variation
    scores at least `least_score` on fresh data, and at most `largest_gap` more than that on its training data.
    """

    name: str
    metric: Literal["accuracy", "r2"]
    about: str
    constants: Mapping[str, tuple[str, ...]]
    names: Mapping[str, tuple[str, ...]]
    least_score: float
    largest_gap: float

    @cached_property
    def source(self) -> str:
        """The program's text before any variation, without the line for the type checker."""
        return (HERE / f"{self.name}.py").read_text(encoding="utf-8").removeprefix("# mypy: ignore-errors\n")


def _read() -> Iterator[TrainingProgram]:
    for name, table in tomllib.loads((HERE / "variations.toml").read_text(encoding="utf-8")).items():
        table["about"] = table["about"].replace("\n", " ").strip()
        for key in ("constants", "names"):
            table[key] = {each: tuple(values) for each, values in table[key].items()}
        yield TrainingProgram(name, **table)


PROGRAMS: dict[str, TrainingProgram] = {program.name: program for program in _read()}
"""Maps the name of a program to the program."""
