# The largest logit was subtracted in the integers' own dtype, which may overflow: convert first.
# task: types
import numpy as np


def softmax(logits):
    z = logits
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def cross_entropy(logits, target):
    z = logits
    z = z - z.max(axis=-1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=-1, keepdims=True))
    return -np.take_along_axis(log_p, np.expand_dims(target, -1), axis=-1).mean()
