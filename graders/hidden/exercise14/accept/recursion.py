# Recursion over the leading axes, and the whole Jacobian of the softmax for every row.
import numpy as np


def split_heads(x, n_heads):
    if x.ndim > 2:
        return np.array([split_heads(part, n_heads) for part in x])
    return np.array(np.hsplit(x, n_heads))


def merge_heads(x):
    if x.ndim > 3:
        return np.array([merge_heads(part) for part in x])
    return np.hstack(list(x))


def attention(q, k, v, causal=True):
    if q.ndim > 2:
        parts = [attention(*arrays, causal) for arrays in zip(q, k, v)]
        return np.array([y for y, _ in parts]), np.array([w for _, w in parts])
    s = q @ k.T / float(np.sqrt(q.shape[1]))
    if causal:
        s[np.triu_indices(len(s), 1)] = -np.inf
    w = np.array([np.exp(row - max(row)) / sum(np.exp(row - max(row))) for row in s])
    return w @ v, w


def attention_gradient(dy, q, k, v, weights, causal=True):
    if q.ndim > 2:
        parts = [attention_gradient(*arrays) for arrays in zip(dy, q, k, v, weights)]
        return tuple(np.array(list(each)) for each in zip(*parts))
    dw = dy @ v.T
    ds = np.array([(np.diag(p) - np.outer(p, p)) @ g for p, g in zip(weights, dw)]) / float(np.sqrt(q.shape[1]))
    return ds @ k, ds.T @ q, weights.T @ dy
