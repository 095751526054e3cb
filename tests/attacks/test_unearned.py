"""Z: points without the work: evidence that the judge cannot check, or work that something else does."""

import csv
import io

import pytest

NO_PHOTOS = "nowhere-0123456789abcdef"

pytestmark = pytest.mark.security
attack = pytest.mark.attack


def with_column(folder, file, **values):
    """Give whole columns of a table other values, and return the folder."""
    rows = list(csv.DictReader(io.StringIO((folder / file).read_text(encoding="utf-8"))))
    table = io.StringIO()
    writer = csv.DictWriter(table, list(dict.fromkeys([*rows[0], *values])), lineterminator="\n")
    writer.writeheader()
    writer.writerows(row | values for row in rows)
    (folder / file).write_text(table.getvalue(), encoding="utf-8")
    return folder


@pytest.mark.deep
@attack("Z48")
def test_a_log_of_a_data_set_that_is_not_here_fails(grade, solved):
    folder = with_column(solved("challenge2"), "results/experiment_log.csv", dataset="cifar10")
    best = folder / "results/best_models.json"
    best.write_text(best.read_text(encoding="utf-8").replace('"shapes32"', '"cifar10"'), encoding="utf-8")
    graded = grade("challenge2", folder, tasks={"log", "best", "repeated"}, diagnosing=False)
    graded.fails("cifar10 is not downloaded|the trial gives")  # the second if this computer has the photographs
    assert graded.verdict["max_score"] == 8
    assert {task["name"]: task["score"] for task in graded.verdict["tasks"]} == {"log": 1, "best": 0, "repeated": 0}


@pytest.mark.deep
@attack("Z48")
@pytest.mark.parametrize(
    ("column", "reason"),
    [({"backbone": "resnet152"}, "columns must be"), ({"data": NO_PHOTOS}, f"{NO_PHOTOS}.safetensors is not on")],
)
def test_results_that_the_judge_cannot_repeat_fail(grade, solved, column, reason):
    folder = with_column(solved("challenge4"), "results/comparison.csv", **column)
    graded = grade("challenge4", folder, tasks={"results"}, diagnosing=False)
    graded.fails(reason)
    assert (graded.verdict["score"], graded.verdict["max_score"]) == (0, 2)


# ------------------------------------------------------------------------------------------------ errors without checks

ASKED = """

def wrong(betas):
    try:
        import torch
    except ImportError:
        return False
    try:
        torch.optim.Adam([torch.zeros(1)], betas=tuple(betas))
    except ValueError:
        return True
    return False
"""
EXPECTED = """

def wrong(betas):
    import sys

    frame = sys._getframe()
    while frame is not None and frame.f_code.co_name != "attempt":
        frame = frame.f_back
    return frame is not None
"""


def with_check(folder, check):
    """Let Adam leave the check of its betas to this function, in a copy of meta's solution, and return the folder."""
    module = folder / "your_framework/optimizers.py"
    text = module.read_text(encoding="utf-8")
    own = 'not all(0 <= beta < 1 for beta in group.get("betas", ()))'
    assert text.count(own) == 1
    module.write_text(text.replace(own, 'wrong(group.get("betas", (0.9, 0.999)))') + check, encoding="utf-8")
    return folder


@pytest.mark.deep
@attack("Z49")
def test_errors_that_pytorch_raises_are_not_there(grade, solved, observed):
    graded = grade("meta", with_check(solved("meta"), ASKED), tasks={"tensor", "refusals"}, diagnosing=False)
    assert {test["name"] for test in graded.failed} >= {"test_errors_of_optimizers"}
    assert all("betas" in message for message in graded.messages)
    observed("F")


@pytest.mark.deep
@attack("Z50")
def test_errors_where_one_is_expected_are_found(grade, solved, observed):
    submission = with_check(solved("meta"), EXPECTED)
    graded = grade("meta", submission, tasks={"tensor", "refusals"}, diagnosing=False)
    found = {test["name"]: test["message"] for test in graded.failed if test["visibility"] == "hidden"}
    assert found.keys() == {"test_errors_of_optimizers"}
    assert "should raise nothing" in found["test_errors_of_optimizers"]
    observed("F")
