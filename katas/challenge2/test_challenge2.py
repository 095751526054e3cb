"""Challenge 2: the visible tests of your search and its results."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from graders import datasets
from graders.checks import assert_near, assert_picture, assert_prose, cases, remade, task
from graders.checks.mismatch import handed_in
from graders.checks.properties import for_all, st

LEARNED = {"shapes32": 0.60, "cifar10": 0.28}  # the best accuracy in a log must reach this
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
POINTS = {  # what the recommendations must mention, in any words
    "depth": r"\bdepth|\bdeep|\blayers?\b",
    "width": r"\bwid(th|e|er)\b|\bnarrow",
    "activations": r"activation|\b(re|e)lus?\b|leaky",
    "dropout": r"drop-?out",
    "parameters, or size": r"parameters?\b|\bsmall(er|est)?\b|\bsize\b",
    "time": r"\bseconds?\b|\btime\b|\bfast|\bquick|\b\d+(\.\d+)? s\b",
    "the trade-off or the front": r"pareto|\bfront\b|trade-?off",
    "accuracies, as numbers": r"\d\d(\.\d+)?\s*(%|per ?cent)|\b0[.,]\d\d",
}


TIES = [  # some trials are equal in one criterion, some in all three
    (0.50, 500, 9.0, True),
    (0.75, 1000, 2.0, True),
    (0.75, 1000, 2.0, True),
    (0.75, 1000, 2.0001, False),
    (0.75, 1000, 2.000001, False),
    (0.7501, 1000, 2.00005, True),
    (0.90, 2000, 3.0, True),
    (0.60, 400, 9.5, True),
    (0.60, 400, 9.6, False),
]


@remade
def pictures(seed: int, noise: float = 20.0, n_train: int = 500, n_validation: int = 140) -> dict[str, Any]:
    """Return rows of 12 bytes in three classes, as ImageData's fields; with little noise the classes lie far apart."""
    rng = np.random.default_rng(seed)
    centres = rng.permuted(np.tile([[70.0], [185.0], [128.0]], 12), axis=0)
    y = rng.integers(0, 3, n_train + n_validation)
    X = np.clip(centres[y] + rng.normal(0, noise, (len(y), 12)), 0, 255).astype(np.uint8)
    data = {"X_train": X[:n_train], "y_train": y[:n_train], "X_validation": X[n_train:], "y_validation": y[n_train:]}
    return {"name": "blobs", **data, "n_classes": 3}


@remade
def halved(seed: int) -> list[np.ndarray]:
    """Return 500 rows to train on, and the first 140 of them, whose bytes are at most 127."""
    rows = pictures(seed, noise=110)["X_train"]
    rows[:140] //= 2
    return [rows, rows[:140]]


@remade
def darkened(seed: int, n: int) -> list[np.ndarray]:
    """Return n validation rows that are dark from row 300 on, their bright part and their dark part."""
    rows = pictures(seed, noise=110, n_train=150, n_validation=n)["X_validation"]
    rows = rows // (1 + 7 * (np.arange(n) >= 300)[:, None]).astype(np.uint8)
    return [rows, rows[:300], rows[300:]]


def trials_of(table: Sequence[tuple[float, int, float, bool]]) -> list[dict[str, Any]]:
    """Return a trial for each row of a table: accuracy, parameters and seconds."""
    parts = {"layers": 2, "activation": "relu", "dropout": 0.2, "batch_size": 64}
    rest = {"dataset": "shapes32", "epochs": 10}
    numbers = [dict(zip(("accuracy", "parameters", "seconds"), each, strict=False)) for each in table]
    return [parts | {"width": 32, "seed": seed} | rest | each for seed, each in enumerate(numbers)]


def rows_of(text: str | bytes) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    return list(csv.DictReader(io.StringIO(text if isinstance(text, str) else text.decode())))


