"""A function that isn't written yet costs no task whose tests needn't call it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from graders import Judge, catalogue, intake
from tests.observed import tasks
from tests.workshop import ROOT

UNWRITTEN = b"""

def unwritten(*arguments, **options):
    raise NotImplementedError


%s = unwritten
"""
CASES = [  # the function, and tasks that pass without it
    ("challenge1", "vanishing.py", "DeepNetwork.train_step", {"forward"}),
    ("challenge1", "vanishing.py", "DeepNetwork.track_gradients", {"forward", "step", "fixed"}),
    ("challenge4", "transfer.py", "predict", {"backbone", "extraction", "tuning", "full", "accuracy", "comparison"}),
    ("challenge4", "transfer.py", "load_backbone", {"extraction", "tuning", "full"}),
]
QUICK = CASES[:1]


@pytest.fixture(scope="module")
def katas_judge() -> Iterator[Judge]:
    with Judge(ROOT, require="full") as judge:
        yield judge


@pytest.mark.parametrize(
    ("slug", "file", "function", "kept"),
    [pytest.param(*case, marks=[] if case in QUICK else pytest.mark.deep) for case in CASES],
)
def test_an_unwritten_function_costs_no_task_that_does_not_call_it(
    katas_judge: Judge, tmp_path: Path, slug: str, file: str, function: str, kept: set[str]
) -> None:
    for name, data in intake.solved(catalogue.load(ROOT, slug)).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data + (UNWRITTEN % function.encode() if name == file else b""))
    verdict = katas_judge.grade(slug, tmp_path, tasks=sorted(kept))
    assert tasks(verdict) == dict.fromkeys(kept, "passed")
