# Checks the shapes first, then adds the product to the bias in place.
# independent
import numpy as np


def affine(W: np.ndarray, x: np.ndarray, b: np.ndarray) -> np.ndarray:
    if W.ndim != 2:
        raise ValueError(f"W must be a matrix, got shape {W.shape}")
    if x.ndim not in (1, 2):
        raise ValueError(f"x must be a vector or a batch of rows, got shape {x.shape}")
    if x.shape[-1] != W.shape[1]:
        raise ValueError(f"x has {x.shape[-1]} features, W expects {W.shape[1]}")
    if b.shape != (W.shape[0],):
        raise ValueError(f"b must have shape ({W.shape[0]},), got {b.shape}")

    dtype = np.result_type(W, x, b)
    if not np.issubdtype(dtype, np.floating):
        dtype = np.dtype(np.float64)

    z = np.empty(x.shape[:-1] + (W.shape[0],), dtype=dtype)
    z[...] = b
    z += x.astype(dtype) @ W.astype(dtype).T
    return z
