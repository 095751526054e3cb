# Checks the shapes, and one common dtype for all arguments.
# independent
"""Exercise 5: the gradient of an affine layer."""

import numpy as np


def _check(dz: np.ndarray, x: np.ndarray) -> None:
    if dz.ndim not in (1, 2):
        raise ValueError(f"dz must have 1 or 2 axes, not {dz.ndim}")
    if x.ndim != dz.ndim:
        raise ValueError(f"dz has {dz.ndim} axes, but x has {x.ndim}")
    if dz.ndim == 2 and len(dz) != len(x):
        raise ValueError(f"dz has {len(dz)} rows, but x has {len(x)}")


def _promote(*arrays: np.ndarray) -> list[np.ndarray]:
    dtype = np.result_type(*arrays)
    if not np.issubdtype(dtype, np.floating):
        dtype = np.float64
    return [np.asarray(a, dtype=dtype) for a in arrays]


def affine_weight_gradient(dz: np.ndarray, x: np.ndarray) -> np.ndarray:
    dz, x = _promote(dz, x)
    _check(dz, x)
    if dz.ndim == 1:
        return np.multiply.outer(dz, x)
    return np.matmul(dz.T, x)


def affine_backward(dz: np.ndarray, x: np.ndarray, W: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    dz, x, W = _promote(dz, x, W)
    _check(dz, x)
    if W.shape != (dz.shape[-1], x.shape[-1]):
        raise ValueError(f"W must be of shape {(dz.shape[-1], x.shape[-1])}, not {W.shape}")
    dW = affine_weight_gradient(dz, x)
    dx = np.matmul(dz, W)
    db = np.array(dz) if dz.ndim == 1 else dz.sum(axis=0)
    return dW, dx, db
