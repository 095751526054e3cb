# einsum wherever it can be used.
import numpy as np


def add_row(table, row):
    return table + np.einsum("i,j->ij", np.ones(len(table)), row)


def add_column(table, column):
    return table + np.einsum("i,j->ij", column, np.ones(table.shape[1]))


def outer_product(a, b):
    return np.einsum("i,j->ij", a, b)


def centre_columns(table):
    return table - np.einsum("ij->j", table) / table.shape[0]


def normalise_rows(table):
    return np.einsum("ij,i->ij", table, 1 / np.einsum("ij->i", table))


def largest_columns(table):
    return np.nanargmax(table, axis=1)


def one_hot(labels, n_classes):
    return np.equal.outer(labels, np.arange(n_classes))


def pick_one_per_row(table, columns):
    return np.einsum("ij,ij->i", table, one_hot(columns, table.shape[1]))


def take_rows(table, ids):
    return np.einsum("kn,nm->km", one_hot(ids, len(table)), table)


def windows(x, size):
    n = len(x) - size + 1
    place = np.add.outer(np.arange(n), np.arange(size))
    return np.einsum("ijk,k->ij", place[:, :, None] == np.arange(len(x)), x)


def keep_where(x, mask, otherwise):
    return np.select([mask, ~mask], [x, otherwise])


def causal_mask(n):
    return np.subtract.outer(np.arange(n), np.arange(n)) >= 0


def swap_last_axes(x):
    return np.einsum("...ij->...ji", x)


def into_heads(x, n_heads):
    return np.einsum("thf->htf", x.reshape(x.shape[0], n_heads, x.shape[1] // n_heads))


def multiply_each(a, b):
    return np.einsum("pik,pkj->pij", a, b)
