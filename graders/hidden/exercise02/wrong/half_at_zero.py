# The derivative at 0 is 0.5 here: the convention, PyTorch's too, is 0.
# task: derivative
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def relu(z):
    return np.maximum(floating(z), 0)


def relu_derivative(z):
    return np.heaviside(floating(z), floating(z).dtype.type(0.5))
