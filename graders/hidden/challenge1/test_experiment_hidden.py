"""Test that an experiment trains correctly and that its frame records the training."""

from __future__ import annotations

from typing import Any

import numpy as np

from graders.checks import Mismatch, about, assert_equal, cases, task
from graders.hidden.challenge1 import reference
from graders.hidden.challenge1.reference import Close, assert_layers, assert_near

COLUMNS = ["step", "layer", "gradient_norm", "loss"]
N_LAYERS = 15


def drawn_experiment(draw: Any) -> tuple[np.ndarray, np.ndarray, str, dict[str, Any]]:
    """Draw X, y with all ten classes, an activation, and settings whose batches hold at most half of the rows."""
    per_batch, n = draw.choice([(10, 40), (20, 40), (16, 50), (12, 30)])
    X = draw.uniform(0.0, 1.0, n, draw.sizes("n_inputs", 6, 30), dtype=np.float32)
    y = np.random.default_rng(draw.seed()).permutation(np.arange(n) % 10)
    activation = ("sigmoid", "relu")[draw.case % 2]
    learning_rate = draw.uniform(0.2, 1.0) if activation == "sigmoid" else draw.uniform(0.005, 0.05)
    settings = {"n_steps": draw.sizes("n_steps", 2, 6), "learning_rate": learning_rate, "batch_size": per_batch}
    return X, y, activation, settings | {"seed": draw.seed()}


def columns_of(table: dict[str, Any], n_steps: int) -> dict[str, np.ndarray]:
    """Check the frame's type, column names and number of rows, and return its columns."""
    if table["type"] != "DataFrame":
        raise Mismatch(f"experiment: expected a pandas.DataFrame, got a {table['type']}", "DataFrame", table["type"])
    if table["columns"] != COLUMNS:
        raise Mismatch(f"columns: expected {COLUMNS}, got {table['columns']}", COLUMNS, table["columns"])
    columns = dict(zip(COLUMNS, table["values"], strict=True))
    if len(columns["step"]) != n_steps * N_LAYERS:
        raise Mismatch(
            f"{n_steps} steps and {N_LAYERS} layers: expected {n_steps * N_LAYERS} rows, got {len(columns['step'])}"
        )
    steps, layers = np.divmod(np.arange(n_steps * N_LAYERS), N_LAYERS)
    for name, expected in (("step", steps), ("layer", layers + 1)):
        if not np.array_equal(columns[name], expected):
            said = f"column {name} is wrong: sort the rows by step (from 0) and then by layer (from 1)"
            raise Mismatch(said, expected, columns[name])
    return columns


@task("experiment")
@cases(4)
def test_the_frame_matches_the_training_steps(kata: Any, draw: Any, probes: Any) -> None:
    X, y, activation, settings = drawn_experiment(draw)
    run = kata.run(probes.experiment, X, y, activation, settings)
    columns = columns_of(run["frame"], settings["n_steps"])
    steps = run["steps"]
    assert len(steps) == settings["n_steps"], (
        f"experiment(n_steps={settings['n_steps']}) called train_step {len(steps)} times; expected one call per step"
    )
    sizes = [X.shape[1], *[32] * (N_LAYERS - 1), 10]
    fresh = assert_layers(run["fresh"], sizes)
    left = [(Close(W, 0 * W), Close(b, 0 * b)) for W, b in fresh]
    for number, step in enumerate(steps):
        rows, classes, learning_rate = step["batch"]
        assert_batch(rows, classes, X, y, settings["batch_size"])
        if number:
            same = rows_taken(step) == rows_taken(steps[number - 1])
            assert not same, "two steps use the same rows; draw a new batch for each step"
        rate = settings["learning_rate"]
        right = abs(learning_rate - rate) <= 1e-6 * rate
        assert right, f"step {number} used the learning rate {learning_rate}; expected {rate}"
        parameters = assert_layers(step["parameters"], sizes)
        for layer, (pair, expected_pair) in enumerate(zip(parameters, left, strict=True), start=1):
            for name, array, wanted in zip("Wb", pair, expected_pair, strict=True):
                assert_near(f"{name} of layer {layer} before step {number}", array, wanted)
        expected = reference.step(parameters, rows, classes, activation)
        left = reference.after_step(parameters, expected, settings["learning_rate"])
        its = columns["step"] == number
        assert_near(f"gradient_norm of step {number}", columns["gradient_norm"][its].astype(float), expected.norms)
        loss = Close(*(np.full(N_LAYERS, part) for part in expected.loss))
        assert_near(f"loss of step {number}", columns["loss"][its].astype(float), loss)


def assert_batch(rows: np.ndarray, classes: np.ndarray, X: np.ndarray, y: np.ndarray, batch_size: int) -> None:
    """Check that a batch has the right size, and that its rows come from X, with the right classes."""
    found = len(rows)
    assert found == batch_size, f"a batch has {found} rows; expected {batch_size}, the batch_size"
    class_of = {row.tobytes(): int(number) for row, number in zip(X, y, strict=True)}
    right = [class_of.get(row.tobytes()) for row in rows.astype(np.float32)]
    strangers, misplaced = right.count(None), int(np.sum(np.array(right) != classes))
    assert strangers == 0, f"a batch has {strangers} rows that are not rows of X"
    assert misplaced == 0, f"a batch has {misplaced} rows of X with the classes of other rows"


def rows_taken(step: dict[str, Any]) -> list[bytes]:
    """Return the rows of a step's batch as sorted byte strings."""
    rows, *_ = step["batch"]
    return sorted(row.tobytes() for row in rows.astype(np.float32))


@task("seeds")
def test_the_seed_alone_decides_the_experiment(kata: Any, draw: Any, probes: Any) -> None:
    X, y, activation, settings = drawn_experiment(draw)
    tables = kata.run(probes.frames, X, y, activation, [settings, settings, settings | {"seed": settings["seed"] + 1}])
    first, again, other = (columns_of(table, settings["n_steps"]) for table in tables)
    with about("experiment, called twice with the same seed"):
        assert_equal(again, first)
    same = np.array_equal(first["gradient_norm"], other["gradient_norm"])
    assert not same, "two seeds give the same experiment; expected different norms"
    run, elsewhere = (
        kata.run(probes.experiment, X, y, activation, settings | {"seed": settings["seed"] + more}) for more in (0, 1)
    )
    taken = [[rows_taken(step) for step in each["steps"]] for each in (run, elsewhere)]
    same = taken[0] == taken[1]
    assert not same, "two seeds draw the same rows; the seed should decide which rows are drawn"
    assert not run["touched"], f"experiment changed a global random generator: {', '.join(run['touched'])}"
    with about("X and y after experiment"):
        assert_equal([run["X"], run["y"]], [X, y])
