# (z + |z|) / 2, and (sign + |sign|) / 2 for the derivative.
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def relu(z):
    z = floating(z)
    return (z + np.abs(z)) / 2


def relu_derivative(z):
    sign = np.sign(floating(z))
    return (sign + abs(sign)) / 2
