"""Check the log of a search, recompute the files derived from it, and find what a trial's network predicted."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from graders.checks import Mismatch
from graders.checks.artifacts import read_csv
from graders.checks.mismatch import handed_in

Row = dict[str, Any]

LAYERS, WIDTHS, ACTIVATIONS = (2, 4, 6, 8), (32, 64, 128, 256), ("relu", "leaky_relu", "elu")
DROPOUTS, BATCHES = (0.0, 0.2, 0.5), (32, 64, 128)
SPACE = frozenset(itertools.product(LAYERS, WIDTHS, ACTIVATIONS, DROPOUTS, BATCHES))
PARTS = ("layers", "width", "activation", "dropout", "batch_size")
TRIAL = (*PARTS, "dataset", "epochs", "seed", "accuracy", "seconds", "parameters")
COLUMNS = (*TRIAL, "accuracy_per_parameter", "pareto")
_WHOLE = ("layers", "width", "batch_size", "epochs", "seed", "parameters")
_REAL = ("dropout", "accuracy", "seconds", "accuracy_per_parameter")
_TRUTH = {"true": True, "1": True, "1.0": True, "yes": True, "false": False, "0": False, "0.0": False, "no": False}
COUNTED = 0.01  # allowed difference between reported and measured accuracy, since half-precision logits may tie
SAME = 1e-6  # a relative tolerance: files have all digits of each number, but some programs round when reading


def parts_of(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in PARTS)


def identity(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the values that identify a row. No two rows of a log may agree in all of them."""
    return (*parts_of(row), row["dataset"], row["epochs"], row["seed"])


def in_words(row: Mapping[str, Any]) -> str:
    return (
        f"{row['layers']} layers of {row['width']}, {row['activation']}, dropout {row['dropout']:g}, "
        f"batches of {row['batch_size']} (seed {row['seed']})"
    )


def count(row: Mapping[str, Any], n_inputs: int, n_classes: int) -> int:
    """Return the number of weights and biases in the network of a row's architecture."""
    sizes = [n_inputs, *[row["width"]] * row["layers"], n_classes]
    return int(sum((fan_in + 1) * fan_out for fan_in, fan_out in itertools.pairwise(sizes)))


def dominating(rows: Sequence[Row]) -> np.ndarray:
    """Return a bool array (n, n) that says whether row i dominates row j.

    Row i dominates row j if it is at least as good on all three criteria and better on at least one.
    """
    costs = np.array([(-row["accuracy"], row["parameters"], row["seconds"]) for row in rows]).reshape(-1, 1, 3)
    others = costs.transpose(1, 0, 2)
    return np.asarray((costs <= others).all(axis=2) & (costs < others).any(axis=2))


def front_of(rows: Sequence[Row]) -> list[bool]:
    """Return, for each row, whether no other row dominates it, so that it is on the Pareto front."""
    return [not dominated for dominated in dominating(rows).any(axis=0).tolist()]


def same(one: object, other: object) -> bool:
    """Return whether two values of a row are the same, apart from errors in writing and reading numbers."""
    if isinstance(one, int | float) and isinstance(other, int | float) and not isinstance(one, bool):
        return not isinstance(other, bool) and math.isclose(one, other, rel_tol=SAME)
    return type(one) is type(other) and one == other


def read_rows(data: bytes | None, name: str, columns: Sequence[str], *, exactly: bool) -> list[Row]:
    """Return the rows of a CSV file, with numbers parsed. Raise Mismatch if the file is not such a table.

    The columns may be in any order. If `exactly` is true, the table must not have any other columns.
    """
    table = read_csv(handed_in(data, name), name)
    header = table[0] if table else []
    if exactly and sorted(header) != sorted(columns):
        said = f"{name} has the columns {', '.join(header)}; expected {', '.join(columns)}, in any order"
        raise Mismatch(said, list(columns), header)
    missing = [column for column in columns if column not in header]
    if missing:
        raise Mismatch(f"{name} has no column {missing[0]}", list(columns), header)
    return [
        _row(dict(zip(header, cells, strict=False)), name, number, columns) for number, cells in enumerate(table[1:], 2)
    ]


def _row(cells: Mapping[str, str], name: str, line: int, columns: Sequence[str]) -> Row:
    row: Row = {}
    for column in columns:
        text = cells.get(column, "").strip()
        try:
            row[column] = _value(column, text)
        except (ValueError, KeyError, OverflowError):
            said = f"{name}, line {line}: {column} is {text[:40]!r}, which is not a valid value"
            raise Mismatch(said, None, text[:40]) from None
    return row


def _value(column: str, text: str) -> Any:
    if column in _WHOLE:
        if float(text) != int(float(text)):
            raise ValueError
        number = int(float(text)) if "." in text else int(text)
        if abs(number) >= 1 << 63:
            raise ValueError
        return number
    if column in _REAL:
        number = float(text)
        if not math.isfinite(number):
            raise ValueError
        return number
    if column == "pareto":
        return _TRUTH[text.lower()]
    if not text:
        raise ValueError
    return text


def check_table(rows: Sequence[Row], name: str, n_inputs: int, n_classes: int = 10) -> None:
    """Check that the rows are consistent, distinct and in the search space, and that the front is right."""
    seen: dict[tuple[Any, ...], int] = {}
    for line, row in enumerate(rows, 2):
        place = f"{name}, line {line}"
        if parts_of(row) not in SPACE:
            raise Mismatch(f"{place}: {in_words(row)} is not in the search space", None, parts_of(row))
        if identity(row) in seen:
            raise Mismatch(f"{place} repeats line {seen[identity(row)]}: {in_words(row)}", None, None)
        seen[identity(row)] = line
        _check_numbers(row, place, count(row, n_inputs, n_classes))
    better_than = dominating(rows)
    for number, row in enumerate(rows):
        line, on_front = number + 2, not better_than[:, number].any()
        if row["pareto"] != on_front:
            said = "pareto is False, but no other trial dominates this one"
            if not on_front:
                better = 2 + int(better_than[:, number].argmax())
                said = f"pareto is True, but line {better} dominates this trial"
            raise Mismatch(f"{name}, line {line}: {said}: {in_words(row)}", on_front, row["pareto"])


