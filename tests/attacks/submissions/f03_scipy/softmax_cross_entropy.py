"""Let SciPy do it."""

import numpy as np

from parts.loss import softmax


def cross_entropy(logits, target):
    from scipy.special import logsumexp

    logits = np.atleast_2d(logits)
    return float(np.mean(logsumexp(logits, axis=1) - logits[np.arange(len(logits)), target]))
