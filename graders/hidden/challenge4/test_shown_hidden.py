"""Test the predictions, the pictures, the comparison and the submitted results.

The tests compare the lines and grids of the saved figures with what the judge computes from the runs' own weights and
histories.
"""

from __future__ import annotations

import functools
import itertools
import re
from typing import Any

import numpy as np

from graders.checks import assert_equal, assert_picture, assert_prose, cases, standard_error, task
from graders.checks.artifacts import colour_counts, read_csv, read_png
from graders.checks.mismatch import handed_in
from graders.hidden.challenge4 import own_photos
from graders.hidden.challenge4.promise import promise
from graders.hidden.challenge4.reference import (
    FOLDER,
    N_STAGES,
    N_VALIDATION,
    drawn_photos,
    flat,
    fresh_weights,
    hidden_photos,
    logits_of,
    shaken_weights,
    stage_outputs,
    unseen_photos,
    validation_photos,
)

APPROACHES = ["feature extraction", "fine-tuning", "full training", "from scratch"]
TABLE = ["approach", "seed", "accuracy", "seconds", "trainable_parameters"]
MEASURES = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")
LEAST_CHANNELS = 4
LIKENESS = 0.9999  # least cosine between a drawing and a channel, both centred; float32 rounding lowers it by 1e-6
CLOSE = 0.02  # rounding may swap the order of logits if they are closer than this
SWAPPED = 1e-3  # the same, for a model that was trained on the same processor


def figure_of(drawn: Any, name: str) -> Any:
    """Check that the file is a picture, and return the contents of the figure that was saved."""
    assert_picture(drawn["picture"] or None, name)
    promise(drawn["figures"], f"{name} must be saved from a matplotlib figure (savefig)")
    return drawn["figures"][-1]


def clear(logits: np.ndarray, close: float = CLOSE) -> np.ndarray:
    """Return, for each row, whether its largest logit would stay the largest in spite of rounding errors."""
    ordered = np.sort(logits, axis=1)
    return np.asarray(ordered[:, -1] - ordered[:, -2] > close)


def assert_named(figure: Any, names: Any, what: str) -> None:
    written = " ".join(figure["texts"])
    for name in names:
        promise(name in written, f"{what} doesn't name the run {name!r}")


# ------------------------------------------------------------------------------------------------------------ predict


@task("confusion")
def test_predictions_are_the_largest_logits_of_each_image(kata: Any, draw: Any, probes: Any) -> None:
    parts = drawn_photos(draw.seed(), 40, 60, 5)
    run = kata.run(probes.predicted, flat(shaken_weights(draw.seed())), parts, 5, draw.seed() % 10_000)
    logits = logits_of(run, parts[2])
    sure = clear(logits)
    for asked, said in (
        ("together", "for many images"),
        ("alone", "for one image at a time"),
    ):
        classes = run[asked]
        promise(
            classes.shape == (len(logits),), f"predict {said}: the shape is {classes.shape} for {len(logits)} images"
        )
        promise(
            np.issubdtype(classes.dtype, np.integer), f"predict returns {classes.dtype}; class numbers are integers"
        )
        off = int((classes != logits.argmax(axis=1))[sure].sum())
        promise(not off, f"predict {said}: {off} of {len(logits)} classes don't belong to the model's largest logit")


# ------------------------------------------------------------------------------------------------------- the pictures


