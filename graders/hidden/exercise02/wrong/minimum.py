# The smaller of 0 and z was taken: ReLU is the larger.
# task: relu
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def relu(z):
    return np.minimum(floating(z), 0)


def relu_derivative(z):
    return (z > 0).astype(floating(z).dtype)
