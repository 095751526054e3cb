# The log-probabilities are flattened in memory order, but those of transposed logits aren't stored row by row.
# task: inputs
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def softmax(logits):
    z = floating(logits)
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def cross_entropy(logits, target):
    z = floating(logits)
    z = z - z.max(axis=-1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=-1, keepdims=True))

    if log_p.ndim == 1:
        return -log_p[target]
    return -log_p.ravel(order="K")[np.arange(len(target)) * log_p.shape[1] + target].mean()
