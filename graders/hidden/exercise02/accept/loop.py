# A Python loop over the elements.
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def relu(z):
    z = floating(z)
    return np.array([max(0.0, v) for v in z.ravel().tolist()], dtype=z.dtype).reshape(z.shape)


def relu_derivative(z):
    z = floating(z)
    out = np.empty(z.shape, z.dtype)
    for index in np.ndindex(z.shape):
        out[index] = 1.0 if z[index] > 0 else 0.0
    return out
