# np.where for both functions.
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def relu(z):
    z = floating(z)
    return np.where(z > 0, z, z.dtype.type(0))


def relu_derivative(z):
    z = floating(z)
    return np.where(z > 0, z.dtype.type(1), z.dtype.type(0))
