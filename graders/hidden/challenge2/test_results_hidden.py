"""Challenge 2, hidden: the front and the files, and the search that was handed in, recomputed and run again."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from graders import dataroom
from graders.checks import Mismatch, assert_picture, assert_prose, cases, standard_error, task
from graders.dataroom import shapes32
from graders.hidden.challenge2.pictured import assert_tradeoffs_shown
from graders.hidden.challenge2.records import (
    COLUMNS,
    PARTS,
    SPACE,
    Row,
    check_best,
    check_table,
    count,
    front_of,
    identity,
    in_words,
    parts_of,
    read_rows,
    same,
)

LOG, BEST, PLOT = "experiment_log.csv", "best_models.json", "tradeoff_plot.png"
PICTURES = {"shapes32": (4000, 1000), "cifar10": (4000, 1000)}  # to train on, to validate on: as images.load has them
N_INPUTS = 3072
AGREE = 0.02  # between the accuracy of a row and that of the same trial, again
N_UNSEEN = 1000  # pictures more, whose classes only the judge knows
SIGMAS = 5  # of the difference of two shares: a false alarm in 1.7e6; in 1.4e5 for the best of 24 alike rows
COUNTED = 0.01  # between the accuracy that is stated and what the network said: half-precision logits are often equal
MOST_EPOCHS = 20
LEAST = 20  # different architectures
EVEN = 0.65  # of a plot is ground, of few colours
LEARNED = 0.6  # the best of the log at least; the solution's is 0.9
POINTS = {  # what the recommendations must speak of, in any words
    "depth": r"\bdepth|\bdeep|\blayers?\b",
    "width": r"\bwid(th|e|er)\b|\bnarrow",
    "activations": r"activation|\b(re|e)lus?\b|leaky",
    "dropout": r"drop-?out",
    "parameters, or size": r"parameters?\b|\bsmall(er|est)?\b|\bsize\b",
    "time": r"\bseconds?\b|\btime\b|\bfast|\bquick|\b\d+(\.\d+)? s\b",
    "the trade-off or the front": r"pareto|\bfront\b|trade-?off",
    "accuracies, as numbers": r"\d\d(\.\d+)?\s*%|\b0[.,]\d\d",
}


def made_up(seed: int, n: int = 24) -> list[Row]:
    """Trials that nobody ran, three to eight on the front, and for each a worse one of the same architecture."""
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


def assert_front(found: list[Row], rows: list[Row]) -> None:
    """The undominated ones, each as often as it is in `rows`, in their order."""
    expected = [row for row, on_front in zip(rows, front_of(rows), strict=True) if on_front]
    for row in found:
        if row not in expected:
            raise Mismatch(f"{_told(row)} is dominated, and is in the front", None, None)
    for row in expected:
        if found.count(row) != expected.count(row):
            said = (
                f"{_told(row)} is dominated by none: {expected.count(row)} of it in the front, {found.count(row)} found"
            )
            raise Mismatch(said, None, None)
    if found != expected:
        raise Mismatch("the front is not in the order in which its trials came", None, None)


def _told(row: Row) -> str:
    return f"accuracy {row['accuracy']:g}, {row['parameters']} parameters, {row['seconds']:g} seconds"


# --------------------------------------------------------------------------------------------------- the front


@task("front")
@cases(8)
def test_the_front_are_the_trials_that_none_dominates(kata: Any, draw: Any, probes: Any) -> None:
    rows = made_up(draw.seed())
    if draw.case % 2:
        for row in rows:  # float32 tells such seconds from one another, three digits behind the point do not
            row["seconds"] = 4 + row["seconds"] * 1e-4
    assert_front(kata.run(probes.front, rows), rows)


@task("front")
@cases(8)
def test_ties_are_kept(kata: Any, draw: Any, probes: Any) -> None:
    rng, space = np.random.default_rng(draw.seed()), sorted(SPACE)
    rows = [_made_up_row(space[place], rng) for place in rng.choice(len(space), 12)]
    for row in rows:  # few values, so that many are equal in one, in two, in all three
        row |= {"accuracy": float(rng.choice([0.5, 0.75, 0.9])), "seconds": float(rng.choice([1.0, 2.0, 4.0]))}
        row |= {"parameters": int(rng.choice([1000, 2000]))}
    rows += [dict(row) for row in rows[:3]]
    assert_front(kata.run(probes.front, rows), rows)


@task("front")
def test_a_single_trial_is_the_front(kata: Any, draw: Any, probes: Any) -> None:
    rows = made_up(draw.seed())[:1]
    assert_front(kata.run(probes.front, rows), rows)


# -------------------------------------------------------------------------------------------------- the results


@task("results")
@cases(3)
def test_the_table_says_of_every_trial_all_there_is_to_say(kata: Any, draw: Any, probes: Any) -> None:
    rows = made_up(draw.seed())
    run = kata.run(probes.written, rows, f"of_this_{draw.case}")
    found = read_rows(run[LOG], LOG, COLUMNS, exactly=True)
    by_key = {identity(row): row for row in found}
    if len(found) != len(rows) or set(by_key) != {identity(row) for row in rows}:
        raise Mismatch(f"{LOG} has {len(found)} rows, and there were {len(rows)} trials", len(rows), len(found))
    for row in rows:
        for name, value in row.items():
            if not same(by_key[identity(row)][name], value):
                raise Mismatch(f"{LOG}: {name} of {in_words(row)}", value, by_key[identity(row)][name])
    check_table(found, LOG, N_INPUTS)


@task("results")
@cases(3)
def test_the_five_most_accurate_come_best_first(kata: Any, draw: Any, probes: Any) -> None:
    rows = made_up(draw.seed())[: (24, 24, 4)[draw.case]]
    run = kata.run(probes.written, rows, f"best_{draw.case}")
    check_best(run[BEST], BEST, read_rows(run[LOG], LOG, COLUMNS, exactly=True))


@task("results")
@cases(2)
def test_the_picture_shows_both_tradeoffs_and_the_front(kata: Any, draw: Any, probes: Any) -> None:
    rows = made_up(draw.seed())
    run = kata.run(probes.written, rows, f"picture_{draw.case}")
    assert_picture(run[PLOT], PLOT)
    assert_tradeoffs_shown(run["figure"], rows)


# ------------------------------------------------------------------------------------ the search that was handed in


def handed_in(kata: Any) -> list[Row]:
    """The rows of the submission's own log, which agree with themselves."""
    rows = read_rows(kata.data(f"results/{LOG}"), LOG, COLUMNS, exactly=True)
    check_table(rows, LOG, N_INPUTS)
    return rows


