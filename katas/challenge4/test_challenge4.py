"""Challenge 4: what your runs, pictures and recommendations are asked first."""

from __future__ import annotations

import csv
import io
import itertools
import re
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from graders.checks import assert_near, assert_picture, assert_prose, cases, task
from graders.checks.mismatch import handed_in

N_STAGES, N_FEATURES = 5, 128
APPROACHES = ["feature extraction", "fine-tuning", "full training", "from scratch"]
TABLE = ["approach", "seed", "accuracy", "seconds", "trainable_parameters"]
COLUMNS = ["epoch", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy"]
POINTS = {  # what the recommendations must speak of, in any words
    "feature extraction": r"extract",
    "fine-tuning": r"fine[- ]?tun",
    "training from scratch": r"scratch",
    "the number of images": r"\d[^.]{0,30}\b(images|photos|pictures|examples)\b|few (images|photos|pictures|examples)",
    "how alike the images are that the backbone learned from (source) and yours (target)": (
        r"\bsource\b|\b(a|un)like\b|looks? like|\bsimilar|\bdifferent (task|domain|kind)|resembl|in common|\bshapes\b"
    ),
    "numbers that were measured": r"\d\s*%|0\.\d",
}


@task("backbone")
def test_the_small_backbone_has_learned_weights(kata: Any, draw: Any, probes: Any) -> None:
    found = kata.run(probes.backbone_of, draw.seed() % 1000)
    assert found["stages"] == N_STAGES
    assert found["n_features"] == N_FEATURES
    assert found["features"] == (4, N_FEATURES)
    assert not found["training"], "the backbone is in training mode; .eval() puts it into evaluation mode"
    assert not found["fresh"], f"these parameters are those of a fresh network: {found['fresh'][:2]}"
    assert not found["shared"], "two calls of load_backbone give the same network: make a new one every time"
    assert found["again"], "two calls of load_backbone give different weights"


@task("refusals")
def test_an_unknown_name_is_refused(kata: Any, probes: Any) -> None:
    with kata.raises(ValueError):
        kata.run(probes.load, "huge")


@task("refusals")
@cases(2)
def test_six_or_minus_one_of_five_stages_are_refused(kata: Any, draw: Any, probes: Any) -> None:
    with kata.raises(ValueError):
        kata.run(probes.refused, (6, -1)[draw.case])


def assert_marks(stages: list[str], frozen: int) -> None:
    """The first stages are what they were, array by array, and the others are not."""
    for number, marks in enumerate(stages):
        wanted = "=" if number < frozen else "x"
        assert marks == wanted * len(marks), (
            f"stage {number}: its parameters and statistics are {marks}, and {wanted} is expected everywhere "
            "(= unchanged, x changed)"
        )


def assert_stages(run: dict[str, Any], frozen: int) -> None:
    """What is frozen has not moved, and what is trained is counted."""
    assert_marks(run["stages"], frozen)
    assert run["passed"], "the backbone that was passed has changed"
    assert run["trainable_parameters"] == run["requires_grad"], "trainable_parameters are those with requires_grad"
    norms = run["frozen_norms"]
    assert not norms, (
        f"batch norms of frozen stages worked in training mode, {norms} times: put them into evaluation mode"
    )


def assert_changes(found: list[tuple[bool, int]], ways: list[str], epochs: int) -> None:
    """Another seed and other labels give another model, other validation photos and other generators the same."""
    said = {
        "again": "the same training, again, gives another model",
        "seed": "another seed gives the same model",
        "validation": "other validation photos, and another model is trained",
        "labels": "the last four of 24 training photos have other labels, and the same model comes out",
    }
    for way, (same, rows) in zip(ways, found, strict=True):
        assert same == (way in ("again", "validation")), said[way]
        assert rows == epochs, f"{epochs} epochs were asked for, and the history tells of {rows}"


@task("extraction")
def test_feature_extraction_leaves_all_stages_as_they_were(kata: Any, probes: Any) -> None:
    run = kata.run(probes.run_of, "feature_extraction", {"epochs": 2, "seed": 3})
    assert_stages(run, N_STAGES)
    assert run["trainable_parameters"] == run["head"] == 6 * N_FEATURES + 6


@task("extraction")
def test_what_has_a_say_in_the_training(kata: Any, probes: Any) -> None:
    ways = ["again", "seed", "validation", "labels"]
    assert_changes(kata.run(probes.changed, "feature_extraction", 2, ways), ways, 2)


@task("tuning")
@cases(3)
def test_fine_tuning_trains_the_last_stages(kata: Any, draw: Any, probes: Any) -> None:
    options = ({}, {"unfrozen": 3}, {"unfrozen": 0})[draw.case]
    run = kata.run(probes.run_of, "fine_tuning", options | {"epochs": 6, "seed": 3})
    assert_stages(run, (4, 2, 5)[draw.case])


@task("full")
def test_full_training_trains_everything(kata: Any, probes: Any) -> None:
    assert_stages(kata.run(probes.run_of, "full_training", {"epochs": 6, "seed": 3}), 0)


@task("full")
def test_validation_has_no_say_in_a_long_training(kata: Any, probes: Any) -> None:
    assert_changes(kata.run(probes.changed, "full_training", 12, ["validation"]), ["validation"], 12)


@task("kinds")
@cases(3)
def test_a_backbone_of_seven_stages_with_dropout(kata: Any, draw: Any, probes: Any) -> None:
    approach = ("feature_extraction", "fine_tuning", "full_training")[draw.case]
    frozen = (7, 5, 0)[draw.case]
    options = {"epochs": 6, "seed": 3} | ({"unfrozen": 2} if approach == "fine_tuning" else {})
    run = kata.run(probes.of_seven_stages, approach, options)
    assert_marks(run["stages"], frozen)
    assert all(stage >= frozen for stage in run["awake"]), f"dropout is at work in the frozen stages: {run['awake']}"
    assert run["classes"] == 7, "the head has an output for each of data.classes, also for one without a photo"
    assert run["passed"], "the backbone that was passed has other weights now"
    assert run["modes"], "the backbone that was passed came in mixed modes: its modes or requires_grad are others now"
    assert not run["touched"], "torch's global generator has moved"
    assert run["again"], "equal seeds give two models"


@task("kinds")
@cases(2)
def test_other_backbones_by_name(kata: Any, draw: Any, probes: Any) -> None:
    name = ("resnet18", "vgg11_bn")[draw.case]
    found = kata.run(probes.of_elsewhere, name, 3)
    if not found["unable"]:
        assert found["same"][0] == found["same"][1], f"load_backbone({name!r}) has not the weights that were learned"
        assert not found["training"], f"load_backbone({name!r}) is in training mode"


@task("history")
@cases(2)
def test_the_last_epoch_of_the_history_is_what_the_model_does(kata: Any, draw: Any, probes: Any) -> None:
    approach, n_train = (("feature_extraction", 140), ("full_training", 24))[draw.case]
    run = kata.run(probes.run_of, approach, {"epochs": 3, "seed": 5}, n_train)
    assert run["history"]["columns"] == COLUMNS
    assert [row[0] for row in run["history"]["rows"]] == [1, 2, 3]
    assert not run["training"], "the model of the run is in training mode: .eval()"
    told = run["history"]["rows"][-1]
    for name, (logits, labels), loss, accuracy in zip(
        ("train", "validation"), run["measured"], told[1::2], told[2::2], strict=True
    ):
        expected = F.cross_entropy(torch.tensor(logits), torch.tensor(labels)).item()
        share = np.mean(logits.argmax(axis=1) == labels)
        for measure, found, right, allowed in (("loss", loss, expected, 1e-3), ("accuracy", accuracy, share, 0.03)):
            assert abs(found - right) <= allowed * max(1, right), (
                f"{name}_{measure} of the last epoch is {found:.4f}; the model of the run has {right:.4f}. Measure on "
                "all of the images after the epoch, in evaluation mode"
            )


@task("history")
def test_seconds_are_those_of_all_epochs(kata: Any, probes: Any) -> None:
    run = kata.run(probes.run_of, "feature_extraction", {"epochs": 20, "seed": 5})
    assert 0.06 * run["wall"] <= run["seconds"] <= run["wall"] + 0.05, (
        f"20 epochs took {run['wall']:.2f} seconds, and the run says {run['seconds']:.2f}"
    )


@task("interrupted")
@cases(3)
def test_ctrl_c_in_the_third_epoch_leaves_two(kata: Any, draw: Any, probes: Any) -> None:
    approach = ("feature_extraction", "fine_tuning", "feature_extraction")[draw.case]
    clock = ("gradients", "gradients", "forwards")[draw.case]
    run = kata.run(probes.interrupted, approach, 2, clock, 0.5 if clock == "gradients" else 1.0)
    if not run["silent"]:
        assert not run["raised"], "Ctrl-C in the third epoch: the interrupt came out, and two epochs are lost"
        rows = len(run["rows"])
        assert rows == 2 or (clock == "forwards" and rows in (3, 4)), f"Ctrl-C in the third epoch: {rows} rows"
        assert_near(
            run["loss"],
            run["rows"][-1][3],
            relative=1e-3,
            name="the loss of the model that came back, in the last row,",
        )


@task("interrupted")
def test_ctrl_c_in_the_first_epoch_comes_out(kata: Any, probes: Any) -> None:
    run = kata.run(probes.interrupted, "feature_extraction", 0, "gradients", 0.5)
    assert run["raised"] or run["silent"], "no epoch was finished: there is nothing to keep"


@task("interrupted")
def test_a_short_run_is_the_beginning_of_a_longer_one(kata: Any, probes: Any) -> None:
    short, long = kata.run(probes.begins, [12, 20])
    assert_near(
        short, long[:12], relative=1e-3, absolute=1e-3, name="the history of 12 epochs, beside the first 12 of 20,"
    )


@task("interrupted")
def test_ctrl_c_ends_the_table_before_the_stopped_training(kata: Any, probes: Any) -> None:
    found = kata.run(probes.comparison_interrupted)
    assert not found["raised"], "Ctrl-C in the second training: the interrupt came out of compare"
    assert found["silent"] or found["approach"] == APPROACHES[:1]


LEAST = {"feature extraction": (0.50, 0.10), "fine-tuning": (0.65, 0.20), "full training": (0.50, 0.10)}


@task("accuracy")
def test_transfer_is_ahead_with_a_hundred_photos(kata: Any, draw: Any, probes: Any) -> None:
    found = kata.run(probes.accuracies, 100, 20, draw.seed() % 1000)
    for approach, (least, ahead) in LEAST.items():
        assert found[approach] >= least, f"{approach}: at least {least:.0%} are asked, found {found}"
        assert found[approach] >= found["from scratch"] + ahead, (
            f"{approach} has to be {ahead:.0%} ahead of from scratch, found {found}"
        )


@task("confusion")
def test_predictions_are_the_largest_logits(kata: Any, probes: Any) -> None:
    run = kata.run(probes.run_of, "full_training", {"epochs": 1, "seed": 7})
    logits, _ = run["measured"][1]
    assert run["predicted"].tolist() == logits.argmax(axis=1).tolist()


def figure_of(drawn: dict[str, Any], name: str) -> dict[str, Any]:
    """What is in the figure that was saved last."""
    assert_picture(drawn["picture"] or None, name)
    assert drawn["figures"], f"{name} is not one that a matplotlib figure was saved as"
    figure: dict[str, Any] = drawn["figures"][-1]
    return figure


@task("confusion")
def test_confusion_matrices_hold_the_counts(kata: Any, probes: Any) -> None:
    """Photos of five of the six classes: rows are true classes, columns predicted ones, counts or shares of a row."""
    drawn = kata.run(probes.matrices)
    figure = figure_of(drawn, "the confusion matrices")
    grids = [(upright(grid, drawn["classes"]), axes) for axes in figure["axes"] for grid in axes["grids"]]
    for name, predicted in drawn["predicted"].items():
        assert name in " ".join(figure["texts"]), f"no matrix is named {name!r}"
        matrix = np.zeros((6, 6))
        np.add.at(matrix, (drawn["labels"], predicted), 1)
        shares = matrix / np.maximum(1, matrix.sum(axis=1, keepdims=True))
        tables = (matrix, shares, 100 * shares)
        found = [each for each in grids if any(alike(each[0]["values"], table) for table in tables)]
        shapes = [each[0]["values"].shape for each in grids]
        assert found, (
            f"no grid holds the matrix of {name}, with a row for each of the six true classes (one of them has no "
            f"image here) and a column for each predicted class:\n{matrix.astype(int)}\n"
            f"The grids drawn have the shapes {shapes}"
        )
        grid, axes = found[0]
        across, down = (" ".join([axes["labels"][way], figure["around"][way]]).lower() for way in (0, 1))
        assert "predict" in across, f"{name}: the columns are predicted classes, the label is {across!r}"
        assert "true" in down or "actual" in down, f"{name}: the rows are true classes, the label is {down!r}"
        assert np.ptp(np.nan_to_num(grid["shown"])) > 0.05, f"all cells of the matrix of {name} have the same colour"
        for row, column, text in grid["cells"]:
            number = float(re.sub(r"[^\d.]", "", text) or "nan")
            right = any(abs(number - table[row, column]) <= 0.006 * max(1, table.max()) for table in tables)
            assert right or np.isnan(number), f"{name}: {text!r} is written in row {row}, column {column}: {matrix}"
        for ticks in grid["ticks"]:
            order = places_of(ticks, drawn["classes"])
            assert order == sorted(order), f"{name}: the classes are named in another order than that of their numbers"


def places_of(ticks: list[Any], classes: list[str]) -> list[int]:
    """The numbers of the classes that are named at ticks, from the top or from the left."""
    return [classes.index(label) for place, label in sorted(ticks) if label in classes and 0 <= place < 6]


def upright(grid: dict[str, Any], classes: list[str]) -> dict[str, Any]:
    """A matrix that is drawn from the bottom up, with its names, the other way round."""
    order = places_of(grid["ticks"][0], classes)
    if order != [5, 4, 3, 2, 1, 0] or grid["values"].shape != (6, 6):
        return grid
    cells = [[5 - row, column, text] for row, column, text in grid["cells"]]
    ticks = [[[5 - place, label] for place, label in grid["ticks"][0]], grid["ticks"][1]]
    return grid | {"values": grid["values"][::-1], "cells": cells, "ticks": ticks}


def alike(one: np.ndarray, other: np.ndarray) -> bool:
    return bool(one.shape == other.shape and np.allclose(np.nan_to_num(one), other, atol=1e-3))


@task("curves")
def test_learning_curves_are_the_histories(kata: Any, probes: Any) -> None:
    drawn = kata.run(probes.curves)
    figure = figure_of(drawn, "the learning curves")
    seen: dict[tuple[int, str], tuple[str, str]] = {}
    for name, rows in drawn["histories"].items():
        assert name in " ".join(figure["texts"]), f"the picture does not name the run {name!r}"
        epochs, *measures = np.transpose(rows)
        for measure, values in zip(COLUMNS[1:], measures, strict=True):
            found = [
                (number, line["look"], bool(axes["notes"] > 1))
                for number, axes in enumerate(figure["axes"])
                for line in axes["lines"]
                if line["inside"] and is_curve(line, epochs, values)
            ]
            assert found, f"no line that can be seen is {measure} of the run {name!r}: {values.round(3).tolist()}"
            for number, look, noted in found:
                before = seen.setdefault((number, look), (name, measure))
                same = before != (name, measure) and not noted
                assert not same or values.tolist() in measures_of(drawn, before), (
                    f"{before} and {name, measure} look alike"
                )


def measures_of(drawn: dict[str, Any], of: tuple[str, str]) -> list[list[float]]:
    """The values of a run's measure, as the only element of a list."""
    return [np.transpose(drawn["histories"][of[0]])[COLUMNS.index(of[1])].tolist()]


def is_curve(line: dict[str, Any], epochs: np.ndarray, values: np.ndarray) -> bool:
    """Whether a line goes through these values, perhaps in percent, at the epochs or at their positions."""
    if line["x"].shape != epochs.shape or not any(np.allclose(line["x"], epochs - first) for first in (0, 1)):
        return False
    return any(np.allclose(line["y"], scale * values, rtol=1e-4, atol=1e-6) for scale in (1, 100))


@task("features")
def test_features_are_those_of_every_stage(kata: Any, probes: Any) -> None:
    drawn = kata.run(probes.layer_features)
    assert drawn["same"][0], "the model was left with another requires_grad"
    assert drawn["same"][1], "the model was left with hooks that it came without"
    assert drawn["same"][2], "the model was left with other weights or statistics"
    figure = figure_of(drawn, "the features")
    grids = [grid for axes in figure["axes"] for grid in axes["grids"]]
    for number, channels in enumerate(drawn["given"]):
        found = [grid for grid in grids if any(is_channel(grid["values"], channel) for channel in channels)]
        assert len(found) >= 4, f"of stage {number} four channels are asked, and {len(found)} of its own are drawn"
        bends = max((np.abs(np.diff(grid["scale"], 2)) > 1e-3).sum() for grid in found)
        assert bends <= 2, f"the colours of stage {number} are on no linear scale"
        shades = max(np.ptp(np.nan_to_num(grid["shown"])) for grid in found)
        assert shades > 0.02 or not np.ptp(channels), f"all that is drawn of stage {number} is of one colour"


def is_channel(grid: np.ndarray, channel: np.ndarray) -> bool:
    """Whether a grid holds a channel's numbers, or an increasing linear function of them."""
    if grid.shape != channel.shape or not np.isfinite(grid).all():
        return False
    a, b = (each.astype(float) - each.mean() for each in (grid, channel))
    lengths = np.linalg.norm(a), np.linalg.norm(b)
    return bool((a * b).sum() > 0.9999 * lengths[0] * lengths[1] or max(lengths) < 1e-6)


@task("comparison")
def test_the_comparison_is_what_comes_out_again(kata: Any, probes: Any) -> None:
    found = kata.run(probes.table_of, [2, 1])
    table = found["columns"]
    assert list(table) == TABLE
    assert table["approach"] == APPROACHES * 2
    assert table["seed"] == [2] * 4 + [1] * 4
    for row, accuracy in found["again"].items():
        told = table["accuracy"][row]
        assert abs(told - accuracy) <= 0.03, (
            f"{table['approach'][row]}, seed {table['seed'][row]:g}: the table says {told}; trained again, {accuracy}"
        )


@task("results")
def test_the_results_are_there(kata: Any) -> None:
    for name in ("learning_curves", "confusion_matrices", "layer_features"):
        assert_picture(kata.data(f"results/{name}.png"), f"results/{name}.png")
    text = handed_in(kata.text("results/comparison.csv") or None, "results/comparison.csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert rows, "results/comparison.csv has no rows"
    assert list(rows[0]) == TABLE, f"its columns are {', '.join(TABLE)}"
    seeds = sorted({row["seed"] for row in rows})
    assert len(seeds) >= 3, f"results/comparison.csv has {len(seeds)} seeds; 3 are the least"
    assert sorted((row["approach"], row["seed"]) for row in rows) == sorted(itertools.product(APPROACHES, seeds)), (
        "results/comparison.csv has one row for each approach and seed"
    )
    told = {tuple(row["accuracy"] + row["seconds"] for row in rows if row["seed"] == seed) for seed in seeds}
    assert len(told) == len(seeds), "in results/comparison.csv the rows of two seeds are the same"


@task("recommendations")
def test_the_recommendations_speak_of_the_main_points(kata: Any) -> None:
    assert_prose(kata.text("recommendations.md"), "recommendations.md", words=150, points=POINTS)
