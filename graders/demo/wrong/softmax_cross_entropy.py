"""a wrong answer: softmax normalises over the whole batch"""

import numpy as np


def softmax(logits):
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum()


def cross_entropy(logits, target):
    shifted = logits - np.max(logits, axis=-1, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    if logits.ndim == 1:
        return -log_probabilities[target]
    return -log_probabilities[np.arange(len(logits)), target].mean()
