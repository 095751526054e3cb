"""Exercise 3: the forward pass of a two-layer network."""

import numpy as np


def two_layer_forward(x: np.ndarray, W1: np.ndarray, W2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return h = relu(W1 x) and y = W2 h. Shapes: x (in,) or (n, in), W1 (hidden, in), W2 (out, hidden).

    With samples as rows, W x becomes x Wᵀ. Once W1 is floating, so are h and y.
    """
    h = np.maximum(x @ floating(W1).T, 0)
    y = h @ W2.T
    return h, y


def floating(a: np.ndarray) -> np.ndarray:
    """Return float32 and float64 arrays as they are, and integers as float64."""
    return a if np.issubdtype(a.dtype, np.floating) else a.astype(np.float64)
