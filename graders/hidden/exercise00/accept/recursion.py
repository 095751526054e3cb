# Recursion and map: the first row, and then the rest.
# without: speed
import numpy as np


def add_row(table, row):
    return np.array(list(map(lambda line: line + row, table)))


def add_column(table, column):
    return np.array(list(map(np.add, table, column)))


def outer_product(a, b):
    return (a[0] * b)[None] if len(a) == 1 else np.append(outer_product(a[:1], b), outer_product(a[1:], b), axis=0)


def centre_columns(table):
    return np.column_stack([column - np.mean(column) for column in table.T])


def normalise_rows(table):
    return np.apply_along_axis(lambda row: row / row.sum(), 1, table)


def largest_columns(table):
    return np.apply_along_axis(np.argmax, 1, table)


def one_hot(labels, n_classes):
    row = [0.0] * n_classes
    row[labels[0]] = 1.0
    return np.array([row]) if len(labels) == 1 else np.vstack([[row], one_hot(labels[1:], n_classes)])


def pick_one_per_row(table, columns):
    return np.choose(columns, table.T) if table.shape[1] < 32 else np.array([*map(np.ndarray.item, table, columns)])


def take_rows(table, ids):
    return np.concatenate([table[k : k + 1] for k in ids])


def windows(x, size):
    return x[None] if len(x) == size else np.vstack([x[:size], windows(x[1:], size)])


def keep_where(x, mask, otherwise):
    return np.vectorize(lambda number, keep: float(number) if keep else otherwise)(x, mask)


def causal_mask(n):
    if n == 1:
        return np.ones((1, 1))
    return np.block([[causal_mask(n - 1), np.zeros((n - 1, 1))], [np.ones((1, n))]])


def swap_last_axes(x):
    return x.T if x.ndim == 2 else np.stack([swap_last_axes(part) for part in x])


def into_heads(x, n_heads):
    if n_heads == 1:
        return x[None]
    width = x.shape[1] // n_heads
    return np.concatenate([x[None, :, :width], into_heads(x[:, width:], n_heads - 1)])


def multiply_each(a, b):
    product = np.tensordot(a, b, axes=(2, 1))  # every matrix of a with every matrix of b
    return product[np.arange(len(a)), :, np.arange(len(a))]
