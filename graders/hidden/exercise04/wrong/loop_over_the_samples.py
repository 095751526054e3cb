# A Python loop goes through the samples of softmax: operations on whole arrays compute all of them.
# task: speed
import numpy as np


def softmax(logits):
    if logits.ndim > 1:
        return np.array([softmax(row) for row in logits])
    e = np.exp(logits - logits.max())
    return e / e.sum()


def cross_entropy(logits, target):
    z = logits - logits.max(axis=-1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=-1, keepdims=True))
    return -np.take_along_axis(log_p, np.expand_dims(target, -1), axis=-1).mean()
