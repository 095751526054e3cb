# The derivative of relu(z) was taken at relu(z) >= 0, which always holds: look at z > 0.
# task: derivative
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def relu(z):
    return np.maximum(floating(z), 0)


def relu_derivative(z):
    return (relu(z) >= 0).astype(floating(z).dtype)
