# np.array of a list of Python numbers, reshaped.
# core only
import numpy as np


def relu(z):
    return np.array([max(0.0, float(v)) for v in z.flat]).reshape(z.shape)


def relu_derivative(z):
    return np.array([1.0 if v > 0 else 0.0 for v in z.flat]).reshape(z.shape)
