# The logits were negated in their own dtype, which for unsigned integers wraps around: convert first.
# task: types
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def softmax(logits):
    e = np.exp(-distances(logits))
    return e / e.sum(axis=-1, keepdims=True)


def cross_entropy(logits, target):
    d = distances(logits)
    log_p = -d - np.log(np.exp(-d).sum(axis=-1, keepdims=True))
    return -np.take_along_axis(log_p, np.expand_dims(target, -1), axis=-1).mean()


def distances(logits):
    """How far each logit lies below the largest."""
    if np.issubdtype(logits.dtype, np.unsignedinteger):
        logits = -logits
        return (logits - logits.min(axis=-1, keepdims=True)).astype(np.float64)
    z = floating(logits)
    return z.max(axis=-1, keepdims=True) - z
