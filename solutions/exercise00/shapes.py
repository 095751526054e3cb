"""Exercise 0: fifteen functions on arrays, each of which fits on one line."""

import numpy as np

# ---------------------------------------------------------------------------------------- broadcasting


def add_row(table: np.ndarray, row: np.ndarray) -> np.ndarray:
    """Return table + row. Shapes (n, m) and (m,) → (n, m): the row is repeated downwards."""
    return table + row


def add_column(table: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Return table + column. Shapes (n, m) and (n, 1) → (n, m): the column is repeated to the right."""
    return table + column[:, None]


def outer_product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return a[i] b[j] at (i, j). Shapes (n, 1) and (m,) → (n, m): both are repeated."""
    return a[:, None] * b


# --------------------------------------------------------------------------------------- along an axis


def centre_columns(table: np.ndarray) -> np.ndarray:
    """Return table less the mean of each column. Shapes (n, m) and (m,) → (n, m)."""
    return table - table.mean(axis=0)


def normalise_rows(table: np.ndarray) -> np.ndarray:
    """Return table divided by the sum of each row. Shapes (n, m) and (n, 1) → (n, m)."""
    return table / table.sum(axis=1, keepdims=True)


def largest_columns(table: np.ndarray) -> np.ndarray:
    """Return the column of each row's largest number, (n,)."""
    return table.argmax(axis=1)


# ---------------------------------------------------------------------- picking with arrays of numbers


def one_hot(labels: np.ndarray, n_classes: int) -> np.ndarray:
    """Return the rows of the identity matrix that belong to the labels, (n, n_classes)."""
    return np.eye(n_classes)[labels]


def pick_one_per_row(table: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return table[0, columns[0]], table[1, columns[1]] …, (n,)."""
    return table[np.arange(len(table)), columns]


def take_rows(table: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Return table[ids[0]], table[ids[1]] …, (k, m)."""
    return table[ids]


def windows(x: np.ndarray, size: int) -> np.ndarray:
    """Return x[i + j] at (i, j), (n - size + 1, size)."""
    return x[np.arange(len(x) - size + 1)[:, None] + np.arange(size)]


# ----------------------------------------------------------------------------------------------- masks


def keep_where(x: np.ndarray, mask: np.ndarray, otherwise: float) -> np.ndarray:
    """Return x where mask is True, else `otherwise`."""
    return np.where(mask, x, otherwise)


def causal_mask(n: int) -> np.ndarray:
    """Return whether j <= i at (i, j), (n, n)."""
    return np.arange(n) <= np.arange(n)[:, None]


# ------------------------------------------------------------------ axes swapped, split and multiplied


def swap_last_axes(x: np.ndarray) -> np.ndarray:
    """Return x with its last two axes swapped, (…, n, m) → (…, m, n)."""
    return x.swapaxes(-1, -2)


def into_heads(x: np.ndarray, n_heads: int) -> np.ndarray:
    """Return (tokens, features) → (tokens, n_heads, features // n_heads) → (n_heads, tokens, features // n_heads)."""
    return x.reshape(len(x), n_heads, -1).swapaxes(0, 1)


def multiply_each(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return a[0] @ b[0], a[1] @ b[1] …, (pairs, n, m)."""
    return a @ b
