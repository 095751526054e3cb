# np.zeros and loops over the rows, without shifting, and a running total for the loss.
# core only
import numpy as np


def softmax(logits):
    if logits.ndim == 1:
        return np.exp(logits) / np.sum(np.exp(logits))
    p = np.zeros(logits.shape)
    for i in range(len(logits)):
        p[i] = softmax(logits[i])
    return p


def cross_entropy(logits, target):
    if logits.ndim == 1:
        return -np.log(softmax(logits)[target])
    total = 0
    for i in range(len(logits)):
        total -= np.log(softmax(logits[i])[target[i]])
    return total / len(logits)
