# einsum and matrices of ones and zeros.
# independent
import numpy as np

es = np.einsum


def add_row(table, row):
    return table + es("i,j->ij", np.ones(len(table)), row)


def add_column(table, column):
    return table + es("i,j->ij", column, np.ones(table.shape[1]))


def outer_product(a, b):
    return es("i,j->ij", a, b)


def centre_columns(table):
    return table - es("ij->j", table) / table.shape[0]


def normalise_rows(table):
    return es("ij,i->ij", table, 1 / es("ij->i", table))


def largest_columns(table):
    return table.argmax(-1)


def one_hot(labels, n_classes):
    return np.eye(n_classes, dtype=int)[labels]


def pick_one_per_row(table, columns):
    return es("ij,ij->i", table, np.eye(table.shape[1])[columns])


def take_rows(table, ids):
    return es("ki,ij->kj", np.eye(len(table))[ids], table)


def windows(x, size):
    return x[np.add.outer(np.arange(len(x) - size + 1), np.arange(size))]


def keep_where(x, mask, otherwise):
    return np.where(mask, x, otherwise)


def causal_mask(n):
    return np.less_equal.outer(np.arange(n), np.arange(n)).T


def swap_last_axes(x):
    return es("...ij->...ji", x)


def into_heads(x, n_heads):
    return es("thd->htd", x.reshape(len(x), n_heads, -1))


def multiply_each(a, b):
    return es("pik,pkj->pij", a, b)
