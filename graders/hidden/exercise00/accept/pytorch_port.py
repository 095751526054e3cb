# Ported from PyTorch: expanded, scattered, gathered and unfolded arrays.
# independent
import numpy as np


def unsqueeze(x, dim):
    return np.expand_dims(x, dim)


def add_row(table, row):
    return table + np.broadcast_to(row, table.shape)


def add_column(table, column):
    return table + np.broadcast_to(unsqueeze(column, 1), table.shape)


def outer_product(a, b):
    return unsqueeze(a, 1) @ unsqueeze(b, 0)


def centre_columns(table):
    return table - np.mean(table, 0, keepdims=True)


def normalise_rows(table):
    return table / np.sum(table, -1, keepdims=True)


def largest_columns(table):
    return np.argmax(table, -1)


def one_hot(labels, n_classes):
    out = np.zeros((*labels.shape, n_classes), dtype=np.int64)
    np.put_along_axis(out, unsqueeze(labels, -1), 1, -1)
    return out


def pick_one_per_row(table, columns):
    return np.take_along_axis(table, unsqueeze(columns, 1), 1).squeeze(1)


def take_rows(table, ids):
    return np.take(table, ids, 0)


def windows(x, size):
    return np.lib.stride_tricks.as_strided(
        x, shape=(x.shape[0] - size + 1, size), strides=(x.strides[0], x.strides[0]), writeable=False
    )


def keep_where(x, mask, otherwise):
    out = x.copy()
    np.putmask(out, np.logical_not(mask), otherwise)
    return out


def causal_mask(n):
    return np.tril(np.ones((n, n), dtype=np.float32))


def swap_last_axes(x):
    dims = list(range(x.ndim))
    dims[-1], dims[-2] = dims[-2], dims[-1]
    return np.transpose(x, dims)


def into_heads(x, n_heads):
    tgt_len, embed_dim = x.shape
    return np.transpose(np.reshape(x, (tgt_len, n_heads, embed_dim // n_heads)), (1, 0, 2))


def multiply_each(a, b):
    return np.matmul(a, b)
