# The zeros were written into ravel(), which is a view of some arrays and a copy of others.
# task: inputs
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def relu(z):
    out = floating(z).copy(order="K")
    flat = out.ravel()
    flat[flat < 0] = 0
    return out


def relu_derivative(z):
    return (z > 0).astype(floating(z).dtype)
