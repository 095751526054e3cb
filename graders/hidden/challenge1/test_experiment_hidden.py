"""Challenge 1, hidden: the frame of an experiment tells what happened, and what should have."""

from __future__ import annotations

from typing import Any

import numpy as np

from graders.checks import Mismatch, assert_equal, cases, task
from graders.hidden.challenge1 import reference
from graders.hidden.challenge1.reference import Close, assert_layers, assert_near

COLUMNS = ["step", "layer", "gradient_norm", "loss"]
N_LAYERS = 15


def drawn_experiment(draw: Any) -> tuple[np.ndarray, np.ndarray, str, dict[str, Any]]:
    """Data of all ten classes, every row another, an activation, and the settings: batches of half the rows at most."""
    per_batch, n = draw.choice([(10, 40), (20, 40), (16, 50), (12, 30)])
    X = draw.uniform(0.0, 1.0, n, draw.sizes("n_inputs", 6, 30), dtype=np.float32)
    y = np.random.default_rng(draw.seed()).permutation(np.arange(n) % 10)
    activation = ("sigmoid", "relu")[draw.case % 2]
    learning_rate = draw.uniform(0.2, 1.0) if activation == "sigmoid" else draw.uniform(0.005, 0.05)
    settings = {"n_steps": draw.sizes("n_steps", 2, 6), "learning_rate": learning_rate, "batch_size": per_batch}
    return X, y, activation, settings | {"seed": draw.seed()}


def columns_of(table: dict[str, Any], n_steps: int) -> dict[str, np.ndarray]:
    """The columns of the frame, of which there must be these four, with a row for every step and layer."""
    if table["type"] != "DataFrame":
        raise Mismatch(f"experiment must give a pandas.DataFrame, got a {table['type']}", "DataFrame", table["type"])
    if table["columns"] != COLUMNS:
        raise Mismatch(f"the columns are {table['columns']} instead of {COLUMNS}", COLUMNS, table["columns"])
    columns = dict(zip(COLUMNS, table["values"], strict=True))
    if len(columns["step"]) != n_steps * N_LAYERS:
        raise Mismatch(
            f"{n_steps} steps of {N_LAYERS} layers make {n_steps * N_LAYERS} rows; got {len(columns['step'])}"
        )
    steps, layers = np.divmod(np.arange(n_steps * N_LAYERS), N_LAYERS)
    for name, expected in (("step", steps), ("layer", layers + 1)):
        if not np.array_equal(columns[name], expected):
            raise Mismatch(f"column {name}: rows go by step, from 0, then by layer, from 1", expected, columns[name])
    return columns


@task("experiment")
@cases(4)
def test_the_frame_tells_what_happened(kata: Any, draw: Any, probes: Any) -> None:
    X, y, activation, settings = drawn_experiment(draw)
    run = kata.run(probes.experiment, X, y, activation, settings)
    columns = columns_of(run["frame"], settings["n_steps"])
    steps = run["steps"]
    assert len(steps) == settings["n_steps"], (
        f"train_step was called {len(steps)} times in an experiment of {settings['n_steps']} steps"
    )
    sizes = [X.shape[1], *[32] * (N_LAYERS - 1), 10]
    fresh = assert_layers(run["fresh"], sizes)
    left = [(Close(W, 0 * W), Close(b, 0 * b)) for W, b in fresh]
    for number, step in enumerate(steps):
        rows, classes, learning_rate = step["batch"]
        assert_batch(rows, classes, X, y, settings["batch_size"])
        if number:
            same = rows_taken(step) == rows_taken(steps[number - 1])
            assert not same, "two steps take the same rows: they are drawn anew for every step"
        rate = settings["learning_rate"]
        assert abs(learning_rate - rate) <= 1e-6 * rate, f"a step was taken at the rate {learning_rate} and not {rate}"
        parameters = assert_layers(step["parameters"], sizes)
        for layer, (pair, expected_pair) in enumerate(zip(parameters, left, strict=True), start=1):
            for name, array, right in zip("Wb", pair, expected_pair, strict=True):
                assert_near(f"{name} of layer {layer} before step {number}", array, right)
        expected = reference.step(parameters, rows, classes, activation)
        left = reference.after_step(parameters, expected, settings["learning_rate"])
        its = columns["step"] == number
        assert_near(f"gradient_norm of step {number}", columns["gradient_norm"][its].astype(float), expected.norms)
        loss = Close(*(np.full(N_LAYERS, part) for part in expected.loss))
        assert_near(f"loss of step {number}", columns["loss"][its].astype(float), loss)


def assert_batch(rows: np.ndarray, classes: np.ndarray, X: np.ndarray, y: np.ndarray, batch_size: int) -> None:
    """A batch has its size, and its rows are rows of X with their classes."""
    found = len(rows)
    assert found == batch_size, f"a step is taken on {found} rows, batch_size is {batch_size}"
    class_of = {row.tobytes(): int(number) for row, number in zip(X, y, strict=True)}
    right = [class_of.get(row.tobytes()) for row in rows.astype(np.float32)]
    strangers, misplaced = right.count(None), int(np.sum(np.array(right) != classes))
    assert strangers == 0, f"a step is taken on {strangers} rows that are not in X"
    assert misplaced == 0, f"a step is taken on {misplaced} rows of X with classes of other rows"


def rows_taken(step: dict[str, Any]) -> list[bytes]:
    """The rows of a step's batch, in an order of their own."""
    rows, *_ = step["batch"]
    return sorted(row.tobytes() for row in rows.astype(np.float32))


@task("seeds")
def test_the_seed_alone_decides_the_experiment(kata: Any, draw: Any, probes: Any) -> None:
    X, y, activation, settings = drawn_experiment(draw)
    tables = kata.run(probes.frames, X, y, activation, [settings, settings, settings | {"seed": settings["seed"] + 1}])
    first, again, other = (columns_of(table, settings["n_steps"]) for table in tables)
    assert_equal(again, first)
    same = np.array_equal(first["gradient_norm"], other["gradient_norm"])
    assert not same, "two seeds give the same experiment"
    run, elsewhere = (
        kata.run(probes.experiment, X, y, activation, settings | {"seed": settings["seed"] + more}) for more in (0, 1)
    )
    taken = [[rows_taken(step) for step in each["steps"]] for each in (run, elsewhere)]
    same = taken[0] == taken[1]
    assert not same, "two seeds take the same rows: it is the seed that draws them"
    assert not run["touched"], f"global random state was touched: {', '.join(run['touched'])}"
    assert_equal([run["X"], run["y"]], [X, y])  # arguments are left alone
