# p is clipped before the logarithm, so the loss of a very unlikely class stops at a fixed number.
# task: extremes
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def softmax(logits):
    z = floating(logits)
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def cross_entropy(logits, target):
    p = np.maximum(softmax(logits), 1e-30)
    return -np.log(np.take_along_axis(p, np.expand_dims(target, -1), axis=-1)).mean()
