"""a right answer, in a different style from the solution's"""

import numpy as np


def softmax(logits):
    logits = logits if logits.dtype == np.float32 else np.asarray(logits, dtype=np.float64)
    return np.exp(logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True))


def cross_entropy(logits, target):
    logits = logits if logits.dtype == np.float32 else np.asarray(logits, dtype=np.float64)
    log_likelihood = logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)
    if logits.ndim == 1:
        return -log_likelihood[target]
    return -log_likelihood[np.arange(len(logits)), target].mean()
