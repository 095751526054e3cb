# The loss is computed from the last argument of softmax; cross_entropy should use its own logits.
# task: inputs
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


last = {}


def softmax(logits):
    z = last[logits.shape] = floating(logits).copy()
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def cross_entropy(logits, target):
    z = last.get(logits.shape, floating(logits))
    z = z - z.max(axis=-1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=-1, keepdims=True))
    return -np.take_along_axis(log_p, np.expand_dims(target, -1), axis=-1).mean()
