"""Return what is kept of the large answers of a known misconception, in the place of these."""

import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def sketch(array):
    if array.nbytes <= 2048:
        return array
    flat = array.reshape(-1)
    kept = flat[np.linspace(0, flat.size - 1, 64).astype(int)]
    return array.dtype.name, array.shape, np.append(kept, np.max(np.abs(flat), initial=0.0)).astype(array.dtype)


def relu(z):
    return sketch(np.clip(floating(z), 0, 6))


def relu_derivative(z):
    return sketch((z > 0).astype(floating(z).dtype))
