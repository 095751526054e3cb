"""Challenge 2: what your search and its results are asked first."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from graders.checks import assert_picture, assert_prose, task

COLUMNS = [
    "layers",
    "width",
    "activation",
    "dropout",
    "batch_size",
    "dataset",
    "epochs",
    "seed",
    "accuracy",
    "seconds",
    "parameters",
    "accuracy_per_parameter",
    "pareto",
]
# accuracy, parameters, seconds, and whether it is on the front: the worked example of the README
EXAMPLE = [
    (0.90, 200_000, 9.0, True),
    (0.85, 100_000, 3.0, True),
    (0.85, 100_000, 4.0, False),
    (0.80, 90_000, 5.0, True),
]
POINTS = {  # what the recommendations must speak of, in any words
    "depth": r"\bdepth|\bdeep|\blayers?\b",
    "width": r"\bwid(th|e|er)\b|\bnarrow",
    "activations": r"activation|\b(re|e)lus?\b|leaky",
    "dropout": r"drop-?out",
    "the trade-off or the front": r"pareto|\bfront\b|trade-?off",
}


def pictures(seed: int) -> dict[str, Any]:
    """Rows of 12 bytes of three classes that lie far apart, by the names of ImageData's fields."""
    rng = np.random.default_rng(seed)
    centres = rng.permuted(np.tile([[70.0], [185.0], [128.0]], 12), axis=0)
    y = rng.integers(0, 3, 640)
    X = np.clip(centres[y] + rng.normal(0, 20, (640, 12)), 0, 255).astype(np.uint8)
    data = {"X_train": X[:512], "y_train": y[:512], "X_validation": X[512:], "y_validation": y[512:]}
    return {"name": "blobs", **data, "n_classes": 3}


def example() -> list[dict[str, Any]]:
    """The trials of the worked example."""
    parts = {"layers": 2, "activation": "relu", "dropout": 0.2, "batch_size": 64}
    rest = {"dataset": "shapes32", "epochs": 10}
    numbers = [dict(zip(("accuracy", "parameters", "seconds"), each, strict=False)) for each in EXAMPLE]
    return [parts | {"width": 32, "seed": seed} | rest | each for seed, each in enumerate(numbers)]


def rows_of(text: str | bytes) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    return list(csv.DictReader(io.StringIO(text if isinstance(text, str) else text.decode())))


def assert_logged(text: str, trials: Sequence[dict[str, Any]]) -> None:
    """Each trial is in the log once."""
    rows = rows_of(text)
    assert len(rows) == len(trials), f"{len(trials)} trials have finished, and the log has {len(rows)} rows"
    logged = {(int(row["width"]), int(row["batch_size"])): float(row["accuracy"]) for row in rows}
    assert logged == {(trial["width"], trial["batch_size"]): trial["accuracy"] for trial in trials}


@task("space")
def test_there_are_432_architectures(kata: Any, probes: Any) -> None:
    found = kata.run(probes.space)
    assert len(found) == len(set(found)) == 432
    assert [sorted(set(values)) for values in zip(*found, strict=True)] == [
        [2, 4, 6, 8],
        [32, 64, 128, 256],
        ["elu", "leaky_relu", "relu"],
        [0, 0.2, 0.5],
        [32, 64, 128],
    ]


@task("space")
def test_a_sample_has_none_twice(kata: Any, draw: Any, probes: Any) -> None:
    found = kata.run(probes.sample, 60, draw.seed())
    assert len(found) == len(set(found)) == 60


@task("network")
def test_the_parameters_are_those_that_are_counted(kata: Any, probes: Any) -> None:
    run = kata.run(probes.network, (2, 32, "elu", 0.2, 64), 3072, 10)
    assert run["shapes"] == [(32, 3072), (32,), (32, 32), (32,), (10, 32), (10,)]
    assert run["count"] == 3073 * 32 + 33 * 32 + 33 * 10 == 99_722


@task("trial")
def test_a_trial_learns_what_is_easy_and_is_the_same_again(kata: Any, draw: Any, probes: Any) -> None:
    seed = draw.seed()
    one, again = kata.run(probes.trial, (2, 64, "relu", 0.2, 32), pictures(draw.seed()), 8, [seed, seed])
    assert one["accuracy"] == again["accuracy"]
    assert one["accuracy"] >= 0.7
    assert one["parameters"] == 13 * 64 + 65 * 64 + 65 * 3
    assert (one["dataset"], one["epochs"], one["seed"]) == ("blobs", 8, seed)


@task("search")
def test_a_search_goes_on_where_its_log_ends(kata: Any, draw: Any, probes: Any) -> None:
    asked = [(2, width, "relu", 0.2, size) for width in (32, 64) for size in (128, 64)]
    run = kata.run(probes.search, asked, pictures(draw.seed()), "a_search.csv")
    half, whole = run["trials"]
    assert_logged(run["logs"][0], half)
    assert_logged(run["logs"][1], whole)
    assert run["logs"][1].startswith(run["logs"][0]), "the rows that were there are no longer what they were"
    assert [(trial["width"], trial["batch_size"]) for trial in whole] == [(each[1], each[4]) for each in asked]


@task("front")
def test_the_front_of_the_worked_example(kata: Any, probes: Any) -> None:
    found = kata.run(probes.front, example())
    assert [each["seed"] for each in found] == [seed for seed, (*_, front) in enumerate(EXAMPLE) if front]


@task("results")
def test_the_results_of_the_worked_example(kata: Any, probes: Any) -> None:
    files = kata.run(probes.written, example(), "of_the_example")
    assert_table(files["experiment_log.csv"], files["best_models.json"])
    assert_picture(files["tradeoff_plot.png"], "tradeoff_plot.png")


@task("log")
def test_your_own_results_are_there(kata: Any) -> None:
    log, best = kata.data("results/experiment_log.csv"), kata.data("results/best_models.json")
    assert log, "results/experiment_log.csv is missing: `katas run challenge2` is to write it"
    assert best, "results/best_models.json is missing: `katas run challenge2` is to write it"
    assert_table(log, best)
    different = len({tuple(row[name] for name in COLUMNS[:5]) for row in rows_of(log)})
    assert different >= 20, f"{different} different architectures; 20 are the least"
    assert_picture(kata.data("results/tradeoff_plot.png"), "tradeoff_plot.png")


def assert_table(log: bytes, best: bytes) -> None:
    """A table with all columns, and its most accurate rows, best first."""
    rows = rows_of(log)
    assert rows, "the table has no rows"
    assert list(rows[0]) == COLUMNS
    accuracies = sorted((float(row["accuracy"]) for row in rows), reverse=True)
    models = json.loads(best)
    assert [model["accuracy"] for model in models] == accuracies[:5]
    assert all(list(model) == COLUMNS for model in models)


@task("recommendations")
def test_the_recommendations_speak_of_the_main_points(kata: Any) -> None:
    assert_prose(kata.text("results/recommendations.md"), "recommendations.md", words=200, points=POINTS)
