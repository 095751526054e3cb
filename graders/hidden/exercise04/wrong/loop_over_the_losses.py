# A Python loop adds up the losses of the samples: operations on whole arrays compute all of them.
# task: speed
import numpy as np


def softmax(logits):
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def cross_entropy(logits, target):
    if logits.ndim == 2:
        return sum(cross_entropy(row, t) for row, t in zip(logits, target)) / len(logits)
    z = logits - logits.max()
    return np.log(np.exp(z).sum()) - z[target]
