"""A function that isn't written yet, and a file that is missing, cost only the tasks that need them.

tests/judge/test_bad_files.py shows in a small kata what every kind of bad file costs.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from graders import Judge, catalogue, intake
from tests.observed import tasks
from tests.workshop import ROOT

SEVERAL = ["challenge1", "challenge2", "challenge4", "challenge5", "meta"]


def of_bug(number: int) -> set[str]:
    return {f"bug{number}_{'learns' if number == 1 else 'heals'}", f"bug{number}_program"}


def every(slug: str, but: set[str]) -> set[str]:
    return {task.name for task in catalogue.load(ROOT, slug).tasks} - but


LOST: dict[str, dict[str, set[str]]] = {
    "challenge1": {
        "vanishing.py": every("challenge1", {"explanation"}),
        "explanation.md": {"explanation"},
    },
    "challenge2": {
        "search.py": every("challenge2", {"log", "recommendations"}),
        "results/experiment_log.csv": {"log", "best", "repeated", "recommendations"},
        "results/best_models.json": {"log", "recommendations"},
        "results/tradeoff_plot.png": {"log", "recommendations"},
        "results/recommendations.md": {"recommendations"},
    },
    "challenge4": {
        "transfer.py": every("challenge4", {"recommendations"}),
        "recommendations.md": {"recommendations"},
        "results/comparison.csv": {"results"},
        "results/learning_curves.png": {"results"},
        "results/confusion_matrices.png": {"results"},
        "results/layer_features.png": {"results"},
    },
    "challenge5": {
        "bug1_never_learning.py": of_bug(1),
        "bug2_exploding_loss.py": of_bug(2),
        "bug3_plateau.py": of_bug(3),
        "bug4_slow_learner.py": of_bug(4),
        "bug5_overfitting.py": of_bug(5),
        "diagnosis.toml": {f"bug{number}_diagnosis" for number in range(1, 6)} | {"explanation"},
    },
}
"""The tasks that need a file. Every file of meta is part of one package, so every task needs all of them."""


def write_files(place: Path, files: Mapping[str, bytes | None]) -> None:
    """Write a submission's files to a folder, except those that are None."""
    for name, content in files.items():
        if content is not None:
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(content)


def test_the_tasks_that_need_each_file_are_known() -> None:
    katas = [catalogue.load(ROOT, slug) for slug in catalogue.slugs(ROOT)]
    assert [kata.slug for kata in katas if len(kata.files) > 1] == SEVERAL == [*LOST, "meta"]
    for slug, files in LOST.items():
        kata = catalogue.load(ROOT, slug)
        assert set(files) == set(intake.shipped(kata, kata.solution))
        for name, lost in files.items():
            assert {task.name for task in kata.tasks if task.needs(name)} == lost
    meta = catalogue.load(ROOT, "meta")
    assert all(meta.is_lost([name]) for name in intake.shipped(meta, meta.solution))


@pytest.mark.deep
@pytest.mark.timeout(900)  # challenge4 trains in most of its groups of files
@pytest.mark.parametrize("slug", LOST)
def test_every_task_passes_with_only_its_own_files(katas_judge: Judge, tmp_path: Path, slug: str) -> None:
    """A test that used another file than those that its task names would fail here."""
    kata = catalogue.load(ROOT, slug)
    groups = {task.files for task in kata.tasks}
    for number, files in enumerate(groups):
        asked = kata.with_earlier(task.name for task in kata.tasks if task.files == files)
        wanted = {task.name for task in kata.tasks if task.files == files}
        needed = [task for task in kata.tasks if task.name in asked]
        place = tmp_path / str(number)
        shipped = intake.shipped(kata, kata.solution)
        write_files(place, {name: shipped[name] for name in shipped if any(task.needs(name) for task in needed)})
        verdict = katas_judge.grade(slug, place, tasks=asked)
        found = tasks(verdict)
        assert {found[name] for name in wanted} <= {"passed", "awaiting_review", "ungraded"}, found


UNWRITTEN = b"""

def unwritten(*arguments, **options):
    raise NotImplementedError


%s = unwritten
"""
NOT_CALLED = [  # a function, and tasks that pass without it
    ("challenge1", "vanishing.py", "DeepNetwork.train_step", {"forward"}),
    ("challenge1", "vanishing.py", "DeepNetwork.track_gradients", {"forward", "step", "fixed"}),
    ("challenge4", "transfer.py", "predict", {"backbone", "extraction", "tuning", "full", "accuracy", "comparison"}),
    ("challenge4", "transfer.py", "load_backbone", {"extraction", "tuning", "full"}),
]


@pytest.mark.parametrize(
    ("slug", "file", "function", "kept"),
    [pytest.param(*case, marks=[] if case is NOT_CALLED[0] else pytest.mark.deep) for case in NOT_CALLED],
)
def test_an_unwritten_function_costs_no_task_that_does_not_call_it(
    katas_judge: Judge, tmp_path: Path, slug: str, file: str, function: str, kept: set[str]
) -> None:
    files = intake.solved(catalogue.load(ROOT, slug))
    write_files(tmp_path, files | {file: files[file] + UNWRITTEN % function.encode()})
    verdict = katas_judge.grade(slug, tmp_path, tasks=sorted(kept))
    assert tasks(verdict) == dict.fromkeys(kept, "passed")
