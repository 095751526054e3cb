# Typed in a hurry: one branch for each number of axes.
# independent
import numpy as np


def softmax(logits: np.ndarray) -> np.ndarray:
    logits = np.array(logits, dtype=np.float64)
    if logits.ndim == 1:
        e = np.exp(logits - logits.max())
        return e / e.sum()
    elif logits.ndim == 3:
        return np.array([softmax(l) for l in logits])
    elif logits.ndim == 2:
        e = np.exp(logits - logits.max(axis=1).reshape(-1, 1))
        return e / e.sum(axis=1).reshape(-1, 1)


def cross_entropy(logits, target) -> float:
    p = softmax(logits)
    if p.ndim == 1:
        return float(-np.log(p[target]))
    m = target.shape[0]
    log_likelihood = -np.log(p[range(m), target])
    loss = np.sum(log_likelihood) / m
    return float(loss)
