"""Challenge 4, hidden: predictions, pictures, the comparison and what was handed in of it.

A picture is asked what it is made of: the lines and grids of numbers of the figure that was saved are compared with
what the judge computes from the runs' own weights and histories.
"""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import numpy as np

from graders.checks import assert_equal, assert_picture, assert_prose, cases, task
from graders.hidden.challenge4.promise import promise
from graders.hidden.challenge4.reference import (
    N_STAGES,
    drawn_photos,
    flat,
    hidden_photos,
    logits_of,
    shaken_weights,
    stage_outputs,
)

APPROACHES = ["feature extraction", "fine-tuning", "full training", "from scratch"]
TABLE = ["approach", "seed", "accuracy", "seconds", "trainable_parameters"]
MEASURES = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")
LEAST_CHANNELS = 4
LIKENESS = 0.9999  # cosine of what is drawn and a channel, both less their means; float32 leaves 1 - 1e-6
CLOSE = 0.02  # two logits nearer than this may change places by rounding


def figure_of(drawn: Any, name: str) -> Any:
    """What the figure held that became the picture, which must be one."""
    assert_picture(drawn["picture"] or None, name)
    promise(drawn["figures"], f"{name} is not one that a matplotlib figure was saved as")
    return drawn["figures"][-1]


def clear(logits: np.ndarray) -> np.ndarray:
    """Of each row, whether its largest logit is ahead of the others by more than rounding."""
    ordered = np.sort(logits, axis=1)
    return np.asarray(ordered[:, -1] - ordered[:, -2] > CLOSE)


def assert_named(figure: Any, names: Any, what: str) -> None:
    written = " ".join(figure["texts"])
    for name in names:
        promise(name in written, f"{what} does not say which of it is of the run {name!r}")


# ------------------------------------------------------------------------------------------------------------ predict


@task("confusion")
def test_predictions_are_those_of_the_model_image_by_image(kata: Any, draw: Any, probes: Any) -> None:
    parts = drawn_photos(draw.seed(), 40, 60, 5)
    run = kata.run(probes.predicted, flat(shaken_weights(draw.seed())), parts, 5, draw.seed() % 10_000)
    logits = logits_of(run, parts[2])
    sure = clear(logits)
    for asked, said in (
        ("together", "of many images"),
        ("alone", "of one image after the other"),
        ("after", "after the model was left in training mode"),
    ):
        classes = run[asked]
        promise(classes.shape == (len(logits),), f"predict {said}: shape {classes.shape} for {len(logits)} images")
        promise(np.issubdtype(classes.dtype, np.integer), f"predict gives {classes.dtype}, and classes are integers")
        off = int((classes != logits.argmax(axis=1))[sure].sum())
        promise(not off, f"predict {said}: {off} of {len(logits)} classes are not the model's largest logit")


# ------------------------------------------------------------------------------------------------------- the pictures


@task("confusion")
@cases(2)
def test_confusion_matrices_are_counted_from_predictions(kata: Any, draw: Any, probes: Any) -> None:
    n_classes = (3, 5)[draw.case]
    parts = drawn_photos(draw.seed(), 60, 20, n_classes)
    rng = np.random.default_rng(draw.seed())
    images = hidden_photos()[0][rng.permutation(600)[:80]]
    labels = np.arange(80) % n_classes if n_classes < 5 else rng.integers(0, 4, 80)  # of five classes one has no image
    drawn = kata.run(probes.matrices, flat(shaken_weights(draw.seed())), parts, n_classes, images, labels)
    figure = figure_of(drawn, "the confusion matrices")
    assert_named(figure, drawn["runs"], "the picture of confusion matrices")
    grids = [(grid, axes) for axes in figure["axes"] for grid in axes["grids"]]
    for name, run in drawn["runs"].items():
        logits = logits_of(run, images)
        matrix = np.zeros((n_classes, n_classes))
        np.add.at(matrix, (labels, logits.argmax(axis=1)), 1)
        slack = 2 * int((~clear(logits)).sum())
        holding = [axes for grid, axes in grids if is_matrix(grid, matrix, slack)]
        turned = any(is_matrix(grid, matrix.T, slack) for grid, _ in grids)
        promise(
            holding,
            f"no grid of the picture holds the confusion matrix of {name}, whose rows (true classes) are "
            f"{matrix.astype(int).tolist()}" + ("; one holds it with rows and columns exchanged" if turned else ""),
        )
        across, down = (
            " ".join([axes["labels"][way], figure["around"][way]]) for axes in holding[:1] for way in (0, 1)
        )
        promise(
            re.search("predict", across, re.IGNORECASE), f"the columns of {name} are labelled {across!r}: predicted?"
        )
        promise(re.search("true|actual", down, re.IGNORECASE), f"the rows of {name} are labelled {down!r}: true?")