@task("log")
def test_the_log_has_twenty_architectures_and_agrees_with_itself(kata: Any) -> None:
    rows = handed_in(kata)
    different = len({parts_of(row) for row in rows})
    if different < LEAST:
        raise Mismatch(f"{LOG} has {different} different architectures; at least {LEAST} are needed", LEAST, different)
    for line, row in enumerate(rows, 2):
        if row["dataset"] not in PICTURES or row["dataset"] != rows[0]["dataset"]:
            said = f"data set {row['dataset'][:40]}: one for all, of {', '.join(PICTURES)}"
            raise Mismatch(f"{LOG}, line {line}: {said}", None, None)
        if not 1 <= row["epochs"] <= MOST_EPOCHS:
            raise Mismatch(
                f"{LOG}, line {line}: {row['epochs']} epochs; 1 to {MOST_EPOCHS} may be", None, row["epochs"]
            )
        of = PICTURES[row["dataset"]][1]
        right = row["accuracy"] * of
        if abs(right - round(right)) > 0.02:
            raise Mismatch(
                f"{LOG}, line {line}: no share of {of} pictures is {row['accuracy']:g}", None, row["accuracy"]
            )
    best = max(row["accuracy"] for row in rows)
    if best < LEARNED:
        raise Mismatch(f"{LOG}: the best accuracy is {best:g}: no network has learned much", LEARNED, best)


@task("log")
def test_the_best_models_are_those_of_the_log(kata: Any) -> None:
    check_best(kata.data(f"results/{BEST}"), BEST, handed_in(kata))


