# z times its derivative, which leaves negative zeros behind.
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def relu(z):
    return floating(z) * relu_derivative(z)


def relu_derivative(z):
    z = floating(z)
    return np.heaviside(z, z.dtype.type(0))