def _check_numbers(row: Row, place: str, parameters: int) -> None:
    if row["parameters"] != parameters:
        said = f"parameters is {row['parameters']}, expected {parameters} for {in_words(row)}"
        raise Mismatch(f"{place}: {said}", parameters, row["parameters"])
    if not 0 <= row["accuracy"] <= 1:
        raise Mismatch(f"{place}: accuracy is {row['accuracy']:g}, expected 0 to 1", None, row["accuracy"])
    if row["seconds"] <= 0:
        raise Mismatch(f"{place}: seconds is {row['seconds']:g}, expected more than 0", None, row["seconds"])
    expected = row["accuracy"] / row["parameters"]
    if not math.isclose(row["accuracy_per_parameter"], expected, rel_tol=1e-4):
        said = f"accuracy_per_parameter is {row['accuracy_per_parameter']:.6g}, expected {row['accuracy']:g} / "
        raise Mismatch(f"{place}: {said}{row['parameters']} = {expected:.6g}", expected, None)


def check_best(data: bytes | None, name: str, rows: Sequence[Row]) -> None:
    """Check that a JSON list holds the five most accurate rows of the table, best first, with all fields."""
    content = handed_in(data, name)
    try:
        models = json.loads(content)
    except (ValueError, RecursionError):
        raise Mismatch(f"{name} is not valid JSON", None, None) from None
    wanted = min(5, len(rows))
    if not isinstance(models, list) or len(models) != wanted or not all(isinstance(each, dict) for each in models):
        raise Mismatch(f"{name}: expected a list of {wanted} objects", wanted, None)
    for number, model in enumerate(models, 1):
        if set(model) != set(COLUMNS):
            said = f"{name}, model {number} has the fields {', '.join(map(str, model))}; expected {', '.join(COLUMNS)}"
            raise Mismatch(said, list(COLUMNS), None)
        model["pareto"] = bool(model["pareto"]) if model["pareto"] in (0, 1) else model["pareto"]
        if not any(all(_same_in_json(key, row[key], model[key]) for key in COLUMNS) for row in rows):
            raise Mismatch(f"{name}, model {number} is not a row of experiment_log.csv", None, None)
    _check_order([model["accuracy"] for model in models], [row["accuracy"] for row in rows], name)
    if len({identity(model) for model in models}) != len(models):
        raise Mismatch(f"{name} contains one model twice", None, None)


def _same_in_json(key: str, one: object, other: object) -> bool:
    """Compare like `same`, but less precisely for quotients, because pandas' `to_json` writes ten decimal places."""
    if key == "accuracy_per_parameter" and isinstance(one, float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=1e-4, abs_tol=1e-10)
    return same(one, other)


def _check_order(found: Sequence[float], accuracies: Iterable[float], name: str) -> None:
    expected = sorted(accuracies, reverse=True)[: len(found)]
    for number, (one, other) in enumerate(zip(found, expected, strict=True), 1):
        if not same(one, other):
            said = f"the accuracy of model {number} is {one:g}, but the log, sorted by accuracy, has {other:g} there"
            raise Mismatch(f"{name}: {said}; list the most accurate rows, best first", expected, list(found))


def predictions(row: Row, trial: Row, given: np.ndarray, n_inputs: int, n_classes: int) -> np.ndarray:
    """Return the classes that a trial's network last predicted for the validation pictures, whose labels are `given`.

    Raise Mismatch if the network doesn't have the row's architecture, or if the trial reports a different accuracy.
    """
    sizes = [n_inputs, *[row["width"]] * row["layers"], n_classes]
    expected = [shape for pair in itertools.pairwise(sizes) for shape in (pair[::-1], pair[1:])]
    if sorted(map(tuple, trial["shapes"])) != sorted(expected):
        said = f"{in_words(row)}: the network that classified the validation pictures last has"
        raise Mismatch(f"{said} parameters of the shapes {trial['shapes']}", expected, trial["shapes"])
    found = [np.asarray(trial["last"][order].argmax(axis=1)) for order in orders(trial, len(given))]
    shares = [float(np.mean(predicted == given)) for predicted in found]
    off = [abs(share - trial["accuracy"]) for share in shares]
    closest = int(np.argmin(off)) if off else 0  # if several are as close, the first
    if off and off[closest] <= COUNTED:
        return found[closest]
    counted = f"its network's is {shares[0]:.3f}" if shares else "not all of them went through its network"
    reported = f"the trial reports accuracy {trial['accuracy']:.3f} on {len(given)} pictures"
    said = f"{in_words(row)}: {reported}"
    raise Mismatch(f"{said}, but {counted}", shares[0] if shares else None, trial["accuracy"])


def orders(trial: Row, n: int) -> Iterator[np.ndarray]:
    """Yield the possible positions of n pictures among the rows that went through a network after training.

    The first order matches each picture with the row that is most similar to it, because they may be shuffled. Then
    come runs of n rows in the original order, in batches of any size, with other rows before or after them.
    """
    places = np.full(n, -1)
    places[trial["like"]] = np.arange(len(trial["like"]))
    if (places >= 0).all():
        yield places
    bounds = np.concatenate([[0], np.cumsum(trial["last_rows"])])
    for start in bounds[np.isin(bounds + n, bounds)]:
        yield np.arange(start, start + n)
