# np.where with plain numbers.
# independent
import numpy as np


def _float(z):
    return z.astype(np.float64) if z.dtype.kind in "iu" else z


def relu(z: np.ndarray) -> np.ndarray:
    z = _float(z)
    return np.where(z > 0, z, 0)


def relu_derivative(z: np.ndarray) -> np.ndarray:
    return np.where(z > 0, 1.0, 0.0).astype(_float(z).dtype)
