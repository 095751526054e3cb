# The probabilities are written into an array that every call reuses, so the next call overwrites them.
# task: inputs
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


kept = {}


def softmax(logits):
    z = floating(logits)
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    answer = kept.setdefault((z.shape, z.dtype), np.empty_like(z))
    return np.divide(e, e.sum(axis=-1, keepdims=True), out=answer)


def cross_entropy(logits, target):
    z = floating(logits)
    z = z - z.max(axis=-1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=-1, keepdims=True))
    return -np.take_along_axis(log_p, np.expand_dims(target, -1), axis=-1).mean()
