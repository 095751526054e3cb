"""Recompute the front and the files, and repeat some trials of the submitted search."""

from __future__ import annotations

from typing import Any

import numpy as np

from graders import datasets
from graders.checks import Mismatch, assert_picture, assert_prose, cases, standard_error, task
from graders.checks.artifacts import colour_counts
from graders.datasets import shapes32
from graders.hidden.challenge2.pictured import assert_tradeoffs_shown
from graders.hidden.challenge2.records import (
    COLUMNS,
    PARTS,
    SPACE,
    TRIAL,
    Row,
    check_best,
    check_table,
    count,
    front_of,
    identity,
    in_words,
    parts_of,
    predictions,
    read_rows,
    same,
)

LOG, BEST, PLOT = "experiment_log.csv", "best_models.json", "tradeoff_plot.png"
PICTURES = {"shapes32": (4000, 1000), "cifar10": (4000, 1000)}  # training and validation pictures, as in images.load
N_INPUTS = 3072
AGREE = 0.02  # allowed difference in accuracy between a row and the repeated trial
N_UNSEEN = 1000  # additional pictures, whose classes only the judge knows
# Two shares may be this many standard errors apart. Correct work fails in one of 1.7e6 grading runs, or in one of 1.4e5
# if the row is the best of 24 similar ones.
SIGMAS = 5
MOST_EPOCHS = 20
LEAST = 20  # a log needs at least this many different architectures
EVEN = 0.65  # the eight most common colours must cover this share of a plot, which is mostly background
# The best accuracy in the log must reach this value, which is five eighths of the way from chance (0.1) to the best
# architectures in the search space. They reach 0.9 on shapes32 and 0.4 on cifar10.
LEARNED = {"shapes32": 0.60, "cifar10": 0.28}
POINTS = {  # what the recommendations must mention, in whatever words
    "depth": r"\bdepth|\bdeep|\blayers?\b",
    "width": r"\bwid(th|e|er)\b|\bnarrow",
    "activations": r"activation|\b(re|e)lus?\b|leaky",
    "dropout": r"drop-?out",
    "parameters, or size": r"parameters?\b|\bsmall(er|est)?\b|\bsize\b",
    "time": r"\bseconds?\b|\btime\b|\bfast|\bquick|\b\d+(\.\d+)? s\b",
    "the trade-off or the front": r"pareto|\bfront\b|trade-?off",
    "accuracies, as numbers": r"\d\d(\.\d+)?\s*(%|per ?cent)|\b0[.,]\d\d",
}