@task("confusion")
@cases(3)
def test_confusion_matrices_are_counted_from_predictions(kata: Any, draw: Any, probes: Any) -> None:
    """From the second case on, one class has no images. In the third, no image is predicted as that class either."""
    n_classes = 6  # as in the visible test; a hard-coded 6 is not a mistake
    parts = drawn_photos(draw.seed(), 60, 20, n_classes)
    rng = np.random.default_rng(draw.seed())
    images = hidden_photos()[0][rng.permutation(600)[: (80, 80, 160)[draw.case]]]
    labels = np.arange(80) % n_classes if draw.case == 0 else rng.integers(0, n_classes - 1, len(images))
    without = n_classes - 1 if draw.case == 2 else -1
    drawn = kata.run(probes.matrices, flat(shaken_weights(draw.seed())), parts, n_classes, images, labels, without)
    images, labels = images[drawn["rows"]], labels[drawn["rows"]]
    figure = figure_of(drawn, "the confusion matrices")
    assert_named(figure, drawn["runs"], "the picture of confusion matrices")
    grids = [(from_the_top(grid), axes) for axes in figure["axes"] for grid in axes["grids"]]
    for name, run in drawn["runs"].items():
        logits = logits_of(run, images)
        matrix = np.zeros((n_classes, n_classes))
        np.add.at(matrix, (labels, logits.argmax(axis=1)), 1)
        slack = 2 * int((~clear(logits)).sum())
        holding = [(grid, axes) for grid, axes in grids if is_matrix(grid["values"], matrix, slack)]
        turned = any(is_matrix(grid["values"], matrix.T, slack) for grid, _ in grids)
        promise(
            holding,
            f"no grid in the picture shows the confusion matrix of {name}, whose rows (true classes) are "
            f"{matrix.astype(int).tolist()}" + ("; one shows it with rows and columns swapped" if turned else ""),
        )
        grid, axes = holding[0]
        across, down = (" ".join([axes["labels"][way], figure["around"][way]]) for way in (0, 1))
        promise(
            re.search("predict", across, re.IGNORECASE),
            f'the columns of {name} are predicted classes: label them "predicted", not {across!r}',
        )
        promise(
            re.search("true|actual", down, re.IGNORECASE),
            f'the rows of {name} are true classes: label them "true", not {down!r}',
        )
        assert_readable(name, grid, matrix, slack)


def order_of(ticks: Any, n: int) -> list[int]:
    """Return the numbers at the ends of the class names, ordered by the positions of the names."""
    named = [(place, re.search(r"\d+$", label[-20:])) for place, label in ticks if 0 <= place < n]
    return [int(found[0]) for _, found in sorted(named, key=lambda each: each[0]) if found]


def from_the_top(grid: Any) -> Any:
    """Return a grid with the first class in the first row, reversing the rows if it was drawn from the bottom up."""
    n = len(grid["values"])
    order = order_of(grid["ticks"][0], n)
    if order not in ([*range(n - 1, -1, -1)], [*range(n, 0, -1)]):
        return grid
    return grid | {
        "values": grid["values"][::-1],
        "shown": grid["shown"][::-1],
        "cells": [[n - 1 - row, column, text] for row, column, text in grid["cells"]],
        "ticks": [[[n - 1 - place, label] for place, label in grid["ticks"][0]], grid["ticks"][1]],
    }


LEAST_CONTRAST = 0.05  # least share of the colour scale that cells must span


def assert_readable(name: str, grid: Any, matrix: np.ndarray, slack: int) -> None:
    """Assert that the colours, numbers and names in the picture of a matrix match its contents."""
    promise(
        np.ptp(np.nan_to_num(grid["shown"])) >= LEAST_CONTRAST or not np.ptp(np.nan_to_num(grid["values"])),
        f"all cells of the matrix of {name} have the same colour",
    )
    written = [(row, column, number_of(text)) for row, column, text in grid["cells"]]
    fitting, exchanged = (
        sum(number is not None and says(number, table, row, column, slack) for row, column, number in written)
        for table in (matrix, matrix.T)
    )
    promise(
        fitting >= exchanged or exchanged < len(written),
        f"the numbers in the cells of the matrix of {name} have rows and columns swapped",
    )
    for what, ticks in zip(("row", "column"), grid["ticks"], strict=True):
        order = order_of(ticks, len(matrix))
        named = sorted(order) in (list(range(len(matrix))), list(range(1, len(matrix) + 1)))
        promise(
            not named or order == sorted(order),
            f"the {what}s of {name} are named after classes in the wrong order: {order}",
        )


