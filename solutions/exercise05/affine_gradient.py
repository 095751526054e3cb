"""Exercise 5: the gradient of an affine layer."""

import numpy as np


def affine_weight_gradient(dz: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return dW = dz xᵀ, summed over the samples. Shapes: dz (out,), x (in,) or dz (n, out), x (n, in) → (out, in).

    A matrix product over the samples' axis adds up their outer products; one sample is a batch of one row.
    """
    return np.atleast_2d(floating(dz)).T @ np.atleast_2d(x)


def affine_backward(dz: np.ndarray, x: np.ndarray, W: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return dW = dz xᵀ, dx = Wᵀ dz and db = dz. All samples share W and b, so dW and db are sums over them."""
    dW = affine_weight_gradient(dz, x)
    dx = floating(dz) @ W
    db = np.atleast_2d(floating(dz)).sum(axis=0)
    return dW, dx, db


def floating(a: np.ndarray) -> np.ndarray:
    """Return float32 and float64 arrays as they are, and integers as float64."""
    return a if np.issubdtype(a.dtype, np.floating) else a.astype(np.float64)
