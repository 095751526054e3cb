# Changes its arguments in place, and calls its own functions again.
import numpy as np


def add_row(table, row):
    table += row
    return table


def add_column(table, column):
    table += np.expand_dims(column, axis=-1)
    return table


def outer_product(a, b):
    return add_column(np.zeros((len(a), len(b))), a) * b


def centre_columns(table):
    table -= table.sum(0) / len(table)
    return table


def normalise_rows(table):
    table /= table.sum(1, keepdims=True)
    return table


def largest_columns(table):
    return np.array([np.argmax(row) for row in table], dtype=np.int32)


def one_hot(labels, n_classes):
    result = np.zeros((len(labels), n_classes), dtype=np.uint8)
    result[np.arange(len(labels)), labels] = True
    return result


def pick_one_per_row(table, columns):
    return table.ravel()[np.arange(len(table)) * table.shape[1] + columns]


def take_rows(table, ids):
    return table[list(ids), :]


def windows(x, size):
    step = x.strides[0]
    return np.lib.stride_tricks.as_strided(x, (len(x) - size + 1, size), (step, step))


def keep_where(x, mask, otherwise):
    x[mask == False] = otherwise  # noqa: E712
    return x


def causal_mask(n):
    return np.tril(np.ones((n, n)))


def swap_last_axes(x):
    return np.rollaxis(x, x.ndim - 1, x.ndim - 2)


def into_heads(x, n_heads):
    tokens, features = x.shape
    return np.transpose(np.reshape(x, (tokens, n_heads, features // n_heads)), (1, 0, 2))


def multiply_each(a, b):
    out = np.empty((len(a), a.shape[1], b.shape[2]))
    for i, (left, right) in enumerate(zip(a, b, strict=True)):
        out[i] = left.dot(right)
    return out
