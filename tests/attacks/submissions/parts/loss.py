"""Honest answers to exercise04."""

import numpy as np


def softmax(logits):
    logits = np.asarray(logits)
    logits = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def honest_loss(logits, target):
    logits = np.asarray(logits)
    logits = logits if logits.dtype.kind == "f" else logits.astype(np.float64)
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    if logits.ndim == 1:
        return float(-log_p[target])
    return float(-log_p[np.arange(len(log_p)), target].mean())