def number_of(text: str) -> float | None:
    found = re.search(r"\d+(\.\d+)?", text)
    return float(found[0]) if found else None


def says(number: float, matrix: np.ndarray, row: int, column: int, slack: int) -> bool:
    """Return whether a number is a cell's count or its share of the row, allowing for rounding."""
    if not (0 <= row < len(matrix) and 0 <= column < len(matrix)):
        return False
    count, whole = matrix[row, column], max(1.0, matrix[row].sum())
    near = [abs(number - count) <= slack]
    near += [abs(number - scale * count / whole) <= scale * (0.006 + slack / whole) for scale in (1, 100)]
    return any(near)


def is_matrix(grid: np.ndarray, matrix: np.ndarray, slack: int) -> bool:
    """Return whether a grid holds these counts, or their shares of each row, with up to `slack` images elsewhere."""
    if grid.shape != matrix.shape:
        return False
    rows = matrix.sum(axis=1, keepdims=True)
    rounding = 1e-3 * len(matrix) * rows.sum()
    units = (np.ones_like(rows), rows, rows / 100)  # images, shares, percentages
    return any(abs(np.nan_to_num(grid) * unit - matrix).sum() <= slack + rounding for unit in units)


@task("curves")
@cases(2)
def test_the_learning_curves_match_the_histories(kata: Any, draw: Any, probes: Any) -> None:
    epochs = ((4, 3), (3, 5))[draw.case]
    parts = drawn_photos(draw.seed(), 40, 30, 4)
    drawn = kata.run(probes.curves, flat(shaken_weights(draw.seed())), parts, 4, epochs)
    figure = figure_of(drawn, "the picture of learning curves")
    assert_named(figure, drawn["histories"], "the picture of learning curves")
    lines = [(number, line) for number, axes in enumerate(figure["axes"]) for line in axes["lines"]]
    drawn_as: dict[int, set[tuple[str, str]]] = {}
    for name, history in drawn["histories"].items():
        values = history["values"]
        for measure in MEASURES:
            found = [at for at, (_, line) in enumerate(lines) if is_curve(line, values["epoch"], values[measure])]
            promise(found, f"no line of the picture shows {measure} of the run {name!r} over its epochs")
            promise(
                any(lines[at][1]["inside"] for at in found),
                f"{measure} of the run {name!r} is invisible: the whole line lies outside the axis limits",
            )
            for at in found:
                drawn_as.setdefault(at, set()).add((name, measure))
    for one, other in itertools.combinations(drawn_as, 2):
        (place, line), (second, another) = lines[one], lines[other]
        alike = place == second and line["look"] == another["look"] and not drawn_as[one] & drawn_as[other]
        promise(
            not alike or figure["axes"][place]["notes"] > 1,  # labelled lines may look alike
            f"the lines of {' and '.join(sorted(' of '.join(each[::-1]) for each in drawn_as[one] | drawn_as[other]))} "
            "look the same in the same axes",
        )


def is_curve(line: Any, epochs: np.ndarray, values: np.ndarray) -> bool:
    """Return whether a line shows these values (or percentages) at these epochs or at the positions 0, 1, …."""
    x, y = line["x"], line["y"]
    if x.shape != epochs.shape or not (np.allclose(x, epochs) or np.allclose(x, epochs - 1)):
        return False
    return any(np.allclose(y, scale * values, rtol=1e-4, atol=1e-6) for scale in (1, 100))


