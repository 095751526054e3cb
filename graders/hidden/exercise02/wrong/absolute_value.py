# Negative numbers lost their sign: that is |z|; ReLU makes them 0.
# task: relu
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def relu(z):
    return np.abs(floating(z))


def relu_derivative(z):
    return (z > 0).astype(floating(z).dtype)
