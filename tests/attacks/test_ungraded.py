"""Z: evidence that the judge cannot check, so that what it should prove isn't counted."""

import csv
import io
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOLUTIONS = ROOT / "solutions"
NO_PHOTOS = "nowhere-0123456789abcdef"

pytestmark = pytest.mark.security
attack = pytest.mark.attack


def with_column(slug, folder, file, **values):
    """Return a copy of a kata's solution with other values in whole columns of a table."""
    shutil.copytree(SOLUTIONS / slug, folder, ignore=shutil.ignore_patterns("__pycache__"))
    rows = list(csv.DictReader(io.StringIO((folder / file).read_text(encoding="utf-8"))))
    table = io.StringIO()
    writer = csv.DictWriter(table, list(dict.fromkeys([*rows[0], *values])), lineterminator="\n")
    writer.writeheader()
    writer.writerows(row | values for row in rows)
    (folder / file).write_text(table.getvalue(), encoding="utf-8")
    return folder


@pytest.mark.deep
@attack("Z48")
def test_a_log_of_a_data_set_that_is_not_here_fails(grade, tmp_path):
    folder = with_column("challenge2", tmp_path / "submission", "results/experiment_log.csv", dataset="cifar10")
    best = folder / "results/best_models.json"
    best.write_text(best.read_text(encoding="utf-8").replace('"shapes32"', '"cifar10"'), encoding="utf-8")
    graded = grade("challenge2", folder, tasks={"log", "repeated"}, diagnosing=False)
    graded.fails("cifar10 is not downloaded|the trial gives")  # the second if this computer has the photographs
    assert graded.verdict["max_score"] == 8
    assert {task["name"]: task["score"] for task in graded.verdict["tasks"]} == {"log": 4, "repeated": 0}


@pytest.mark.deep
@attack("Z48")
@pytest.mark.parametrize(
    ("column", "reason"),
    [({"backbone": "resnet152"}, "columns must be"), ({"data": NO_PHOTOS}, f"{NO_PHOTOS}.safetensors is not on")],
)
def test_results_that_the_judge_cannot_repeat_fail(grade, tmp_path, column, reason):
    folder = with_column("challenge4", tmp_path / "submission", "results/comparison.csv", **column)
    graded = grade("challenge4", folder, tasks={"results"}, diagnosing=False)
    graded.fails(reason)
    assert (graded.verdict["score"], graded.verdict["max_score"]) == (0, 2)
