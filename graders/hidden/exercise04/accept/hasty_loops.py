# Typed in a hurry: Python loops.
# independent
import math

import numpy as np


def softmax(logits):
    if logits.ndim > 1:
        return np.array([softmax(row) for row in logits])
    exps = [math.exp(l) for l in logits]
    total = sum(exps)
    return np.array([e / total for e in exps])


def cross_entropy(logits, target):
    if logits.ndim == 1:
        return -math.log(softmax(logits)[target])
    loss = 0
    for row, t in zip(logits, target):
        loss += -math.log(softmax(row)[t])
    return loss / len(target)
