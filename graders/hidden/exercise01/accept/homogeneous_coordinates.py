# Homogeneous coordinates: the bias as a column of W.
# independent
import numpy as np


def affine(W: np.ndarray, x: np.ndarray, b: np.ndarray) -> np.ndarray:
    # An affine map is a linear one in homogeneous coordinates: [W | b] (x, 1)^T.
    M = np.column_stack((W, b)) * 1.0
    one = np.ones(x.shape[:-1] + (1,), dtype=x.dtype)
    return np.concatenate((x, one), axis=-1) @ M.T
