# Transposed throughout: scores with the keys as rows, the softmax over axis -2, and one transposition at the end.
import numpy as np


def T(a):
    return np.swapaxes(a, -1, -2)


def split_heads(x, n_heads):
    columns = T(x)
    return T(columns.reshape(columns.shape[:-2] + (n_heads, -1, columns.shape[-1])))


def merge_heads(x):
    columns = T(x)
    return T(columns.reshape(columns.shape[:-3] + (-1, columns.shape[-1])))


def attention(q, k, v, causal=True):
    scores = k @ T(q) / float(q.shape[-1]) ** 0.5
    if causal:
        scores = np.where(np.tri(*scores.shape[-2:], -1, dtype=bool), -np.inf, scores)
    e = np.exp(scores - scores.max(-2, keepdims=True))
    columns = e / e.sum(-2, keepdims=True)
    return T(T(v) @ columns), T(columns)


def attention_gradient(dy, q, k, v, weights, causal=True):
    columns, d = T(weights), v @ T(dy)
    g = columns * (d - np.sum(columns * d, axis=-2, keepdims=True)) / float(q.shape[-1]) ** 0.5
    return T(T(k) @ g), g @ q, columns @ dy
