# float32 arguments give float64 results; both functions should keep float32.
# task: types
import numpy as np


def relu(z):
    return np.maximum(z.astype(np.float64), 0)


def relu_derivative(z):
    return (z > 0).astype(np.float64)
