# The probability has already become 0 when its logarithm is taken; use l_t - log sum exp l instead.
# task: extremes
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def softmax(logits):
    z = floating(logits)
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def cross_entropy(logits, target):
    p = softmax(logits)
    return -np.log(np.take_along_axis(p, np.expand_dims(target, -1), axis=-1)).mean()
