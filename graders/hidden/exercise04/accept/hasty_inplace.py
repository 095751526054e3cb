# Typed in a hurry: in place.
# independent
import numpy as np


def softmax(logits):
    logits -= logits.max(axis=-1, keepdims=True)
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=-1, keepdims=True)
    return logits


def cross_entropy(logits, target):
    p = softmax(logits)
    if isinstance(target, int):
        return -np.log(p[target])
    return -np.log(p[np.arange(len(p)), target]).mean()
