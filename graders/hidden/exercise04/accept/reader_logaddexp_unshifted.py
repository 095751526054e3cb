# np.logaddexp.reduce of the logits as they are, and one-hot targets.
# independent
"""Exercise 4: softmax and cross-entropy."""

import numpy as np


def log_softmax(logits):
    logits = logits * 1.0
    return logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)


def softmax(logits: np.ndarray) -> np.ndarray:
    return np.exp(log_softmax(logits))


def cross_entropy(logits: np.ndarray, target: int | np.ndarray) -> float:
    classes = logits.shape[-1]
    one_hot = np.eye(classes)[target]
    return -np.mean(np.sum(one_hot * log_softmax(logits), axis=-1))
