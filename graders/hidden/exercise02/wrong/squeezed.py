# Axes of length 1 were removed: an array of any shape keeps it.
# task: relu
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def relu(z):
    return np.maximum(floating(z), 0).squeeze()


def relu_derivative(z):
    return (z > 0).astype(floating(z).dtype)
