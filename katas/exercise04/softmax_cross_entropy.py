"""Exercise 4: softmax and cross-entropy."""

import numpy as np


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities p_i = exp(l_i) / sum_j exp(l_j) over the last axis.

    Arguments:
        logits: shape (classes,), (n, classes), or more axes with the classes last.

    Returns:
        An array of the same shape, positive or zero, whose sum over the last axis is 1. float32 stays float32,
        float64 stays float64, integers count as float64. Exact for logits of +-10 000 too; logits are not modified.

    The same as torch.nn.functional.softmax(logits, dim=-1).
    """
    raise NotImplementedError


def cross_entropy(logits: np.ndarray, target: int | np.ndarray) -> float:
    """Cross-entropy of softmax(logits) and the target class, -log p_target; of a batch the mean over the samples.

    Arguments:
        logits: shape (classes,) for one sample, (n, classes) for a batch.
        target: an int in [0, classes) for one sample, integers of shape (n,) for a batch.

    Returns:
        A float. Exact for logits of +-10 000 too. The arguments are not modified.

    The same as torch.nn.functional.cross_entropy(logits, target).
    """
    raise NotImplementedError
