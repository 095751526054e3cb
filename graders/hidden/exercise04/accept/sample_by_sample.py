# Handles one sample directly, and stacks or averages the results for more.
# without: speed
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def softmax(logits):
    if logits.ndim > 1:
        return np.stack([softmax(row) for row in logits])
    z = floating(logits)
    e = np.exp(z - np.max(z))
    return e / np.sum(e)


def cross_entropy(logits, target):
    if logits.ndim == 2:
        return np.mean([cross_entropy(row, t) for row, t in zip(logits, target)])
    z = floating(logits)
    return np.log(np.sum(np.exp(z - np.max(z)))) + np.max(z) - z[target]
