# Loops over leading axes, queries and keys with Python floats, and lists inside.
# core only
import math

import numpy as np


def split_heads(x, n_heads):
    size = x.shape[-1] // n_heads
    return np.stack([x[..., h * size : (h + 1) * size] for h in range(n_heads)], axis=-3)


def merge_heads(x):
    return np.concatenate([x[..., h, :, :] for h in range(x.shape[-3])], axis=-1)


def of_a_head(q, k, v, causal):
    d = len(q[0])
    rows, answers = [], []
    for i, query in enumerate(q.tolist()):
        seen = range(i + 1) if causal else range(len(k))
        e = [math.exp(sum(query[f] * float(k[j][f]) for f in range(d)) / d**0.5) for j in seen]
        row = [value / sum(e) for value in e] + [0.0] * (len(k) - len(seen))
        rows.append(row)
        answers.append([sum(w * float(v[j][f]) for j, w in enumerate(row)) for f in range(len(v[0]))])
    return answers, rows


def attention(q, k, v, causal=True):
    leading = q.shape[:-2]
    y = np.zeros(q.shape)
    weights = np.zeros((*leading, q.shape[-2], k.shape[-2]))
    for place in np.ndindex(*leading):
        y[place], weights[place] = of_a_head(q[place], k[place], v[place], causal)
    return y, weights


def attention_gradient(dy, q, k, v, weights, causal=True):
    dq, dk, dv = np.zeros(q.shape), np.zeros(k.shape), np.zeros(v.shape)
    root = q.shape[-1] ** 0.5
    for place in np.ndindex(*q.shape[:-2]):
        for i in range(q.shape[-2]):
            row = weights[place][i]
            dw = [float(dy[place][i] @ v[place][j]) for j in range(len(row))]
            mean = sum(w * d for w, d in zip(row, dw))
            for j, w in enumerate(row):
                ds = w * (dw[j] - mean) / root
                dq[place][i] += ds * k[place][j]
                dk[place][j] += ds * q[place][i]
                dv[place][j] += w * dy[place][i]
    return dq, dk, dv
