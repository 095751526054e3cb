"""What one kata accepts, the next one takes: the milestones with the exercises' accepted answers as earlier files."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders import Judge, catalogue, intake
from graders.catalogue import Variant
from tests.workshop import ROOT

MILESTONES = ("milestone1", "milestone2")
# Loops over units or weights are too slow to train with, as the milestones' READMEs say: more than 0.1 s for 50 images.
SLOW = {
    "exercise01": {
        "careless_python_sums.py",
        "careless_zeros.py",
        "hasty_listsfloat.py",
        "hasty_loops.py",
        "loops.py",
        "nested_loops.py",
    },
    "exercise05": {"hasty_loops.py", "loops.py", "reader_loops.py"},
}


def answers(slug: str) -> list[Variant]:
    """Return the accepted answers of an exercise that are fast enough to train with."""
    kata = catalogue.load(ROOT, slug)
    return [variant for variant in kata.accept if variant.path.name not in SLOW.get(slug, ())]


def earlier(milestone: str) -> list[str]:
    return [kata.slug for kata in catalogue.load(ROOT, milestone).earlier]


ROWS = [
    (milestone, row)
    for milestone in MILESTONES
    for row in range(max(len(answers(slug)) for slug in earlier(milestone)))
]


def write_course(folder: Path, milestone: str, row: int) -> dict[str, str]:
    """Write a course in which each exercise has its accepted answer number `row`, and return the answers' names."""
    used = {}
    for slug in (*earlier(milestone), milestone):
        kata = catalogue.load(ROOT, slug)
        files = intake.solved(kata)
        if slug != milestone:
            variant = answers(slug)[row % len(answers(slug))]
            files, used[slug] = variant.submission(files), variant.path.name
        else:  # as its README says, functions that overwrite their arguments get copies
            for name in kata.files:
                text = files[name].replace(b"layer_norm(z", b"layer_norm(z.copy()")
                files = {**files, name: text.replace(b"dropout(dh,", b"dropout(dh.copy(),")}
        for name in kata.files:
            path = folder / "katas" / slug / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files[name])
    return used


@pytest.mark.deep
@pytest.mark.wide
@pytest.mark.parametrize(("milestone", "row"), ROWS)
def test_a_milestone_takes_what_the_exercises_accept(
    milestone: str, row: int, katas_judge: Judge, tmp_path: Path
) -> None:
    used = write_course(tmp_path, milestone, row)
    verdict = katas_judge.grade(milestone, tmp_path)
    failures = [f"{test.task}: {test.message}" for test in verdict.tests if test.status == "failed"]
    assert verdict.status == "passed", (used, failures)
