"""Exercise 4: softmax and cross-entropy."""

import numpy as np


def softmax(logits: np.ndarray) -> np.ndarray:
    """Turn logits into probabilities, p_i = exp(l_i) / sum_j exp(l_j), over the last axis.

    Arguments:
        logits: shape (classes,) for one sample, (n, classes) for a batch. There may be more axes in front; the classes
            are always last.

    Returns:
        An array of probabilities with the same shape. They sum to 1 over the last axis.

    For extra points: the result is exact for logits up to ±10 000; float32 gives float32, int64 gives float64;
    transposed and sliced arrays work; a call changes neither `logits` nor an earlier result; a batch is computed at
    once, not in a Python loop over its samples.

    This is torch.nn.functional.softmax(logits, dim=-1).
    """
    raise NotImplementedError


def cross_entropy(logits: np.ndarray, target: int | np.ndarray) -> float:
    """Return the loss -log p_target, with p = softmax(logits). For a batch, return the mean over its samples.

    Arguments:
        logits: shape (classes,) for one sample, (n, classes) for a batch.
        target: the right class, counted from 0: an int for one sample, an integer array of shape (n,) for a batch.

    Returns:
        A number, as a Python float or a NumPy float.

    For extra points: the result is exact for logits up to ±10 000; float32 and int64 logits work too, and so do
    transposed and sliced arrays; a call changes neither `logits` nor `target`; a batch is computed at once, not in a
    Python loop over its samples.

    This is torch.nn.functional.cross_entropy(logits, target).
    """
    raise NotImplementedError
