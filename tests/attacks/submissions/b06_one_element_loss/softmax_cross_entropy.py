"""Return the loss as an array of one element."""

import numpy as np

from parts.loss import honest_loss, softmax


def cross_entropy(logits, target):
    return np.array([honest_loss(logits, target)])
