# exp overflows in the loss; subtract each sample's largest logit before the exponential.
# task: extremes
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def softmax(logits):
    z = floating(logits)
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def cross_entropy(logits, target):
    z = floating(logits)
    picked = np.take_along_axis(z, np.expand_dims(target, -1), axis=-1)[..., 0]
    return (np.log(np.exp(z).sum(axis=-1)) - picked).mean()
