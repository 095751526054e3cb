# Flat buffers and offsets, as in C.
# independent
import numpy as np


def add_row(table, row):
    n, m = table.shape
    src = table.ravel()
    dst = np.empty(n * m)
    for i in range(n * m):
        dst[i] = src[i] + row[i % m]
    return dst.reshape(n, m)


def add_column(table, column):
    n, m = table.shape
    src = table.ravel()
    dst = np.empty(n * m)
    for i in range(n * m):
        dst[i] = src[i] + column[i // m]
    return dst.reshape(n, m)


def outer_product(a, b):
    n, m = len(a), len(b)
    dst = np.empty(n * m)
    for i in range(n * m):
        dst[i] = a[i // m] * b[i % m]
    return dst.reshape(n, m)


def centre_columns(table):
    n, m = table.shape
    src = table.ravel()
    dst = np.empty(n * m)
    for j in range(m):
        total = 0.0
        for i in range(j, n * m, m):
            total += src[i]
        for i in range(j, n * m, m):
            dst[i] = src[i] - total / n
    return dst.reshape(n, m)


def normalise_rows(table):
    n, m = table.shape
    src = table.ravel()
    dst = np.empty(n * m)
    for i in range(n):
        total = 0.0
        for j in range(m):
            total += src[i * m + j]
        for j in range(m):
            dst[i * m + j] = src[i * m + j] / total
    return dst.reshape(n, m)


def largest_columns(table):
    n, m = table.shape
    src = table.ravel()
    dst = np.zeros(n, dtype=np.uint16)
    for i in range(n):
        best = 0
        for j in range(1, m):
            if src[i * m + j] > src[i * m + best]:
                best = j
        dst[i] = best
    return dst


def one_hot(labels, n_classes):
    dst = np.zeros(len(labels) * n_classes, dtype=np.uint8)
    for i in range(len(labels)):
        dst[i * n_classes + labels[i]] = 1
    return dst.reshape(len(labels), n_classes)


def pick_one_per_row(table, columns):
    n, m = table.shape
    src = table.ravel()
    dst = np.empty(n)
    for i in range(n):
        dst[i] = src[i * m + columns[i]]
    return dst


def take_rows(table, ids):
    n, m = table.shape
    src = table.ravel()
    dst = np.empty(len(ids) * m)
    for i in range(len(ids)):
        for j in range(m):
            dst[i * m + j] = src[ids[i] * m + j]
    return dst.reshape(len(ids), m)


def windows(x, size):
    count = len(x) - size + 1
    dst = np.empty(count * size)
    p = 0
    for i in range(count):
        for j in range(size):
            dst[p] = x[i + j]
            p += 1
    return dst.reshape(count, size)


def keep_where(x, mask, otherwise):
    src, bits = x.ravel(), mask.ravel()
    dst = np.empty(x.size)
    for i in range(x.size):
        dst[i] = src[i] if bits[i] else otherwise
    return dst.reshape(x.shape)


def causal_mask(n):
    dst = np.zeros(n * n, dtype=np.int8)
    for i in range(n * n):
        dst[i] = i % n <= i // n
    return dst.reshape(n, n)


def swap_last_axes(x):
    n, m = x.shape[-2:]
    src = x.ravel()
    dst = np.empty(x.size)
    for start in range(0, x.size, n * m):
        for i in range(n):
            for j in range(m):
                dst[start + j * n + i] = src[start + i * m + j]
    return dst.reshape(x.shape[:-2] + (m, n))


def into_heads(x, n_heads):
    tokens, features = x.shape
    d = features // n_heads
    src = x.ravel()
    dst = np.empty(x.size)
    p = 0
    for h in range(n_heads):
        for t in range(tokens):
            for c in range(d):
                dst[p] = src[t * features + h * d + c]
                p += 1
    return dst.reshape(n_heads, tokens, d)


def multiply_each(a, b):
    pairs, n, k = a.shape
    m = b.shape[2]
    dst = np.empty((pairs, n, m))
    for p in range(pairs):
        for i in range(n):
            for j in range(m):
                total = 0.0
                for l in range(k):
                    total += a[p, i, l] * b[p, l, j]
                dst[p, i, j] = total
    return dst
