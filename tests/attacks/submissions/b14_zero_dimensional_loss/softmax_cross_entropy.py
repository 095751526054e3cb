"""No attack: return the right loss as an array without dimensions."""

import numpy as np

from parts.loss import honest_loss, softmax


def cross_entropy(logits, target):
    return np.array(honest_loss(logits, target))
