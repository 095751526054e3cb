# Types, a table with named directions, and NumPy's functions instead of operators.
# independent
from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Table:
    data: Floats

    AXES = {"down": 0, "right": 1}

    @property
    def n_rows(self) -> int:
        return int(self.data.shape[0])

    @property
    def n_columns(self) -> int:
        return int(self.data.shape[1])

    def total(self, direction: Literal["down", "right"]) -> Floats:
        return np.sum(self.data, axis=self.AXES[direction], keepdims=True)

    def mean(self, direction: Literal["down", "right"]) -> Floats:
        return np.mean(self.data, axis=self.AXES[direction], keepdims=True)


def _row(x: np.ndarray) -> np.ndarray:
    return x[np.newaxis, :]


def _column(x: np.ndarray) -> np.ndarray:
    return x[:, np.newaxis]


def add_row(table: Floats, row: Floats) -> Floats:
    return np.add(table, _row(row))


def add_column(table: Floats, column: Floats) -> Floats:
    return np.add(table, _column(column))


def outer_product(a: Floats, b: Floats) -> Floats:
    return np.multiply(_column(a), _row(b))


def centre_columns(table: Floats) -> Floats:
    return table - Table(table).mean("down")


def normalise_rows(table: Floats) -> Floats:
    return table / Table(table).total("right")


def largest_columns(table: Floats) -> Ints:
    return np.argmax(table, axis=1).astype(np.int32)


def one_hot(labels: Ints, n_classes: int) -> Bools:
    return np.equal(_column(labels), _row(np.arange(n_classes)))


def pick_one_per_row(table: Floats, columns: Ints) -> Floats:
    return table[np.arange(Table(table).n_rows), columns]


def take_rows(table: Floats, ids: Ints) -> Floats:
    return np.take(table, ids, axis=0)


def windows(x: Floats, size: int) -> Floats:
    if not 1 <= size <= len(x):
        raise ValueError(f"size must be between 1 and {len(x)}, got {size}")
    starts = np.arange(len(x) - size + 1)
    return x[_column(starts) + _row(np.arange(size))]


def keep_where(x: Floats, mask: Bools, otherwise: float) -> Floats:
    result = np.full_like(x, otherwise)
    result[mask] = x[mask]
    return result


def causal_mask(n: int) -> Bools:
    return np.tril(np.ones((n, n), dtype=bool))


def swap_last_axes(x: Floats) -> Floats:
    return np.moveaxis(x, -1, -2)


def into_heads(x: Floats, n_heads: int) -> Floats:
    tokens, features = x.shape
    if features % n_heads != 0:
        raise ValueError(f"{n_heads} heads can't share {features} features")
    return x.reshape(tokens, n_heads, features // n_heads).transpose(1, 0, 2)


def multiply_each(a: Floats, b: Floats) -> Floats:
    return np.matmul(a, b)
