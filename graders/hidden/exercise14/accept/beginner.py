# One head by itself with transposed tables and a loop for the mask; the other axes one after the other.
# independent
import numpy as np


def split_heads(x, n_heads):
    size = x.shape[-1] // n_heads
    pieces = []
    for number in range(n_heads):
        start = number * size
        pieces.append(x[..., start : start + size])
    return np.stack(pieces, axis=-3)


def merge_heads(x):
    pieces = []
    for number in range(x.shape[-3]):
        pieces.append(x[..., number, :, :])
    return np.concatenate(pieces, axis=-1)


def attention(q, k, v, causal=True):
    if q.ndim > 2:
        ys = []
        ws = []
        for one_q, one_k, one_v in zip(q, k, v):
            one_y, one_w = attention(one_q, one_k, one_v, causal)
            ys.append(one_y)
            ws.append(one_w)
        return np.array(ys), np.array(ws)

    scores = np.dot(q, k.T) / q.shape[1] ** 0.5
    if causal:
        for i in range(len(scores)):
            scores[i, i + 1 :] = -np.inf
    row_max = scores.max(axis=1)
    exps = np.exp((scores.T - row_max).T)
    totals = exps.sum(axis=1)
    weights = (exps.T / totals).T
    return np.dot(weights, v), weights


def attention_gradient(dy, q, k, v, weights, causal=True):
    if q.ndim > 2:
        results = []
        for parts in zip(dy, q, k, v, weights):
            results.append(attention_gradient(*parts, causal))
        dqs, dks, dvs = zip(*results)
        return np.array(dqs), np.array(dks), np.array(dvs)

    root = q.shape[1] ** 0.5
    dweights = np.dot(dy, v.T)
    row_sums = (weights * dweights).sum(axis=1)
    dscores = weights * (dweights.T - row_sums).T
    dq = np.dot(dscores, k) / root
    dk = np.dot(dscores.T, q) / root
    dv = np.dot(weights.T, dy)
    return dq, dk, dv
