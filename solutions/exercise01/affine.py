"""Exercise 1: the affine layer."""

import numpy as np


def affine(W: np.ndarray, x: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return z = W x + b. Shapes: W (out, in), x (in,) or (n, in), b (out,) → z (out,) or (n, out).

    Row k of X Wᵀ is W x_k, so one line serves both a vector and a batch. Once W is floating, so is the result.
    """
    return x @ floating(W).T + b


def floating(a: np.ndarray) -> np.ndarray:
    """Return float32 and float64 arrays as they are, and integers as float64."""
    return a if np.issubdtype(a.dtype, np.floating) else a.astype(np.float64)