def is_matrix(grid: np.ndarray, matrix: np.ndarray, slack: int) -> bool:
    """Whether a grid holds these counts, but for so many images, or their shares of each row."""
    if grid.shape != matrix.shape:
        return False
    rows = matrix.sum(axis=1, keepdims=True)
    shares = np.divide(matrix, rows, out=np.zeros_like(matrix), where=rows > 0)
    grid = np.nan_to_num(grid)
    counts = abs(grid - matrix).sum() <= slack + 1e-6
    few = slack / max(1.0, rows[rows > 0].min()) + 1e-3
    return bool(counts or any(abs(grid - scale * shares).max() <= scale * few for scale in (1, 100)))


@task("curves")
@cases(2)
def test_the_curves_are_the_histories(kata: Any, draw: Any, probes: Any) -> None:
    epochs = ((4, 3), (3, 5))[draw.case]
    parts = drawn_photos(draw.seed(), 40, 30, 4)
    drawn = kata.run(probes.curves, flat(shaken_weights(draw.seed())), parts, 4, epochs)
    figure = figure_of(drawn, "the picture of learning curves")
    assert_named(figure, drawn["histories"], "the picture of learning curves")
    lines = [line for axes in figure["axes"] for line in axes["lines"]]
    for name, history in drawn["histories"].items():
        values = history["values"]
        for measure in MEASURES:
            promise(
                any(is_curve(line, values["epoch"], values[measure]) for line in lines),
                f"no line of the picture is {measure} of the run {name!r} over its epochs",
            )


def is_curve(line: Any, epochs: np.ndarray, values: np.ndarray) -> bool:
    """Whether a line goes through these values at these epochs, or at their positions; shares may be in percent."""
    x, y = line
    if x.shape != epochs.shape or not (np.allclose(x, epochs) or np.allclose(x, epochs - 1)):
        return False
    return any(np.allclose(y, scale * values, rtol=1e-4, atol=1e-6) for scale in (1, 100))


@task("features")
@cases(2)
def test_the_features_drawn_are_those_of_every_stage(kata: Any, draw: Any, probes: Any) -> None:
    parts = drawn_photos(draw.seed(), 30, 20, 4)
    image = parts[2][draw.integers(0, 20)]
    drawn = kata.run(probes.layer_features, flat(shaken_weights(draw.seed())), parts, 4, image, draw.case == 1)
    assert_equal(drawn["after"], drawn["before"])
    promise(drawn["mode"], "the model was left in another mode than it came in")
    figure = figure_of(drawn, "the picture of features")
    grids = [grid for axes in figure["axes"] for grid in axes["grids"]]
    places = []
    for stage, channels in enumerate(stage_outputs(drawn["backbone"], image)):
        found = channels_drawn(grids, channels)
        promise(
            len(found) >= LEAST_CHANNELS,
            f"of stage {stage} (0 is the one next to the image) {len(found)} channels are drawn; {LEAST_CHANNELS} are "
            f"asked, {channels.shape[1]} x {channels.shape[2]} numbers each, as the stage gives them",
        )
        places.append(float(np.median(found)))
    promise(places == sorted(places), "the stages are not drawn in their order, input to output")
    promise(len(places) == N_STAGES, f"{len(places)} stages")