def made_up(seed: int, n: int = 24) -> list[Row]:
    """Make up n trials in random order. Three to eight of them are on the front.

    Half of the trials are worse versions of the others, with the same architectures.
    """
    rng = np.random.default_rng(seed)
    space = sorted(SPACE)
    while True:
        rows = [_made_up_row(space[place], rng) for place in rng.choice(len(space), n // 2, replace=False)]
        worse = [
            row
            | {
                "seed": row["seed"] + 1,
                "accuracy": row["accuracy"] * rng.uniform(0.5, 0.95),
                "seconds": row["seconds"] * rng.uniform(1.05, 2),
            }
            for row in rows
        ]
        if 3 <= sum(front_of(rows)) <= 8:
            both = rows + worse
            return [both[place] for place in rng.permutation(len(both))]


def _made_up_row(parts: tuple[Any, ...], rng: np.random.Generator) -> Row:
    row: Row = dict(zip(PARTS, parts, strict=True))
    row |= {"dataset": "shapes32", "epochs": int(rng.integers(2, 20)), "seed": int(rng.integers(0, 1000))}
    row |= {"accuracy": float(rng.uniform(0.2, 0.95)), "seconds": float(rng.lognormal(1.5, 0.7))}
    return row | {"parameters": count(row, N_INPUTS, 10)}


def trials_of(rows: list[Row]) -> list[tuple[Any, ...]]:
    """Return the architecture and the other fields of each Trial, as a program makes it from them."""
    return [(parts_of(row), *(row[name] for name in TRIAL[len(PARTS) :])) for row in rows]


def assert_front(found: list[Row], rows: list[Row]) -> None:
    """Check that the front has all undominated trials, as often as they occur in `rows` and in the same order."""
    expected = [row for row, on_front in zip(rows, front_of(rows), strict=True) if on_front]
    for row in found:
        if row not in expected:
            raise Mismatch(f"the front contains a dominated trial: {_told(row)}", None, None)
    for row in expected:
        if found.count(row) != expected.count(row):
            said = f"no trial dominates this one: {_told(row)}. Expected it {expected.count(row)} times in the front"
            raise Mismatch(f"{said}, found it {found.count(row)} times", None, None)
    if found != expected:
        raise Mismatch("the trials on the front are not in their original order", None, None)


def _told(row: Row) -> str:
    return f"accuracy {row['accuracy']:g}, {row['parameters']} parameters, {row['seconds']:g} seconds"


# --------------------------------------------------------------------------------------------------- the front


@task("front")
@cases(8)
def test_the_front_has_the_trials_that_no_other_dominates(kata: Any, draw: Any, probes: Any) -> None:
    rows = made_up(draw.seed())
    if draw.case % 2:
        for row in rows:  # times that differ in float32, but become equal when rounded to three decimals
            row["seconds"] = 4 + row["seconds"] * 1e-4
    assert_front(kata.run(probes.front, rows, trials=trials_of(rows)), rows)


@task("front")
@cases(8)
def test_ties_are_kept(kata: Any, draw: Any, probes: Any) -> None:
    rng, space = np.random.default_rng(draw.seed()), sorted(SPACE)
    rows = [_made_up_row(space[place], rng) for place in rng.choice(len(space), 12)]
    for row in rows:  # few values, so that many trials tie on one, two or all three criteria
        row |= {"accuracy": float(rng.choice([0.5, 0.75, 0.9])), "seconds": float(rng.choice([1.0, 2.0, 4.0]))}
        row |= {"parameters": int(rng.choice([1000, 2000]))}
    rows += [dict(row) for row in rows[:3]]
    assert_front(kata.run(probes.front, rows, trials=trials_of(rows)), rows)


@task("front")
def test_a_single_trial_is_the_front(kata: Any, draw: Any, probes: Any) -> None:
    rows = made_up(draw.seed())[:1]
    assert_front(kata.run(probes.front, rows, trials=trials_of(rows)), rows)


# -------------------------------------------------------------------------------------------------- the results


@task("results")
@cases(3)
def test_the_table_has_every_trial_with_all_its_numbers(kata: Any, draw: Any, probes: Any) -> None:
    rows = made_up(draw.seed())
    run = kata.run(probes.written, rows, f"of_this_{draw.case}", trials=trials_of(rows))
    found = read_rows(run[LOG], LOG, COLUMNS, exactly=True)
    by_key = {identity(row): row for row in found}
    if len(found) != len(rows) or set(by_key) != {identity(row) for row in rows}:
        said = f"{LOG} has {len(found)} rows; expected one for each of {len(rows)} trials"
        raise Mismatch(said, len(rows), len(found))
    for row in rows:
        for name, value in row.items():
            written = by_key[identity(row)][name]
            if not same(written, value):
                raise Mismatch(f"{LOG}: {name} of {in_words(row)} is {written}, expected {value}", value, written)
    check_table(found, LOG, N_INPUTS)


@task("results")
@cases(3)
def test_the_best_models_are_the_most_accurate_best_first(kata: Any, draw: Any, probes: Any) -> None:
    rows = made_up(draw.seed())[: (24, 24, 4)[draw.case]]
    run = kata.run(probes.written, rows, f"best_{draw.case}", trials=trials_of(rows))
    check_best(run[BEST], BEST, read_rows(run[LOG], LOG, COLUMNS, exactly=True))


@task("results")
@cases(2)
def test_the_picture_shows_both_tradeoffs_and_the_front(kata: Any, draw: Any, probes: Any) -> None:
    rows = made_up(draw.seed())
    run = kata.run(probes.written, rows, f"picture_{draw.case}", trials=trials_of(rows))
    assert_picture(run[PLOT], PLOT)
    assert_tradeoffs_shown(run["figure"], rows)


# -------------------------------------------------------------------------------------------- the submitted search


def handed_in(kata: Any) -> list[Row]:
    """Check that the rows of the submission's own log are consistent, and return them."""
    rows = read_rows(kata.data(f"results/{LOG}"), LOG, COLUMNS, exactly=True)
    check_table(rows, LOG, N_INPUTS)
    return rows


@task("log")
def test_the_log_has_twenty_architectures_and_is_consistent(kata: Any) -> None:
    rows = handed_in(kata)
    different = len({parts_of(row) for row in rows})
    if different < LEAST:
        raise Mismatch(f"{LOG} has {different} different architectures; expected at least {LEAST}", LEAST, different)
    for line, row in enumerate(rows, 2):
        if row["dataset"] not in PICTURES or row["dataset"] != rows[0]["dataset"]:
            said = f"the data set is {row['dataset'][:40]}; expected the same in all rows, {' or '.join(PICTURES)}"
            raise Mismatch(f"{LOG}, line {line}: {said}", None, None)
        if not 1 <= row["epochs"] <= MOST_EPOCHS:
            said = f"epochs is {row['epochs']}, expected 1 to {MOST_EPOCHS}"
            raise Mismatch(f"{LOG}, line {line}: {said}", None, row["epochs"])
        of = PICTURES[row["dataset"]][1]
        right = row["accuracy"] * of
        if abs(right - round(right)) > 0.02:
            said = f"the accuracy {row['accuracy']:g} is impossible with {of} pictures"
            raise Mismatch(f"{LOG}, line {line}: {said}", None, row["accuracy"])
    best, least = max(row["accuracy"] for row in rows), LEARNED[rows[0]["dataset"]]
    kata.measure(f"best accuracy in {LOG}", best, f"at least {least:g}")
    if best < least:
        raise Mismatch(f"{LOG}: the best accuracy is {best:g}, expected at least {least:g}", least, best)


@task("log")
def test_the_best_models_match_the_log(kata: Any) -> None:
    check_best(kata.data(f"results/{BEST}"), BEST, handed_in(kata))


@task("log")
def test_the_picture_is_a_plot_of_points(kata: Any) -> None:
    pixels = assert_picture(kata.data(f"results/{PLOT}"), PLOT)
    counts = colour_counts(pixels, 500_000)
    even = np.sort(counts)[-8:].sum() / counts.sum()
    # `even` is 0.97 for the solution's plot, and below 0.63 for noise, a photograph or a picture inside axes.
    if even < EVEN:
        said = f"{PLOT} is not a plot of points: its eight most common colours cover only {even:.0%} of it"
        raise Mismatch(said, EVEN, even)


@task("best")
def test_the_best_row_can_be_repeated(kata: Any, draw: Any, probes: Any) -> None:
    rows = handed_in(kata)
    repeat(kata, draw, probes, max(rows, key=lambda row: row["accuracy"]))


@task("repeated")
def test_two_rows_drawn_at_random_can_be_repeated(kata: Any, draw: Any, probes: Any) -> None:
    """Repeat two trials other than the most accurate one.

    The first is on the front or among the five most accurate trials. The second is neither, if there are such trials.
    """
    rows = handed_in(kata)
    ranked = sorted(rows, key=lambda row: -row["accuracy"])
    leading = [row for row in ranked[1:] if row["pareto"] or row in ranked[:5]]
    others = [row for row in ranked[1:] if row not in leading]
    for row in (draw.choice(leading), draw.choice(others or leading)):
        repeat(kata, draw, probes, row)


def repeat(kata: Any, draw: Any, probes: Any, row: Row) -> None:
    """Train a row's network again on the judge's pictures. Raise Mismatch if the result differs.

    The judge doesn't rely on the accuracy that the trial reports, but computes it from the network's own output for the
    validation pictures. These include new pictures with random labels, whose true classes only the judge knows. So the
    network must really be as accurate as the log says.
    """
    n_train, n_validation = PICTURES[row["dataset"]]
    try:
        place = datasets.folder(row["dataset"])
    except datasets.DataError as fault:  # a made-up log may name it because it is missing
        said = f"{LOG}: the trials cannot be repeated here: {fault}. Trials on shapes32 can be repeated everywhere"
        raise Mismatch(said, None, None) from None
    images = np.load(place / "images.npy", mmap_mode="r")
    X, y = images.reshape(len(images), -1), np.load(place / "labels.npy")
    X_unseen, y_unseen = unseen(row["dataset"], draw.seed())
    y_given = np.random.default_rng(draw.seed()).integers(0, 10, N_UNSEEN)
    data = {"name": row["dataset"], "X_train": np.array(X[:n_train]), "y_train": y[:n_train]}
    data |= {"X_validation": np.concatenate([X[-n_validation:], X_unseen])}
    data |= {"y_validation": np.concatenate([y[-n_validation:], y_given])}
    run = {"parts": parts_of(row), "data": data, "epochs": row["epochs"], "seed": row["seed"]}
    run["closely"] = False
    (trial,) = kata.run(probes.trials_again, [run], row=row)
    trained = trial["rows"][trial["training"]].sum()
    if trained != row["epochs"] * n_train:
        said = f"{in_words(row)}, trained again: {trained} rows went through the network in training"
        raise Mismatch(f"{said}, expected {row['epochs']} epochs of {n_train}", row["epochs"] * n_train, trained)
    predicted = predictions(row, trial, data["y_validation"], N_INPUTS, 10)
    accuracy = float(np.mean(predicted[:n_validation] == y[-n_validation:]))
    kata.measure(f"{in_words(row)}: accuracy of the repeated trial", accuracy, f"{row['accuracy']:.3f} ± {AGREE}")
    if abs(accuracy - row["accuracy"]) > AGREE + 1e-9:
        said = f"{in_words(row)}: the log says the accuracy is {row['accuracy']:.3f}, the trial gives {accuracy:.3f}"
        raise Mismatch(said, row["accuracy"], accuracy)
    elsewhere = float(np.mean(predicted[n_validation:] == y_unseen))
    slack = AGREE + SIGMAS * standard_error(row["accuracy"], n_validation, elsewhere, N_UNSEEN)
    kata.measure(f"{in_words(row)}: accuracy on unseen pictures", elsewhere, f"{row['accuracy']:.3f} ± {slack:.3f}")
    if abs(elsewhere - row["accuracy"]) > slack:
        said = (
            f"{in_words(row)}: the log says the accuracy is {row['accuracy']:.3f}, but the same trial's network "
            f"reaches {elsewhere:.3f} on {N_UNSEEN} pictures that no submission has seen"
        )
        raise Mismatch(said, row["accuracy"], elsewhere)


def unseen(dataset: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return pictures (N_UNSEEN, N_INPUTS) like those in a data set, which no submission has seen, and their classes.

    Pictures like those in shapes32 are newly generated. Photographs can't be generated, so the judge keeps some back.
    """
    if dataset == "shapes32":
        images, labels = shapes32.render(N_UNSEEN, seed)
    else:
        images, labels = datasets.kept_back(dataset)
        chosen = np.random.default_rng(seed).choice(len(images), N_UNSEEN, replace=False)
        images, labels = images[chosen], labels[chosen]
    return images.reshape(N_UNSEEN, -1), labels


@task("recommendations")
def test_the_recommendations_cover_the_main_points(kata: Any) -> None:
    text = kata.text("results/recommendations.md")
    assert_prose(text, "results/recommendations.md", words=200, points=POINTS)
