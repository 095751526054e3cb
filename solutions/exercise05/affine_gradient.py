"""Exercise 5: the gradient of an affine layer."""

import numpy as np


def affine_weight_gradient(dz: np.ndarray, x: np.ndarray) -> np.ndarray:
    """dW = dz xᵀ, summed over the samples: dz (out,), x (in,) or dz (n, out), x (n, in) → (out, in).

    The product over the samples' axis is the sum of their outer products; one sample is a batch of one row.
    """
    return np.atleast_2d(floating(dz)).T @ np.atleast_2d(x)


def affine_backward(dz: np.ndarray, x: np.ndarray, W: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dW = dz xᵀ, dx = Wᵀ dz, db = dz: all samples share W and b, so dW and db are sums; each has its own x."""
    dW = affine_weight_gradient(dz, x)
    dx = floating(dz) @ W
    db = np.atleast_2d(floating(dz)).sum(axis=0)
    return dW, dx, db


def floating(a: np.ndarray) -> np.ndarray:
    """float32 and float64 as they are, integers as float64."""
    return a if np.issubdtype(a.dtype, np.floating) else a.astype(np.float64)
