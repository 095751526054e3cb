# Column by column, with apply_along_axis and stacks.
# independent
import numpy as np


def add_row(table, row):
    result = table.copy()
    for j in range(table.shape[1]):
        result[:, j] = result[:, j] + row[j]
    return result


def add_column(table, column):
    result = table.copy()
    for j in range(table.shape[1]):
        result[:, j] = result[:, j] + column
    return result


def outer_product(a, b):
    return np.column_stack([a * number for number in b])


def centre_columns(table):
    return np.apply_along_axis(lambda column: column - column.mean(), 0, table)


def normalise_rows(table):
    return np.apply_along_axis(lambda row: row / row.sum(), 1, table)


def largest_columns(table):
    return np.array([np.argmax(row) for row in table])


def one_hot(labels, n_classes):
    return np.column_stack([labels == c for c in range(n_classes)])


def pick_one_per_row(table, columns):
    return np.array([row[column] for row, column in zip(table, columns)])


def take_rows(table, ids):
    return np.vstack([table[i] for i in ids])


def windows(x, size):
    last = len(x) - size + 1
    return np.column_stack([x[shift : shift + last] for shift in range(size)])


def keep_where(x, mask, otherwise):
    result = x.copy()
    result[~mask] = otherwise
    return result


def causal_mask(n):
    rows = np.repeat(np.arange(n), n).reshape(n, n)
    columns = np.tile(np.arange(n), (n, 1))
    return columns <= rows


def swap_last_axes(x):
    if x.ndim == 2:
        return x.T
    return np.array([swap_last_axes(part) for part in x])


def into_heads(x, n_heads):
    return np.array(np.split(x, n_heads, axis=1))


def multiply_each(a, b):
    return np.array([np.dot(left, right) for left, right in zip(a, b)])
