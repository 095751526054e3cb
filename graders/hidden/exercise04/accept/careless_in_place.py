# Shifts the logits in place, so the caller's array changes; one-hot targets times log p.
# core only
import numpy as np


def softmax(logits):
    logits -= logits.max(axis=-1, keepdims=True)
    e = np.exp(logits)
    return e / e.sum(axis=-1, keepdims=True)


def cross_entropy(logits, target):
    one_hot = np.eye(logits.shape[-1])[target]
    loss = -np.sum(one_hot * np.log(softmax(logits)), axis=-1)
    return np.mean(loss)
