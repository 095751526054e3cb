"""Exercise 3: a two-layer network, forwards."""

import numpy as np


def two_layer_forward(x: np.ndarray, W1: np.ndarray, W2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """h = relu(W1 x), y = W2 h: x (in,) or (n, in), W1 (hidden, in), W2 (out, hidden) → (h, y).

    With samples as rows W x becomes x Wᵀ. With W1 floating, NumPy computes the rest so too.
    """
    h = np.maximum(x @ floating(W1).T, 0)
    y = h @ W2.T
    return h, y


def floating(a: np.ndarray) -> np.ndarray:
    """float32 and float64 as they are, integers as float64."""
    return a if np.issubdtype(a.dtype, np.floating) else a.astype(np.float64)