@task("features")
@cases(2)
def test_the_features_show_the_output_of_every_stage(kata: Any, draw: Any, probes: Any) -> None:
    parts = drawn_photos(draw.seed(), 30, 20, 4)
    image = parts[2][draw.integers(0, 20)]
    state = (shaken_weights, fresh_weights)[draw.case](draw.seed())
    drawn = kata.run(probes.layer_features, flat(state), parts, 4, image)
    assert_equal(drawn["after"], drawn["before"])
    before, after = drawn["around"]
    promise(after["requires_grad"] == before["requires_grad"], "drawing the features changed the model's requires_grad")
    promise(after["hooks"] == before["hooks"], "drawing the features left hooks on the model")
    figure = figure_of(drawn, "the picture of features")
    grids = [grid for axes in figure["axes"] for grid in axes["grids"]]
    places = []
    values = [grid["values"] for grid in grids]
    for stage, channels in enumerate(stage_outputs(drawn["backbone"], image)):
        found = channels_drawn(values, channels)
        promise(
            len(found) >= LEAST_CHANNELS,
            f"stage {stage} (0 is next to the image): found {len(found)} channels, need at least {LEAST_CHANNELS}, "
            f"each with the {channels.shape[1]} x {channels.shape[2]} numbers that the stage returns",
        )
        places.append(float(np.median(found)))
        promise(
            all(is_linear(grids[place]["scale"]) for place in found),
            f"stage {stage}: the colour scale isn't linear",
        )
        promise(
            max(np.ptp(np.nan_to_num(grids[place]["shown"])) for place in found) >= LEAST_SHADES
            or not np.ptp(channels),
            f"stage {stage}: everything has the same colour, since its numbers are outside the colour scale",
        )
    promise(places == sorted(places), "the stages aren't drawn in order from input to output")
    promise(len(places) == N_STAGES, f"found {len(places)} stages, need {N_STAGES}")


LEAST_SHADES = 0.02  # least share of the colour scale that a stage must span; all stages may use the same scale


def is_linear(scale: np.ndarray) -> bool:
    """Return whether a scale is linear, possibly with one kink as in TwoSlopeNorm."""
    return int((abs(np.diff(scale, 2)) > 1e-3).sum()) <= 2


def channels_drawn(grids: list[np.ndarray], channels: np.ndarray) -> list[int]:
    """Return the indices of the grids that show channels.

    A grid shows a channel if it has the channel's numbers, or an increasing linear function of them. Each grid must
    show a different channel. Constant channels are common after a ReLU, and a constant grid matches any of them.
    """
    flat = channels.reshape(len(channels), -1).astype(float)
    flat = flat - flat.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(flat, axis=1)
    free, found = set(range(len(channels))), []
    for place, grid in enumerate(grids):
        if grid.shape != channels.shape[1:] or not np.isfinite(grid).all():
            continue
        values = (grid - grid.mean()).ravel()
        length = np.linalg.norm(values)
        even = length <= 1e-6 * (1 + abs(grid).max())
        likeness = flat @ values / np.maximum(lengths * length, 1e-12)
        held = np.flatnonzero((lengths <= 1e-6) if even else (likeness > LIKENESS) & (lengths > 1e-6))
        mine = next((int(channel) for channel in held if int(channel) in free), None)
        if mine is not None:
            free.discard(mine)
            found.append(place)
    return found


# ----------------------------------------------------------------------------------------------------- the comparison


