"""Exercise 1: the affine layer."""

import numpy as np


def affine(W: np.ndarray, x: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Affine map z = W x + b; a batch is mapped row by row.

    Arguments:
        W: weights, shape (out, in).
        x: one vector, shape (in,), or a batch, shape (n, in).
        b: bias, shape (out,).

    Returns:
        z of shape (out,) for one vector, (n, out) for a batch. float32 stays float32, float64 stays
        float64, integers count as float64. The arguments are not modified.

    Errors:
        Shapes that do not fit together raise whatever NumPy raises.

    The same as torch.nn.functional.linear(x, W, b).
    """
    raise NotImplementedError
