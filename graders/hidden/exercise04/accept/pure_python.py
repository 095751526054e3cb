# Loops and the math module, converted to the promised dtype at the end.
# without: speed
import math

import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def log_softmax(row):
    largest = max(row)
    log_total = math.log(math.fsum(math.exp(v - largest) for v in row))
    return [v - largest - log_total for v in row]


def softmax(logits):
    z = floating(logits)
    rows = [[math.exp(v) for v in log_softmax(row)] for row in z.reshape(-1, z.shape[-1]).tolist()]
    return np.array(rows, dtype=z.dtype).reshape(z.shape)


def cross_entropy(logits, target):
    rows = floating(np.atleast_2d(logits)).tolist()
    targets = np.atleast_1d(target).tolist()
    return math.fsum(-log_softmax(row)[t] for row, t in zip(rows, targets)) / len(rows)
