# Columns as rows: transposed, computed, transposed back.
import numpy as np


def add_row(table, row):
    return (table.T + row[:, None]).T


def add_column(table, column):
    return (table.T + column).T


def outer_product(a, b):
    return (b[:, None] * a).T


def centre_columns(table):
    columns = table.T
    return (columns - columns.mean(axis=1)[:, None]).T


def normalise_rows(table):
    return (table.T / table.T.sum(axis=0)).T


def largest_columns(table):
    return table.T.argmax(axis=0)


def one_hot(labels, n_classes):
    return (np.arange(n_classes)[:, None] == labels).T.astype(float)


def pick_one_per_row(table, columns):
    return table.T[columns, range(len(table))]


def take_rows(table, ids):
    return table.T[:, ids].T


def windows(x, size):
    return np.array([x[j : len(x) - size + 1 + j] for j in range(size)]).T


def keep_where(x, mask, otherwise):
    return np.where(np.logical_not(mask), otherwise, x)


def causal_mask(n):
    return ~np.triu(np.ones((n, n), dtype=bool), k=1)


def swap_last_axes(x):
    return np.moveaxis(x, -1, -2)


def into_heads(x, n_heads):
    return x.T.reshape(n_heads, -1, len(x)).transpose(0, 2, 1)


def multiply_each(a, b):
    return (b.swapaxes(1, 2) @ a.swapaxes(1, 2)).swapaxes(1, 2)
