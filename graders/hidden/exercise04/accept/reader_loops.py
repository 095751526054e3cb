# Python lists, loops and the math module, with a function for one sample.
# independent
import math

import numpy as np


def softmax_one(row):
    biggest = max(row)
    es = [math.exp(l - biggest) for l in row]
    total = sum(es)
    return [e / total for e in es]


def loss_one(row, t):
    biggest = max(row)
    total = 0.0
    for l in row:
        total += math.exp(l - biggest)
    return math.log(total) - (row[t] - biggest)


def softmax(logits):
    dtype = np.float32 if logits.dtype == np.float32 else np.float64
    rows = logits.reshape(-1, logits.shape[-1]).tolist()
    answer = [softmax_one(row) for row in rows]
    return np.array(answer, dtype=dtype).reshape(logits.shape)


def cross_entropy(logits, target):
    if logits.ndim == 1:
        return loss_one(logits.tolist(), target)
    losses = []
    for row, t in zip(logits.tolist(), target):
        losses.append(loss_one(row, t))
    return sum(losses) / len(losses)
