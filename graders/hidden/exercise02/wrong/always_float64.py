# float32 came back as float64: the dtype of the argument is kept.
# task: types
import numpy as np


def relu(z):
    return np.maximum(z.astype(np.float64), 0)


def relu_derivative(z):
    return (z > 0).astype(np.float64)
