"""Exercise 1: the affine layer."""

import numpy as np


def affine(W: np.ndarray, x: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return W x + b for one vector x, or for each row of a batch x.

    Arguments:
        W: weights, shape (out, in).
        x: one vector, shape (in,), or a batch, shape (n, in).
        b: bias, shape (out,).

    Returns:
        z: shape (out,) for one vector, (n, out) for a batch.

    Extras:
        types: if all arguments are float32, z is float32; if all are int64, z is float64.
        inputs: transposed and sliced arrays work; a call changes neither its arguments nor an earlier result.
        speed: a batch is computed at once, not in a Python loop over its rows.

    Errors:
        none are graded, so you needn't check shapes.

    This is torch.nn.functional.linear(x, W, b).
    """
    raise NotImplementedError