def key(trial: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what identifies a trial in these tests, and its result."""
    asked = trial["dataset"], int(trial["epochs"]), int(trial["seed"]), int(trial["width"])
    return *asked, float(trial["accuracy"]), float(trial["seconds"])


def assert_logged(text: str, trials: Sequence[dict[str, Any]]) -> None:
    """Check that each trial is in the log once, with all digits of its numbers."""
    rows = rows_of(text)
    assert len(rows) == len(trials), f"{len(trials)} trials have finished, but the log has {len(rows)} rows"
    logged, finished = sorted(map(key, rows)), sorted(map(key, trials))
    assert logged == finished, "data set, epochs, seed, width, accuracy or seconds in the log differ from the trials'"


@task("space")
def test_the_space_has_432_architectures(kata: Any, probes: Any) -> None:
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
def test_an_architecture_stays_frozen(kata: Any, probes: Any) -> None:
    assert not kata.run(probes.changed), "an Architecture's width can be changed; keep @dataclass(frozen=True)"


@task("space")
def test_a_sample_has_no_architecture_twice(kata: Any, draw: Any, probes: Any) -> None:
    space = set(kata.run(probes.space))
    found = kata.run(probes.samples, 60, [draw.seed() for _ in range(20)])
    different = min(len(set(each)) for each in found)
    assert all(len(each) == len(set(each)) == 60 for each in found), (
        f"sample(60, rng) returned {different} different architectures; expected 60"
    )
    assert all(set(each) <= space for each in found), "a sample has architectures that are not in the space"
    deepest = sum(layers == 8 for each in found for layers, *_ in each) / 1200
    assert 0.15 <= deepest <= 0.35, (
        f"of 1 200 architectures in samples, {deepest:.0%} have 8 layers; expected about 25 %, as in the space"
    )


@task("space")
def test_a_sample_depends_on_its_generator_alone(kata: Any, probes: Any) -> None:
    one, again, other = kata.run(probes.samples, 30, [5, 5, 6])
    assert one == again, "two generators with seed 5 give different samples; expected the same one"
    assert one != other, "generators with seeds 5 and 6 give the same sample; expected different ones"


@task("network")
def test_parameters_are_counted_correctly(kata: Any, probes: Any) -> None:
    run = kata.run(probes.network, (2, 32, "elu", 0.2, 64), 3072, 10)
    assert run["shapes"] == [(32, 3072), (32,), (32, 32), (32,), (10, 32), (10,)]
    assert run["count"] == 3073 * 32 + 33 * 32 + 33 * 10 == 99_722


@task("network")
@cases(4)
def test_the_activation_follows_each_hidden_layer(kata: Any, draw: Any, probes: Any) -> None:
    """Each unit feeds one unit of the next layer: elu turns -1 into -0.632, and then into -0.469."""
    activation, value, expected = (
        ("relu", -1, 0.0),
        ("relu", 1, 1.0),
        ("leaky_relu", -1, -0.0001),
        ("elu", -1, -0.46854),
    )[draw.case]
    logits = kata.run(probes.handed_on, (2, 32, activation, 0.2, 64), value, 1, False)
    assert_near(logits, [[expected] * 3], absolute=1e-5, name=f"the output of two layers of {activation} and Dropout")


@task("network")
@cases(3)
def test_dropout_follows_each_activation(kata: Any, draw: Any, probes: Any) -> None:
    """With p = 0.5, kept values are doubled, and two layers keep a quarter. elu turns -1 into -1.264, then -1.435."""
    activation, value, p, kept, share = (
        ("relu", 1, 0.5, 4.0, 0.25),
        ("relu", 1, 0.2, 1.5625, 0.64),
        ("elu", -1, 0.5, -1.43502, 0.25),
    )[draw.case]
    logits = kata.run(probes.handed_on, (2, 32, activation, p, 64), value, 4000, True)
    is_kept = np.isclose(logits, kept, atol=1e-4)
    assert (is_kept | (logits == 0)).all(), (
        f"{activation}, dropout {p}, 2 layers: expected each logit to be 0 or {kept}, got {logits[:3]}"
    )
    assert abs(is_kept.mean() - share) < 0.05, (
        f"dropout {p}, 2 layers: expected about {share:.0%} of the units to be kept, got {is_kept.mean():.1%}"
    )


@task("network")
def test_torchs_generator_draws_the_weights(kata: Any, probes: Any) -> None:
    one, again, other = kata.run(probes.weights, (2, 32, "relu", 0.2, 64), [7, 7, 8])
    assert one == again, "`build` draws different weights after torch.manual_seed(7) each time; expected the same ones"
    assert one != other, "`build` draws the same weights after torch.manual_seed(7) and torch.manual_seed(8)"


@task("trial", unless_hidden=True)
def test_a_trial_learns_an_easy_task(kata: Any, probes: Any) -> None:
    run = {"data": pictures(4, n_train=1000), "epochs": 20, "seed": 31}
    trial, short = kata.run(probes.trials, (2, 64, "elu", 0.2, 32), [run, run | {"epochs": 1, "pause": 0.6}])
    assert 0.7 <= trial["accuracy"] <= 1, (
        f"three classes that lie far apart, 20 epochs of 1 000 rows: the accuracy is {trial['accuracy']:.2f}, expected "
        "at least 0.70 (guessing gives 0.33). Does every batch change the weights? Is the learning rate too small?"
    )
    assert trial["parameters"] == 13 * 64 + 65 * 64 + 65 * 3
    assert (trial["dataset"], trial["epochs"], trial["seed"]) == ("blobs", 20, 31)
    for each in (trial, short):
        assert 0 < each["seconds"] <= each["took_seconds"] + 0.1, (
            f"the trial reports {each['seconds']} seconds, but the call took {each['took_seconds']:.2f}"
        )
    assert trial["threads"] == 1, "run_trial uses several threads; call torch.set_num_threads(1)"


@task("trial")
def test_the_seed_decides_everything(kata: Any, draw: Any, probes: Any) -> None:
    data = pictures(draw.seed(), noise=110, n_validation=700)
    runs = [{"data": data, "epochs": 3, "seed": seed} for seed in (3, 3, 19, 1027)]
    one, again, *others = kata.run(probes.trials, (2, 64, "relu", 0.2, 32), runs)
    assert one["accuracy"] == again["accuracy"], (
        f"the same trial, run twice, has the accuracies {one['accuracy']} and {again['accuracy']}; expected the same"
    )
    for other in others:
        assert one["last"] != other["last"], f"seeds 3 and {other['seed']} train the same network in the same way"


@task("trial")
def test_every_epoch_uses_every_row_once(kata: Any, draw: Any, probes: Any) -> None:
    seed = draw.seed()
    rows, validation = halved(seed)
    data = pictures(seed, noise=110) | {"X_train": rows, "X_validation": validation}
    (trial,) = kata.run(probes.trials, (2, 32, "relu", 0.2, 32), [{"data": data, "epochs": 3, "seed": 4}])
    sizes = [len(batch) for batch in trial["batches"]]
    assert sizes == ([32] * 15 + [20]) * 3, (
        "500 rows in batches of 32, 3 epochs: expected 15 batches of 32 and one of 20 per epoch"
    )
    epochs = [trial["batches"][start : start + 16] for start in (0, 16, 32)]
    rows = [{row for batch in epoch for row in batch} for epoch in epochs]
    assert rows[0] == rows[1] == rows[2], "two epochs train on different rows; expected all rows in each"
    assert len(rows[0]) >= 490, f"an epoch trains on only {len(rows[0])} different rows out of 500"
    first, second, _ = ({frozenset(batch) for batch in epoch} for epoch in epochs)
    assert not first & second, "the first and the second epoch have a batch in common; draw a new order in every epoch"
    assert trial["validated"] >= 140, (
        f"after training, {trial['validated']} rows went through the network in evaluation mode; expected all 140 "
        "validation rows, after model.eval()"
    )
    assert trial["known"] >= 130, (
        "the validation rows are copies of training rows here, but the network gets other numbers for them; scale "
        "both in the same way"
    )


@task("trial")
def test_validation_rows_do_not_influence_the_training(kata: Any, draw: Any, probes: Any) -> None:
    """Train five times on the same rows, with different validation rows or labels: the network must be the same."""
    n = 637
    seed = draw.seed()
    data = pictures(seed, noise=110, n_train=150, n_validation=n)
    X, bright, dark = darkened(seed, n)
    ways = [(X, label) for label in (0, 1, 2)] + [(bright, 0), (dark, 0)]
    runs = [
        {"data": data | {"X_validation": rows, "y_validation": np.full(len(rows), label)}, "epochs": 20, "seed": 5}
        for rows, label in ways
    ]
    trials = kata.run(probes.trials, (2, 64, "relu", 0.0, 32), runs)
    right = [trial["accuracy"] * len(rows) for trial, (rows, _) in zip(trials, ways, strict=True)]
    assert_near(right, np.round(right), absolute=1e-3, name="accuracy times the number of rows, a whole number,")
    assert round(sum(right[:3])) == n, (
        f"{n} validation rows, all labelled 0, then 1, then 2: {right[0]:.0f} + {right[1]:.0f} + {right[2]:.0f} count "
        f"as right; expected {n} in total, because the network gives each row one of the three labels"
    )
    assert round(right[3] + right[4]) == round(right[0]), (
        f"{right[0]:.0f} of all validation rows count as right, but {right[3]:.0f} + {right[4]:.0f} if the first 300 "
        "and the others are validated separately"
    )
    lasts = [trial["last"] for trial in trials]
    name = "the last batch's output, in training runs that differ only in their validation rows,"
    assert_near(lasts, [lasts[0]] * len(lasts), relative=1e-3, name=name)


ASKED = [(2, width, "relu", 0.2, 32) for width in (64, 32, 256, 128)]
SETTINGS = {"architectures": ASKED, "dataset": "shapes32", "epochs": 1, "seed": 0}


def widths(run: dict[str, Any]) -> list[int]:
    """Return the widths of the trials that search returned."""
    return [trial["width"] for trial in run["trials"]]


@task("search")
def test_a_search_continues_from_its_log(kata: Any, probes: Any) -> None:
    runs = [SETTINGS | {"architectures": ASKED[:2]}, SETTINGS, SETTINGS | {"architectures": ASKED[::-1]}]
    half, whole, again = kata.run(probes.searches, runs)
    begun = half["begun"], whole["begun"], again["begun"]
    assert begun == (2, 2, 0), f"three searches with one log ran {begun} new trials; expected (2, 2, 0)"
    assert_logged(half["log_with_seconds"], half["trials"])
    assert_logged(whole["log_with_seconds"], whole["trials"])
    assert_logged(again["log_with_seconds"], whole["trials"])
    assert widths(whole) == [64, 32, 256, 128]
    assert widths(again) == [128, 256, 32, 64]
    assert sorted(map(key, again["trials"])) == sorted(map(key, whole["trials"]))


@task("search")
def test_any_other_setting_makes_another_trial(kata: Any, probes: Any) -> None:
    first = SETTINGS | {"architectures": ASKED[:1]}
    runs = [first, first | {"seed": 1}, first | {"epochs": 2}, first | {"dataset": "cifar10"}]
    others = (4, 64, "relu", 0.2, 32), (2, 64, "elu", 0.2, 32), (2, 64, "relu", 0.5, 32), (2, 64, "relu", 0.2, 64)
    runs += [first | {"architectures": [each]} for each in others]
    found = kata.run(probes.searches, runs)
    begun = [run["begun"] for run in found]
    assert begun == [1] * 8, (
        "eight searches with one log, which differ in seed, epochs, data set, layers, activation, dropout or batch "
        f"size, ran {begun} new trials; expected one each"
    )
    assert_logged(found[-1]["log_with_seconds"], [trial for run in found for trial in run["trials"]])


@task("search")
def test_an_architecture_listed_twice_is_run_once(kata: Any, probes: Any) -> None:
    (run,) = kata.run(probes.searches, [SETTINGS | {"architectures": [ASKED[0], ASKED[1], ASKED[0]]}])
    assert run["begun"] == 2, f"search ran {run['begun']} trials for 2 different architectures"
    assert widths(run) == [64, 32, 64]
    assert_logged(run["log_with_seconds"], run["trials"][:2])


@task("search")
def test_trials_are_logged_as_they_finish(kata: Any, probes: Any) -> None:
    """The executor finishes the third trial first, then the first, the last, and the second."""
    run = kata.run(probes.on_executor, ASKED, [2, 0, 3, 1])
    assert run["given"] == 4, f"the executor got {run['given']} trials; submit all four, and then wait"
    assert run["rows"] == [1, 2, 3, 4], (
        f"after each of four trials, the log has {run['rows']} rows, expected [1, 2, 3, 4]. Append a row as soon as a "
        "trial finishes"
    )
    assert run["early"] == [0, 1, 2, 3], (
        f"before each of four trials finishes, the log has {run['early']} rows, expected [0, 1, 2, 3]. Write the row "
        "in the process that searches, after the executor has returned the trial"
    )
    assert widths(run) == [64, 32, 256, 128]
    assert_logged(run["log_with_seconds"], run["trials"])


@task("recovery")
@cases(2)
def test_an_interrupted_search_keeps_finished_trials(kata: Any, draw: Any, probes: Any) -> None:
    fault = ("KeyboardInterrupt", "ValueError")[draw.case]
    stopped, whole = kata.run(probes.searches, [SETTINGS | {"stop": 3, "fault": fault}, SETTINGS])
    assert stopped["raised"] == fault, f"{fault} in the third trial does not reach the caller of search"
    found = len(rows_of(stopped["log_with_seconds"]))
    assert found == 2, f"two trials had finished before the third raised {fault}, but the log has {found} rows"
    assert whole["begun"] == 2, f"the next search ran {whole['begun']} trials; expected the 2 that were missing"
    assert_logged(whole["log_with_seconds"], whole["trials"])


@task("recovery")
def test_a_failing_trial_on_an_executor_keeps_the_others(kata: Any, probes: Any) -> None:
    run = kata.run(probes.on_executor, ASKED, [2, 0, 1, 3], 1)
    assert run["raised"] == "KeyboardInterrupt", "KeyboardInterrupt in a trial does not reach the caller of search"
    found = len(rows_of(run["log_with_seconds"]))
    assert found >= 2, f"two trials had finished before one failed, but the log has {found} rows"


@task("recovery")
@cases(2)
def test_an_incomplete_last_line_is_run_again(kata: Any, draw: Any, probes: Any) -> None:
    first, second = kata.run(probes.searches, [SETTINGS, SETTINGS | {"cut": (3, 12)[draw.case]}])
    assert second["begun"] == 1, (
        f"this test cut {(3, 12)[draw.case]} bytes off the end of a finished log, so its last line is incomplete. The "
        f"next search should drop that line and run its trial again: expected 1 trial, and it ran {second['begun']}"
    )
    assert_logged(second["log_with_seconds"], second["trials"])
    assert [key(trial)[:5] for trial in second["trials"]] == [key(trial)[:5] for trial in first["trials"]]


@task("recovery")
def test_trials_can_be_sent_to_other_processes(kata: Any, probes: Any) -> None:
    run = kata.run(probes.on_processes, ASKED[:2])
    assert [key(trial)[:5] for trial in run["trials"]] == [key(trial)[:5] for trial in run["alone"]]
    assert run["open"], "search shut the executor down; leave that to the caller"


@task("front")
@cases(2)
def test_the_front_of_a_few_trials(kata: Any, draw: Any, probes: Any) -> None:
    table = (EXAMPLE, TIES)[draw.case]
    found = kata.run(probes.front, trials_of(table))
    expected = [seed for seed, (*_, on_front) in enumerate(table) if on_front]
    front = [each["seed"] for each in found]
    assert front == expected, (
        f"trials (accuracy, parameters, seconds, on the front?) {table}: expected the front {expected}, got {front}"
    )


@task("front", title="In any log, a trial is on the front if and only if no other trial dominates it")
def test_the_front_of_any_log(kata: Any, draw: Any, probes: Any) -> None:
    few = st.integers(1, 3)  # so that many trials are equal in something

    @for_all(draw, log=st.lists(st.tuples(few, few, few), min_size=1, max_size=6))
    def holds(log: list[tuple[int, int, int]]) -> None:
        table = trials_of([(a / 4, 1000 * n, float(s), True) for a, n, s in log])
        found = [trial["seed"] for trial in kata.run(probes.front, table)]
        expected = [trial["seed"] for trial in table if not any(dominates(other, trial) for other in table)]
        shown = [(trial["accuracy"], trial["parameters"], trial["seconds"]) for trial in table]
        assert found == expected, (
            f"of the trials (accuracy, parameters, seconds) {shown}, pareto_front keeps those at {found}, "
            f"expected {expected}"
        )


@task("results")
def test_the_results_of_the_worked_example(kata: Any, probes: Any) -> None:
    table = trials_of(EXAMPLE)
    files = kata.run(probes.written, table, "of_the_example")
    assert_table(files["experiment_log.csv"], files["best_models.json"])
    rows = sorted(rows_of(files["experiment_log.csv"]), key=lambda row: int(row["seed"]))
    assert len(rows) == 4
    assert [float(row["accuracy_per_parameter"]) for row in rows] == [4.5e-6, 8.5e-6, 8.5e-6, 0.8 / 90_000]
    assert [row["pareto"].lower() in ("true", "1") for row in rows] == [True, True, False, True]
    assert all(float(row[name]) == trial[name] for row, trial in zip(rows, table, strict=True) for name in PLOTTED)


@task("results")
def test_the_best_models_are_the_five_most_accurate(kata: Any, probes: Any) -> None:
    files = kata.run(probes.written, trials_of(TIES), "of_ties")
    best = json.loads(files["best_models.json"])
    assert [model["accuracy"] for model in best] == [0.9, 0.7501, 0.75, 0.75, 0.75]


PICTURED = [*EXAMPLE[:2], (0.12, 1_200_000, 300.0, False), (0.50, 90_000, 5.0, True)]
PLOTTED = ("accuracy", "parameters", "seconds")
UNITS = {"accuracy": (1, 100), "parameters": (1, 1e-3, 1e-6), "seconds": (1, 1 / 60, 1e3)}
SAYS = {"parameters": r"\bparam", "seconds": r"\bsec(ond)?s?\b|\btime\b"}


@task("results")
@cases(2)
def test_the_picture_of_four_trials(kata: Any, draw: Any, probes: Any) -> None:
    files = kata.run(probes.written, trials_of(PICTURED), "a_picture")
    assert_picture(files["tradeoff_plot.png"], "tradeoff_plot.png")
    price = ("parameters", "seconds")[draw.case]
    other = ("seconds", "parameters")[draw.case]
    found = [(axes, looks) for axes in files["axes"] if (looks := looks_of(axes, price))]
    assert found, f"no axes show all four trials by accuracy and {price} inside their limits"
    (axes, (*front, dominated)) = found[0]
    assert all(mark - dominated for mark in front), (
        f"accuracy against {price}: a trial on the front looks like the dominated trial. Mark the front by colour, "
        "size or shape, or with a ring, a line, an arrow or a name"
    )
    assert all(text.strip() for text in axes["labels"]), f"accuracy against {price}: an axis has no label"
    across = " ".join(axes["labels"])
    mistaken = re.search(SAYS[other], across, re.IGNORECASE) and not re.search(SAYS[price], across, re.IGNORECASE)
    assert not mistaken, f"the plot of accuracy against {price} has the labels {across!r}"


def looks_of(axes: dict[str, Any], price: str) -> list[set[str]]:
    """Return how each trial is drawn, those on the front first; empty if one is not in the axes."""
    order = sorted(PICTURED, key=lambda trial: not trial[3])
    values = [(trial[1] if price == "parameters" else trial[2], trial[0]) for trial in order]
    for x_unit, y_unit in itertools.product(UNITS[price], UNITS["accuracy"]):
        for turn in (1, -1):  # accuracy upwards, or across
            places = [(x * x_unit, y * y_unit)[::turn] for x, y in values]
            looks = [{look for *at, look in axes["points"] if np.allclose(at, place, rtol=1e-6)} for place in places]
            seen = all(
                low <= x <= high for place in places for x, (low, high) in zip(place, axes["limits"], strict=True)
            )
            if all(looks) and seen:
                return looks
    return []


@task("log")
def test_your_own_results_are_there(kata: Any) -> None:
    log = handed_in(kata.data("results/experiment_log.csv"), "results/experiment_log.csv")
    best = handed_in(kata.data("results/best_models.json"), "results/best_models.json")
    assert_table(log, best)
    different = len({tuple(row[name] for name in COLUMNS[:5]) for row in rows_of(log)})
    assert different >= 20, f"experiment_log.csv has {different} different architectures; expected at least 20"
    assert_picture(kata.data("results/tradeoff_plot.png"), "tradeoff_plot.png")


@task("log")
def test_your_best_network_has_learned(kata: Any) -> None:
    rows = rows_of(handed_in(kata.data("results/experiment_log.csv"), "results/experiment_log.csv"))
    name = rows[0]["dataset"]
    assert name in LEARNED, f"experiment_log.csv names the data set {name}; expected {' or '.join(LEARNED)}"
    best, least = max(float(row["accuracy"]) for row in rows), LEARNED[name]
    assert best >= least, (
        f"the best accuracy in results/experiment_log.csv is {best:.1%}, expected at least {least:.0%}. Train for more "
        "epochs (up to 20), or with a different optimizer or learning rate, and search again"
    )


@task("log")
def test_your_own_log_is_consistent(kata: Any) -> None:
    rows = rows_of(handed_in(kata.data("results/experiment_log.csv"), "results/experiment_log.csv"))
    seen: set[tuple[str, ...]] = set()
    for line, row in enumerate(rows, 2):
        found = assert_row(row, f"experiment_log.csv, line {line}")
        assert row["dataset"] == rows[0]["dataset"], f"line {line} names a different data set from line 2"
        identity = tuple(row[name] for name in COLUMNS[:8])
        assert identity not in seen, f"line {line} repeats an earlier trial: {identity}"
        seen.add(identity)
        better = [other for other in rows if dominates(other, row)]
        assert (row["pareto"].lower() in ("true", "1")) == (not better), (
            f"line {line} (accuracy {found:g}): pareto is {row['pareto']}, but {len(better)} other trials dominate it"
        )


@task("log")
def test_your_best_models_are_rows_of_your_log(kata: Any) -> None:
    rows = rows_of(handed_in(kata.data("results/experiment_log.csv"), "results/experiment_log.csv"))
    best = json.loads(handed_in(kata.data("results/best_models.json"), "results/best_models.json"))
    numbers = [[float(row[name]) for name in NUMBERS] for row in rows]
    for model in best:
        mine = [float(model[name]) for name in NUMBERS]
        same = any(np.allclose(mine, each, rtol=1e-6, atol=0) for each in numbers)
        assert same, f"results/best_models.json: {model} is not a row of results/experiment_log.csv"
        share = model["accuracy"] / model["parameters"]
        assert np.isclose(model["accuracy_per_parameter"], share, rtol=1e-4, atol=1e-10), (
            f"best_models.json: accuracy_per_parameter is {model['accuracy_per_parameter']}, expected {share:.6g}"
        )


NUMBERS = [name for name in COLUMNS[:-2] if name not in ("activation", "dataset")]


def assert_row(row: dict[str, str], line: str) -> float:
    """Check that a row's architecture is in the space and that its numbers are consistent; return its accuracy."""
    layers, width, accuracy, parameters = (float(row[name]) for name in ("layers", "width", "accuracy", "parameters"))
    kinds = row["activation"] in ("relu", "leaky_relu", "elu") and float(row["dropout"]) in (0, 0.2, 0.5)
    sizes = layers in (2, 4, 6, 8) and width in (32, 64, 128, 256) and int(row["batch_size"]) in (32, 64, 128)
    assert (kinds, sizes) == (True, True), f"{line}: this architecture is not in the space"
    expected = 3073 * width + (layers - 1) * (width + 1) * width + (width + 1) * 10
    assert parameters == expected, f"{line}: parameters is {parameters:g}, expected {expected:g} for this architecture"
    assert 1 <= int(row["epochs"]) <= 20, f"{line}: epochs is {row['epochs']}, expected 1 to 20"
    assert float(row["seconds"]) > 0, f"{line}: seconds is {row['seconds']}, expected more than 0"
    right = accuracy * 1000
    assert 0 <= right <= 1000, f"{line}: the accuracy is {accuracy:g}, expected 0 to 1"
    assert abs(right - round(right)) < 0.02, f"{line}: the accuracy {accuracy:g} is not a multiple of 1 / 1 000"
    share = float(row["accuracy_per_parameter"])
    expected = accuracy / parameters
    assert np.isclose(share, expected, rtol=1e-4, atol=0), (
        f"{line}: accuracy_per_parameter is {share:.6g}, expected {expected:.6g}"
    )
    return accuracy


def dominates(one: dict[str, str], other: dict[str, str]) -> bool:
    """Return whether one row is at least as good as another on all three criteria, and better on one."""
    a, b = ([-float(row["accuracy"]), float(row["parameters"]), float(row["seconds"])] for row in (one, other))
    return a != b and all(x <= y for x, y in zip(a, b, strict=True))


def assert_table(log: bytes, best: bytes) -> None:
    """Check a table with all columns, and its most accurate rows, best first."""
    rows = rows_of(log)
    assert rows, "the table has no rows"
    assert sorted(rows[0]) == sorted(COLUMNS), f"the columns are {list(rows[0])}, expected {COLUMNS}, in any order"
    accuracies = sorted((float(row["accuracy"]) for row in rows), reverse=True)[:5]
    models = json.loads(best)
    found = [model["accuracy"] for model in models]
    assert len(found) == len(accuracies), f"best_models.json has {len(found)} rows, expected {len(accuracies)}"
    assert np.allclose(found, accuracies, rtol=1e-6, atol=0), f"best_models.json has {found}, expected {accuracies}"
    for model in models:
        assert sorted(model) == sorted(COLUMNS), f"best_models.json has the fields {list(model)}, expected {COLUMNS}"


@task("repeated")
def test_your_quickest_trial_gives_its_accuracy_again(kata: Any, probes: Any) -> None:
    rows = rows_of(handed_in(kata.data("results/experiment_log.csv"), "results/experiment_log.csv"))
    row = min(rows, key=lambda row: float(row["seconds"]))
    try:
        datasets.folder(row["dataset"])
    except datasets.DataError as fault:
        said = f"the trial cannot be repeated here: {fault}. Trials on shapes32 can be repeated everywhere"
        raise AssertionError(said) from None
    whole = ("layers", "width", "batch_size", "epochs", "seed")
    asked = row | {name: int(row[name]) for name in whole} | {"dropout": float(row["dropout"])}
    accuracy = kata.run(probes.again, asked)
    assert abs(accuracy - float(row["accuracy"])) <= 0.02, (
        f"the log says the accuracy is {row['accuracy']} for {row['layers']} layers of {row['width']} (seed "
        f"{row['seed']}); run_trial now gives {accuracy}. Either its seed does not decide everything, or you have "
        "changed run_trial since your search. In that case, delete the log that your search continues from, and "
        "search again"
    )


@task("recommendations")
def test_the_recommendations_cover_the_main_points(kata: Any) -> None:
    assert_prose(kata.text("results/recommendations.md"), "results/recommendations.md", words=200, points=POINTS)