@task("comparison")
def test_training_again_gives_the_same_table(kata: Any, draw: Any, probes: Any) -> None:
    parts = drawn_photos(draw.seed(), 25, 60, 6)
    seeds = [draw.seed() % 1000 + 1000, draw.seed() % 1000]
    rows = [draw.integers(0, 4), 4, 5, 6, 7]  # if a seed is ignored, that shows in the rows of the second one
    runs = dict(zip(rows, kata.run(probes.rows_again, parts, 6, seeds, rows), strict=True))
    logits = {row: logits_of(run, parts[2]) for row, run in runs.items()}
    parts[3] = predicted_by_some([logits[row] for row in (7, 4, 7, 5, 7, 6)], parts[3])
    table = kata.run(probes.comparison, parts, 6, seeds)
    promise(table["kind"] == "DataFrame", f"compare returns a {table['kind']}; it must be a DataFrame")
    promise(table["columns"] == TABLE, f"the columns are {table['columns']} instead of {TABLE}")
    promise(
        table["approach"] == APPROACHES * 2, f"the column approach is {table['approach']} instead of {APPROACHES * 2}"
    )
    promise(table["seed"] == [seed for seed in seeds for _ in APPROACHES], f"the column seed is {table['seed']}")
    for row, run in runs.items():
        who, told = f"{table['approach'][row]}, seed {int(table['seed'][row])}", table["accuracy"][row]
        if not tells(told, logits[row], parts[3]):
            # The labels have changed. Whether a training depends on them is a matter of other tasks.
            (run,) = kata.run(probes.rows_again, parts, 6, seeds, [row])
            logits[row] = logits_of(run, parts[2])
        promise(
            tells(told, logits[row], parts[3]),
            f"{who}: the table says the validation accuracy is {told:.2%}; training again gives "
            f"{accuracy_of(logits[row], parts[3]):.2%}",
        )
        parameters = run["parameters"]
        promise(
            table["trainable_parameters"][row] == parameters,
            f"{who}: the table says {table['trainable_parameters'][row]:g} parameters, but {parameters} are trained",
        )
    promise(min(table["seconds"]) > 0, f"seconds are {table['seconds']}; every training run takes more than 0 seconds")
    promise(
        sum(table["seconds"]) <= table["wall_seconds"] + 0.05,
        f"the seconds of the table add up to {sum(table['seconds']):.2f}, but compare took {table['wall_seconds']:.2f}",
    )


def predicted_by_some(logits: list[np.ndarray], labels: np.ndarray) -> np.ndarray:
    """Return what the networks predict in turns, an image each, so that another network's accuracy is not the same.

    The first image of each class keeps its label, so that no class is missing.
    """
    places = np.arange(len(labels))
    found, first = np.argmax(logits, axis=2)[places % len(logits), places], np.unique(labels, return_index=True)[1]
    found[first] = labels[first]
    return found


def tells(accuracy: float, logits: np.ndarray, labels: np.ndarray) -> bool:
    """Return whether this is the accuracy of these logits, apart from images whose classes rounding may swap."""
    slack = 0.5 + np.count_nonzero(~clear(logits, SWAPPED))
    return bool(abs(accuracy - accuracy_of(logits, labels)) <= slack / len(labels))


def accuracy_of(logits: np.ndarray, labels: np.ndarray) -> float:
    return float(np.mean(logits.argmax(axis=1) == labels))


@task("interrupted", title="Ctrl-C ends the table before the interrupted training run")
def test_ctrl_c_ends_the_table_before_that_training(kata: Any, draw: Any, probes: Any) -> None:
    parts = drawn_photos(draw.seed(), 25, 20, 6)
    table = kata.run(probes.comparison_interrupted, parts, 6, draw.seed() % 1000)
    if table["silent"]:
        return
    promise(not table["raised"], "Ctrl-C in the second training run: compare raised KeyboardInterrupt, not its table")
    promise(table["columns"] == TABLE, f"after Ctrl-C the columns are {table['columns']} instead of {TABLE}")
    promise(
        table["approach"] == APPROACHES[:1],
        f"Ctrl-C in the second training run: the table has rows for {table['approach']}, but only one was finished",
    )


# -------------------------------------------------------------------------------------------- the submitted results

PICTURES = ("learning_curves.png", "confusion_matrices.png", "layer_features.png")
LEAST_SEEDS = 3
TRAINED_AGAIN = 2  # rows that the judge draws at random, from two approaches and with two seeds
LEAST_PAPER = 0.02  # least share of a picture for its most frequent colour; in noise, the share is almost 0
# The accuracy on 200 images may differ by this much, because processors round differently. If all stages are trained,
# that grows into another network: in ten repeats of the solution's rows on another processor, the root mean square of
# the differences was 3.1 points, and the largest 7.0. In ten repeats with frozen stages it was 0. On one processor, a
# repeated training gives the same accuracy.
ELSEWHERE = {"feature extraction": 0.08, "fine-tuning": 0.08, "full training": 0.15, "from scratch": 0.15}
N_UNSEEN = 300  # images whose classes only the judge knows; it takes 5 ms to render one
SIGMAS = 5  # two shares may be this many standard errors apart, with one false alarm in 1.7e6 grading runs