def channels_drawn(grids: list[np.ndarray], channels: np.ndarray) -> list[int]:
    """The places of the grids that hold a channel's numbers, or an increasing linear function of them, each another
    channel; one that is the same number everywhere stands for any channel that is so, as many are behind a ReLU.
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
def test_the_table_is_what_comes_out_when_all_is_trained_again(kata: Any, draw: Any, probes: Any) -> None:
    parts = drawn_photos(draw.seed(), 25, 60, 6)
    seeds = [draw.seed() % 1000 + 1000, draw.seed() % 1000]
    table = kata.run(probes.comparison, parts, 6, seeds)
    promise(table["kind"] == "DataFrame", f"compare gives a {table['kind']}, a DataFrame is promised")
    promise(table["columns"] == TABLE, f"the columns are {table['columns']}, {TABLE} are promised")
    promise(table["approach"] == APPROACHES * 2, f"the column approach is {table['approach']}")
    promise(table["seed"] == [seed for seed in seeds for _ in APPROACHES], f"the column seed is {table['seed']}")
    for row, (logits, parameters) in enumerate(table["again"]):
        who = f"{table['approach'][row]}, seed {int(table['seed'][row])}"
        accuracy = float(np.mean(logits.argmax(axis=1) == parts[3]))
        promise(
            abs(table["accuracy"][row] - accuracy) <= 1.5 / len(parts[3]),
            f"{who}: the table says {table['accuracy'][row]:.2%} of the validation images right; trained again, the "
            f"model has {accuracy:.2%}",
        )
        promise(
            table["trainable_parameters"][row] == parameters,
            f"{who}: the table says {table['trainable_parameters'][row]:g} parameters, {parameters} are trained",
        )
    promise(min(table["seconds"]) > 0, f"seconds are {table['seconds']}; a training takes longer than nothing")
    promise(
        sum(table["seconds"]) <= table["wall"] + 0.05,
        f"the trainings took {sum(table['seconds']):.2f} s, the table says, and all of compare {table['wall']:.2f} s",
    )


# ------------------------------------------------------------------------------------------- what was handed in of it

PICTURES = ("learning_curves.png", "confusion_matrices.png", "layer_features.png")
LEAST_SEEDS = 3
TRAINED_AGAIN = 1  # row, picked by the judge
ELSEWHERE = 0.08  # another processor rounds in another way: of 200 images so many may be told otherwise


@task("results")
def test_the_results_handed_in_come_out_again(kata: Any, draw: Any, probes: Any) -> None:
    for name in PICTURES:
        assert_picture(kata.data(f"results/{name}"), f"results/{name}")
    text = kata.text("results/comparison.csv")
    promise(text, "results/comparison.csv is missing: katas run challenge4 writes it")
    rows = list(csv.DictReader(io.StringIO(text)))
    promise(rows and list(rows[0]) == TABLE, f"results/comparison.csv: the columns are not {', '.join(TABLE)}")
    seeds = {row["seed"] for row in rows}
    promise(len(seeds) >= LEAST_SEEDS, f"results/comparison.csv has {len(seeds)} seeds; {LEAST_SEEDS} are the least")
    pairs = sorted((row["approach"], row["seed"]) for row in rows)
    promise(
        pairs == sorted((approach, seed) for approach in APPROACHES for seed in seeds),
        "results/comparison.csv has not a row for each approach and seed",
    )
    for place in np.random.default_rng(draw.seed()).permutation(len(rows))[:TRAINED_AGAIN]:
        row = rows[place]
        try:
            seed, accuracy, parameters = int(row["seed"]), float(row["accuracy"]), float(row["trainable_parameters"])
        except (TypeError, ValueError):
            raise AssertionError(f"results/comparison.csv, row {place + 1}: {row} are no numbers") from None
        found = kata.run(probes.trained_again, row["approach"], seed)
        who = f"results/comparison.csv: {row['approach']}, seed {seed}"
        promise(
            parameters == found["parameters"], f"{who}: {parameters:g} parameters, {found['parameters']} are trained"
        )
        again = float(np.mean(found["logits"].argmax(axis=1) == found["labels"]))
        promise(
            abs(accuracy - again) <= ELSEWHERE, f"{who}: it says {accuracy:.1%}, and trained again it has {again:.1%}"
        )


POINTS = {
    "feature extraction": r"extract",
    "fine-tuning": r"fine[- ]?tun",
    "training from scratch": r"scratch",
    "the number of images": r"\d+[^.]{0,30}\b(images|photos|pictures|examples)\b|few (images|photos|pictures|examples)",
    "how alike source and target are": r"\bsource\b|\balike\b|\bsimilar|\bdifferent (task|domain|kind)|resembl",
    "numbers that were measured": r"\d\s*%|0\.\d",
}


@task("recommendations")
def test_the_recommendations_speak_of_the_main_points(kata: Any) -> None:
    assert_prose(kata.text("recommendations.md"), "recommendations.md", words=150, points=POINTS)
