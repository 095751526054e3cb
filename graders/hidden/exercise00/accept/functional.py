# map, reduce, zip and vectorize.
# independent
from functools import partial, reduce
from itertools import repeat, starmap
from operator import add, itemgetter, mul, truediv

import numpy as np


def rows(function):
    return lambda table, *others: np.array(list(map(function, table, *others)))


def transposed(table):
    return np.array(list(zip(*table)))


def add_row(table, row):
    return rows(add)(table, repeat(row))


def add_column(table, column):
    return rows(add)(table, column)


def outer_product(a, b):
    return rows(partial(mul, b))(a)


def centre_columns(table):
    return transposed(rows(lambda column: column - reduce(add, column) / len(column))(table.T))


def normalise_rows(table):
    return rows(lambda row: truediv(row, reduce(add, row)))(table)


def largest_columns(table):
    return np.fromiter((max(enumerate(row), key=itemgetter(1))[0] for row in table), dtype=np.int16)


def one_hot(labels, n_classes):
    return rows(lambda label: [float(label == c) for c in range(n_classes)])(labels)


def pick_one_per_row(table, columns):
    return np.fromiter(starmap(lambda row, column: row[column], zip(table, columns)), dtype=float)


def take_rows(table, ids):
    return rows(table.__getitem__)(ids)


def windows(x, size):
    return np.array(list(zip(*(x[i:] for i in range(size)))))


def keep_where(x, mask, otherwise):
    return np.vectorize(lambda number, keep: number if keep else otherwise, otypes=[float])(x, mask)


def causal_mask(n):
    return np.fromfunction(lambda i, j: j <= i, (n, n))


def swap_last_axes(x):
    return np.vectorize(transposed, signature="(n,m)->(m,n)")(x)


def into_heads(x, n_heads):
    size = x.shape[1] // n_heads
    return np.array([[row[h * size : (h + 1) * size] for row in x] for h in range(n_heads)])


def multiply_each(a, b):
    return np.array(list(map(np.matmul, a, b)))