@task("results")
def test_the_submitted_results_can_be_reproduced(kata: Any, draw: Any, probes: Any) -> None:
    seen: dict[str, np.ndarray] = {}
    for name in PICTURES:
        pixels = assert_picture(kata.data(f"results/{name}"), f"results/{name}")
        counts = colour_counts(pixels, pixels[..., 0].size // 7)
        promise(counts.max() >= LEAST_PAPER * counts.sum(), f"results/{name} is noise: hardly any colour occurs twice")
        promise(
            not any(np.array_equal(pixels, ours) for ours in readme_pictures()),
            f"results/{name} is a copy of the README's picture",
        )
        same = [other for other, shown in seen.items() if np.array_equal(pixels, shown)]
        promise(not same, f"results/{name} is the same picture as results/{', results/'.join(same)}")
        seen[name] = pixels
    data = handed_in(kata.data("results/comparison.csv"), "results/comparison.csv")
    header, *lines = read_csv(data, "results/comparison.csv") or [[]]
    rows = [dict(itertools.zip_longest(header, line[: len(header)], fillvalue="")) for line in lines if line]
    promise(
        rows and [name for name in header if name != "data"] == TABLE and len(set(header)) == len(header),
        f"results/comparison.csv: the columns must be {', '.join(TABLE)} (and data, for your own photos)",
    )
    seeds = {row["seed"] for row in rows}
    promise(len(seeds) >= LEAST_SEEDS, f"results/comparison.csv has {len(seeds)} seeds, need at least {LEAST_SEEDS}")
    pairs = sorted((row["approach"], row["seed"]) for row in rows)
    promise(
        pairs == sorted((approach, seed) for approach in APPROACHES for seed in seeds),
        "results/comparison.csv must have one row for each approach and seed",
    )
    for place, row in enumerate(rows, 1):
        promise(
            is_fraction(row["accuracy"]),
            f"results/comparison.csv, row {place}: the accuracy is {row['accuracy'][:40]!r}, expected 0 to 1",
        )
    own = own_photos_of(rows)
    assert_seeds_differ(rows, sorted(seeds), every=own is not None)
    where = "your own photos" if own else "the rendered images"
    rng = np.random.default_rng(draw.seed())
    chosen = zip(rng.permutation(APPROACHES), rng.permutation(sorted(seeds)), strict=False)
    again_of = [(str(approach), str(seed)) for approach, seed in itertools.islice(chosen, TRAINED_AGAIN)]
    places = {(row["approach"], row["seed"]): place for place, row in enumerate(rows)}
    unseen_images = None if own else unseen_photos(N_UNSEEN, draw.seed())  # own photos are all the judge has of them
    for place in (places[each] for each in again_of):
        row = rows[place]
        try:
            seed, accuracy, parameters = int(row["seed"]), float(row["accuracy"]), float(row["trainable_parameters"])
        except (TypeError, ValueError):
            raise AssertionError(f"results/comparison.csv, row {place + 1}: these aren't all numbers: {row}") from None
        function = {"feature extraction": "feature_extraction", "fine-tuning": "fine_tuning"}.get(row["approach"])
        photos = parts_of(own, rng) if own else ()
        found = kata.run(probes.trained_again, row["approach"], seed, *photos, function=function or "full_training")
        who = f"results/comparison.csv: {row['approach']}, seed {seed}"
        promise(
            parameters == found["parameters"],
            f"{who}: the file says {parameters:g} parameters, but {found['parameters']} are trained on {where}",
        )
        shown = (own.validation, own.validation_labels) if own else validation_photos()
        again, differ = share_right(found, *shown), ELSEWHERE[row["approach"]]
        promise(
            abs(accuracy - again) <= differ * max(1, np.sqrt(N_VALIDATION / len(shown[1]))),
            f"{who}: the file says {accuracy:.1%}, training again on {where} gives {again:.1%}",
        )
        if unseen_images is None:
            continue
        unseen = share_right(found, *unseen_images)
        slack = differ + SIGMAS * standard_error(accuracy, N_VALIDATION, unseen, N_UNSEEN)
        promise(
            abs(accuracy - unseen) <= slack,
            f"{who}: the file says {accuracy:.1%}, training again gives {unseen:.1%} on {N_UNSEEN} images that no "
            "submission has seen",
        )


def own_photos_of(rows: list[dict[str, str]]) -> own_photos.OwnPhotos | None:
    """Return the learner's own photos that the comparison names, or None if it was made on the rendered images.

    Fail if the judge lacks these photos: otherwise, made-up results could name photos that don't exist.
    """
    names = {row.get("data", "") for row in rows}
    promise(len(names) == 1, "results/comparison.csv: data must be the same in all rows")
    name = names.pop()
    if not name:
        return None
    promise(
        own_photos.NAME.fullmatch(name),
        f"results/comparison.csv: data is {name[:60]!r}, which isn't the name of kept photos",
    )
    try:
        return own_photos.read(name)
    except own_photos.Unusable as fault:
        raise AssertionError(
            f"results/comparison.csv: the rows can't be trained again here: {fault}. Ask your instructor to copy the "
            "file to the grader's computer, or submit results on the rendered images, which are graded everywhere"
        ) from None


def is_fraction(text: str) -> bool:
    try:
        return 0 <= float(text) <= 1
    except ValueError:
        return False


def parts_of(own: own_photos.OwnPhotos, rng: np.random.Generator) -> tuple[list[np.ndarray], int]:
    """Return own photos and the number of their classes; validation labels are shuffled, since nothing may use them."""
    return [own.train, own.train_labels, own.validation, rng.permutation(own.validation_labels)], own.n_classes


def share_right(run: Any, images: np.ndarray, labels: np.ndarray) -> float:
    return accuracy_of(logits_of(run, images), labels)


def assert_seeds_differ(rows: list[dict[str, str]], seeds: list[str], *, every: bool) -> None:
    """Assert that no seed's rows are copies of another seed's, and that some accuracy depends on the seed.

    With `every`, all accuracies may be the same: if photos are easy and few, every run may get all of them right.
    """
    told = {(row["approach"], row["seed"]): (row["accuracy"], row["seconds"]) for row in rows}
    for one, other in itertools.combinations(seeds, 2):
        copied = all(told[approach, one] == told[approach, other] for approach in APPROACHES)
        promise(not copied, f"results/comparison.csv: the rows of seed {other} are copies of those of seed {one}")
    same = all(len({told[approach, seed][0] for seed in seeds}) == 1 for approach in APPROACHES)
    promise(every or not same, "results/comparison.csv: all seeds have the same accuracies")


@functools.cache
def readme_pictures() -> list[np.ndarray]:
    return [read_png((FOLDER / name).read_bytes()) for name in PICTURES]


POINTS = {
    "feature extraction": r"extract",
    "fine-tuning": r"fine[- ]?tun",
    "training from scratch": r"scratch",
    "the number of images": r"\d[^.]{0,30}\b(images|photos|pictures|examples)\b|few (images|photos|pictures|examples)",
    "how similar the backbone's images (source) and yours (target) are": (
        r"\bsource\b|\b(a|un)like\b|looks? like|\bsimilar|\bdifferent (task|domain|kind)|resembl|in common|\bshapes\b"
    ),
    "your measured numbers": r"\d\s*%|0\.\d",
}


@task("recommendations")
def test_the_recommendations_cover_the_main_points(kata: Any) -> None:
    assert_prose(kata.text("recommendations.md"), "recommendations.md", words=150, points=POINTS)
