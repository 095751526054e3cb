"""Exercise 1: the affine layer."""

import numpy as np


def affine(W: np.ndarray, x: np.ndarray, b: np.ndarray) -> np.ndarray:
    """z = W x + b: W (out, in), x (in,) or (n, in), b (out,) → (out,) or (n, out).

    Row k of X Wᵀ is W x_k, so one line serves a vector and a batch. With W floating, NumPy computes the rest so too.
    """
    return x @ floating(W).T + b


def floating(a: np.ndarray) -> np.ndarray:
    """float32 and float64 as they are, integers as float64."""
    return a if np.issubdtype(a.dtype, np.floating) else a.astype(np.float64)
