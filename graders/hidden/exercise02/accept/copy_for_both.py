# Both functions write into a copy of their argument.
# independent
import numpy as np


def _copy(z):
    if np.issubdtype(z.dtype, np.integer):
        return z.astype(np.float64)
    return z.copy()


def relu(z: np.ndarray) -> np.ndarray:
    out = _copy(z)
    out[out < 0] = 0
    return out


def relu_derivative(z: np.ndarray) -> np.ndarray:
    out = _copy(z)
    out[out <= 0] = 0
    out[out > 0] = 1
    return out
