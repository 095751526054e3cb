# A small number is added to p inside the logarithm, which keeps the loss below -log of that number.
# task: loss
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def softmax(logits):
    z = floating(logits)
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def cross_entropy(logits, target):
    p = softmax(logits)
    picked = np.take_along_axis(p, np.expand_dims(target, -1), axis=-1)
    return -np.log(picked + 1e-12).mean()
