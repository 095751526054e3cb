# Lists only: recursion over the leading axes, products with zip, and math.exp.
# independent
import math

import numpy as np


def transposed(rows):
    return [list(column) for column in zip(*rows)]


def matmul(a, b):
    columns = transposed(b)
    return [[sum(x * y for x, y in zip(row, column)) for column in columns] for row in a]


def depth(x):
    n = 0
    while isinstance(x, list):
        x = x[0]
        n += 1
    return n


def split_lists(x, n_heads):
    if depth(x) > 2:
        return [split_lists(part, n_heads) for part in x]
    d = len(x[0]) // n_heads
    return [[row[h * d : (h + 1) * d] for row in x] for h in range(n_heads)]


def merge_lists(x):
    if depth(x) > 3:
        return [merge_lists(part) for part in x]
    return [sum((head[t] for head in x), []) for t in range(len(x[0]))]


def attend_lists(q, k, v, causal):
    if depth(q) > 2:
        parts = [attend_lists(*each, causal) for each in zip(q, k, v)]
        return [y for y, _ in parts], [w for _, w in parts]
    root = math.sqrt(len(q[0]))
    weights = []
    for i, row in enumerate(matmul(q, transposed(k))):
        row = [math.exp(s / root) if not causal or j <= i else 0.0 for j, s in enumerate(row)]
        weights.append([e / sum(row) for e in row])
    return matmul(weights, v), weights


def gradient_lists(dy, q, k, v, w):
    if depth(q) > 2:
        return transposed([gradient_lists(*each) for each in zip(dy, q, k, v, w)])
    root = math.sqrt(len(q[0]))
    ds = []
    for w_row, dw_row in zip(w, matmul(dy, transposed(v))):
        mean = sum(a * b for a, b in zip(w_row, dw_row))
        ds.append([a * (b - mean) / root for a, b in zip(w_row, dw_row)])
    return [matmul(ds, k), matmul(transposed(ds), q), matmul(transposed(w), dy)]


def split_heads(x, n_heads):
    return np.array(split_lists(x.tolist(), n_heads))


def merge_heads(x):
    return np.array(merge_lists(x.tolist()))


def attention(q, k, v, causal=True):
    y, weights = attend_lists(q.tolist(), k.tolist(), v.tolist(), causal)
    return np.array(y), np.array(weights)


def attention_gradient(dy, q, k, v, weights, causal=True):
    dq, dk, dv = gradient_lists(dy.tolist(), q.tolist(), k.tolist(), v.tolist(), weights.tolist())
    return np.array(dq), np.array(dk), np.array(dv)
