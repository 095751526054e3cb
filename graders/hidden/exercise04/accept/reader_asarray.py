# np.asarray(…, dtype=float) first, and np.atleast_2d for the loss.
# independent
"""Exercise 4: softmax and cross-entropy."""

import numpy as np


def softmax(logits: np.ndarray) -> np.ndarray:
    l = np.asarray(logits, dtype=float)
    l = l - np.max(l, axis=-1, keepdims=True)
    p = np.exp(l) / np.sum(np.exp(l), axis=-1, keepdims=True)
    if logits.dtype == np.float32:
        p = p.astype(np.float32)
    return p


def cross_entropy(logits: np.ndarray, target: int | np.ndarray) -> float:
    l = np.atleast_2d(np.asarray(logits, dtype=float))
    t = np.atleast_1d(np.asarray(target, dtype=int))
    l = l - np.max(l, axis=-1, keepdims=True)
    losses = np.log(np.sum(np.exp(l), axis=-1)) - l[np.arange(len(t)), t]
    return float(np.mean(losses))
