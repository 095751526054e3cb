"""Exercise 0: fifteen functions on arrays, each of which fits on one line.

All arguments and results that have a shape are NumPy arrays. To keep the examples short, they are written as lists.
"""

import numpy as np

# ---------------------------------------------------------------------------------------- broadcasting


def add_row(table: np.ndarray, row: np.ndarray) -> np.ndarray:
    """Add the same row to every row of a table.

    table (n, m), row (m,) → (n, m)

    add_row([[1, 2, 5], [5, 4, 1]], [10, 20, 30]) is [[11, 22, 35], [15, 24, 31]].
    """
    raise NotImplementedError


def add_column(table: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Add the same column to every column of a table.

    table (n, m), column (n,) → (n, m)

    add_column([[1, 2, 5], [5, 4, 1]], [10, 20]) is [[11, 12, 15], [25, 24, 21]].
    """
    raise NotImplementedError


def outer_product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Multiply each number of a by each number of b.

    a (n,), b (m,) → (n, m): a[i] * b[j] at row i, column j

    outer_product([1, 2], [10, 20, 30]) is [[10, 20, 30], [20, 40, 60]].
    torch.outer(a, b) and np.outer(a, b) compute the same.
    """
    raise NotImplementedError


# --------------------------------------------------------------------------------------- along an axis


def centre_columns(table: np.ndarray) -> np.ndarray:
    """Subtract from each column its mean.

    table (n, m) → (n, m)

    centre_columns([[1, 2, 5], [5, 4, 1]]) is [[-2, -1, 2], [2, 1, -2]].
    """
    raise NotImplementedError


def normalise_rows(table: np.ndarray) -> np.ndarray:
    """Divide each row by its sum, so that it sums to 1. No row sums to 0.

    table (n, m) → (n, m)

    normalise_rows([[1, 2, 5], [5, 4, 1]]) is [[0.125, 0.25, 0.625], [0.5, 0.4, 0.1]].
    """
    raise NotImplementedError


def largest_columns(table: np.ndarray) -> np.ndarray:
    """Return, for each row, the column of its largest number, counted from 0.

    table (n, m) → integers (n,)

    largest_columns([[1, 2, 5], [5, 4, 1]]) is [2, 0].
    torch.argmax(table, dim=1) returns the same.
    """
    raise NotImplementedError


# ---------------------------------------------------------------------- picking with arrays of numbers


def one_hot(labels: np.ndarray, n_classes: int) -> np.ndarray:
    """Return a row for each label: 1 at the label's place, 0 elsewhere.

    labels: integers (n,) from 0 to n_classes - 1 → (n, n_classes), of floats, integers or bools

    one_hot([2, 0], 3) is [[0, 0, 1], [1, 0, 0]].
    torch.nn.functional.one_hot(labels, n_classes) returns the same.
    """
    raise NotImplementedError


def pick_one_per_row(table: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return one number of each row: the one at that row's column.

    table (n, m), columns: integers (n,) from 0 to m - 1 → (n,)

    pick_one_per_row([[1, 2, 5], [5, 4, 1]], [1, 2]) is [2, 1].
    torch.gather(table, 1, columns[:, None])[:, 0] returns the same.
    """
    raise NotImplementedError


def take_rows(table: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Return the rows with these numbers, in this order. A row may be taken several times, or never.

    table (n, m), ids: integers (k,) from 0 to n - 1 → (k, m)

    take_rows([[1, 2, 5], [5, 4, 1]], [1, 0, 1]) is [[5, 4, 1], [1, 2, 5], [5, 4, 1]].
    torch.nn.functional.embedding(ids, table) returns the same.
    """
    raise NotImplementedError


def windows(x: np.ndarray, size: int) -> np.ndarray:
    """Return all pieces of `size` neighbours, one in each row: from the first number on, from the second on …

    x (n,), 1 <= size <= n → (n - size + 1, size)

    windows([1, 2, 5, 4], 2) is [[1, 2], [2, 5], [5, 4]].
    x.unfold(0, size, 1) returns the same for a torch tensor x.
    """
    raise NotImplementedError


# ----------------------------------------------------------------------------------------------- masks


def keep_where(x: np.ndarray, mask: np.ndarray, otherwise: float) -> np.ndarray:
    """Return the numbers of x where the mask is True, and the number `otherwise` where it is False.

    x of any shape, mask: bools of the same shape, otherwise: any number, even -np.inf → the same shape

    keep_where([1, 2, 5], [True, False, True], 0.0) is [1, 0, 5].
    torch.where(mask, x, otherwise) returns the same.
    """
    raise NotImplementedError


def causal_mask(n: int) -> np.ndarray:
    """Return a square table that is True where the column is not larger than the row, and False elsewhere.

    → (n, n), of bools, or of ones and zeros

    causal_mask(3) is [[True, False, False], [True, True, False], [True, True, True]].
    torch.ones(n, n).tril() has ones at the same places.
    """
    raise NotImplementedError


# ------------------------------------------------------------------ axes swapped, split and multiplied


def swap_last_axes(x: np.ndarray) -> np.ndarray:
    """Swap the last two axes; leave the others where they are.

    x (…, n, m) → (…, m, n), where … is any number of further axes, or none

    swap_last_axes([[1, 2, 5], [5, 4, 1]]) is [[1, 5], [2, 4], [5, 1]].
    x.transpose(-1, -2) does the same for a torch tensor x.
    """
    raise NotImplementedError


def into_heads(x: np.ndarray, n_heads: int) -> np.ndarray:
    """Cut each row into n_heads equal pieces. Return the first pieces of all rows, then their second pieces, and so on.

    x (tokens, features), n_heads divides features → (n_heads, tokens, features // n_heads)

    into_heads([[1, 2, 3, 4], [5, 6, 7, 8]], 2) is [[[1, 2], [5, 6]], [[3, 4], [7, 8]]].
    """
    raise NotImplementedError


def multiply_each(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the matrix product of the first matrix of a and the first of b, of the second ones, and so on.

    a (pairs, n, k), b (pairs, k, m) → (pairs, n, m)

    multiply_each([[[1, 2]], [[0, 1]]], [[[1], [10]], [[3], [4]]]) is [[[21]], [[4]]].
    torch.bmm(a, b) computes the same.
    """
    raise NotImplementedError