@task("log")
def test_the_picture_is_one(kata: Any) -> None:
    pixels = assert_picture(kata.data(f"results/{PLOT}"), PLOT)
    colours = pixels.reshape(-1, pixels.shape[2])[:: max(1, pixels[..., 0].size // 500_000)]
    even = np.sort(np.unique(colours, axis=0, return_counts=True)[1])[-8:].sum() / len(colours)
    if even < EVEN:  # the solution's 0.97; noise, a photograph, an image in axes less than 0.63
        raise Mismatch(f"{PLOT} is no plot of points: its eight commonest colours are {even:.0%} of it", EVEN, even)


@task("repeated")
def test_the_best_row_is_what_its_trial_gives_again(kata: Any, draw: Any, probes: Any) -> None:
    rows = handed_in(kata)
    repeat(kata, draw, probes, max(rows, key=lambda row: row["accuracy"]))


@task("repeated")
def test_two_rows_drawn_at_random_are_what_their_trials_give_again(kata: Any, draw: Any, probes: Any) -> None:
    """One of those on which conclusions rest, the front and the five best, and one of the others."""
    rows = handed_in(kata)
    ranked = sorted(rows, key=lambda row: -row["accuracy"])
    leading = [row for row in ranked[1:] if row["pareto"] or row in ranked[:5]]
    others = [row for row in ranked[1:] if row not in leading]
    for row in (draw.choice(leading), draw.choice(others or leading)):
        repeat(kata, draw, probes, row)


def repeat(kata: Any, draw: Any, probes: Any, row: Row) -> None:
    """Train a row again, on pictures that the judge hands over. Raises Mismatch where something else comes of it.

    What the trial states is not believed: the judge counts what the network said of the validation pictures. Behind
    those of the data set come others, with classes drawn at random; their true classes stay here. So a network has to
    tell them apart, as well as the log says.
    """
    n_train, n_validation = PICTURES[row["dataset"]]
    place = dataroom.folder(row["dataset"])
    images = np.load(place / "images.npy", mmap_mode="r")
    X, y = images.reshape(len(images), -1), np.load(place / "labels.npy")
    X_unseen, y_unseen = unseen(row["dataset"], draw.seed())
    y_given = np.random.default_rng(draw.seed()).integers(0, 10, N_UNSEEN)
    data = {"name": row["dataset"], "X_train": np.array(X[:n_train]), "y_train": y[:n_train]}
    data |= {"X_validation": np.concatenate([X[-n_validation:], X_unseen])}
    data |= {"y_validation": np.concatenate([y[-n_validation:], y_given])}
    run = {"parts": parts_of(row), "data": data, "epochs": row["epochs"], "seed": row["seed"]}
    run["closely"] = False
    (trial,) = kata.run(probes.trials, [run])
    trained = trial["rows"][trial["training"]].sum()
    if trained != row["epochs"] * n_train:
        said = f"{in_words(row)}, trained again: {trained} rows went through the network"
        raise Mismatch(f"{said}, and {row['epochs']} epochs of {n_train} were to", row["epochs"] * n_train, trained)
    predicted = predictions(row, trial, data["y_validation"])
    accuracy = float(np.mean(predicted[:n_validation] == y[-n_validation:]))
    if abs(accuracy - row["accuracy"]) > AGREE + 1e-9:
        said = f"{in_words(row)}: {row['accuracy']:.3f} is logged, and the same trial again gives {accuracy:.3f}"
        raise Mismatch(said, row["accuracy"], accuracy)
    elsewhere = float(np.mean(predicted[n_validation:] == y_unseen))
    slack = AGREE + SIGMAS * standard_error(row["accuracy"], n_validation, elsewhere, N_UNSEEN)
    if abs(elsewhere - row["accuracy"]) > slack:
        said = (
            f"{in_words(row)}: {row['accuracy']:.3f} is logged, and of {N_UNSEEN} pictures that were drawn for this "
            f"grading the same trial's network has {elsewhere:.3f} right"
        )
        raise Mismatch(said, row["accuracy"], elsewhere)


def unseen(dataset: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures (N_UNSEEN, N_INPUTS) of a data set that no submission has seen, and their classes.

    Those of shapes32 are drawn afresh. Photographs cannot be: they are some that the judge keeps back.
    """
    if dataset == "shapes32":
        images, labels = shapes32.render(N_UNSEEN, seed)
    else:
        images, labels = dataroom.kept_back(dataset)
        chosen = np.random.default_rng(seed).choice(len(images), N_UNSEEN, replace=False)
        images, labels = images[chosen], labels[chosen]
    return images.reshape(N_UNSEEN, -1), labels


def predictions(row: Row, trial: Row, given: np.ndarray) -> np.ndarray:
    """The classes that the network of a trial said last of all validation pictures, whose classes it was `given`.

    Raises Mismatch where it is no network of the row's architecture, or where the trial states another accuracy.
    """
    sizes = [N_INPUTS, *[row["width"]] * row["layers"], 10]
    expected = [shape for pair in itertools.pairwise(sizes) for shape in (pair[::-1], pair[1:])]
    if sorted(map(tuple, trial["shapes"])) != sorted(expected):
        said = f"{in_words(row)}, trained again: the network that the validation pictures went through last has"
        raise Mismatch(f"{said} parameters of the shapes {trial['shapes']}", expected, trial["shapes"])
    shares = []
    for order in orders(trial, len(given)):
        predicted = trial["last"][order].argmax(axis=1)
        shares.append(float(np.mean(predicted == given)))
        if abs(shares[-1] - trial["accuracy"]) <= COUNTED:
            return np.asarray(predicted)
    counted = f"what it said of them gives {shares[0]:.3f}" if shares else "not all of them went through it"
    said = f"{in_words(row)}, trained again: the trial says {trial['accuracy']:.3f} of {len(given)} pictures are right"
    raise Mismatch(f"{said}, and {counted}", shares[0] if shares else None, trial["accuracy"])


def orders(trial: Row, n: int) -> Iterator[np.ndarray]:
    """Where each of n pictures may be among the rows that went through a network after training.

    They come one after the other, in whatever batches, with other rows before or behind. Or they are shuffled: then
    their likeness tells.
    """
    bounds = np.concatenate([[0], np.cumsum(trial["last_rows"])])
    for start in bounds[np.isin(bounds + n, bounds)]:
        yield np.arange(start, start + n)
    places = np.full(n, -1)
    places[trial["like"]] = np.arange(len(trial["like"]))
    if (places >= 0).all():
        yield places


@task("recommendations")
def test_the_recommendations_speak_of_the_main_points(kata: Any) -> None:
    text = kata.text("results/recommendations.md")
    assert_prose(text, "results/recommendations.md", words=200, points=POINTS)
