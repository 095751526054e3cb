# Nested loops with running sums.
# independent
import numpy as np


def add_row(table, row):
    n, m = table.shape
    out = np.zeros((n, m))
    for i in range(n):
        for j in range(m):
            out[i, j] = table[i, j] + row[j]
    return out


def add_column(table, column):
    n, m = table.shape
    out = np.zeros((n, m))
    for i in range(n):
        for j in range(m):
            out[i, j] = table[i, j] + column[i]
    return out


def outer_product(a, b):
    out = np.zeros((len(a), len(b)))
    for i in range(len(a)):
        for j in range(len(b)):
            out[i, j] = a[i] * b[j]
    return out


def centre_columns(table):
    n, m = table.shape
    out = np.zeros((n, m))
    for j in range(m):
        mean = 0.0
        for i in range(n):
            mean += table[i, j] / n
        for i in range(n):
            out[i, j] = table[i, j] - mean
    return out


def normalise_rows(table):
    n, m = table.shape
    out = np.zeros((n, m))
    for i in range(n):
        norm = 0.0
        for j in range(m):
            norm += table[i, j]
        for j in range(m):
            out[i, j] = table[i, j] / norm
    return out


def largest_columns(table):
    out = np.zeros(len(table), dtype=int)
    for i in range(len(table)):
        for j in range(table.shape[1]):
            if table[i, j] > table[i, out[i]]:
                out[i] = j
    return out


def one_hot(labels, n_classes):
    out = np.zeros((len(labels), n_classes))
    for i in range(len(labels)):
        out[i, labels[i]] = 1.0
    return out


def pick_one_per_row(table, columns):
    out = np.zeros(len(table))
    for i in range(len(table)):
        out[i] = table[i, columns[i]]
    return out


def take_rows(table, ids):
    out = np.zeros((len(ids), table.shape[1]))
    for i in range(len(ids)):
        out[i] = table[ids[i]]
    return out


def windows(x, size):
    n = len(x) - size + 1
    out = np.zeros((n, size))
    for i in range(n):
        out[i] = x[i : i + size]
    return out


def keep_where(x, mask, otherwise):
    out = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        out[i] = x[i] if mask[i] else otherwise
    return out


def causal_mask(n):
    out = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            out[i, j] = 1.0
    return out


def swap_last_axes(x):
    out = np.zeros(x.shape[:-2] + (x.shape[-1], x.shape[-2]))
    for i in range(x.shape[-2]):
        for j in range(x.shape[-1]):
            out[..., j, i] = x[..., i, j]
    return out


def into_heads(x, n_heads):
    t, f = x.shape
    d = f // n_heads
    out = np.zeros((n_heads, t, d))
    for h in range(n_heads):
        for a in range(d):
            out[h, :, a] = x[:, h * d + a]
    return out


def multiply_each(a, b):
    P, n, K = a.shape
    m = b.shape[2]
    out = np.zeros((P, n, m))
    for p in range(P):
        for k in range(K):
            for i in range(n):
                out[p, i] += a[p, i, k] * b[p, k]
    return out
