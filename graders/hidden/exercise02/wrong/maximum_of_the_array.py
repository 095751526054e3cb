# The largest element of z was compared with 0: ReLU looks at each element by itself.
# task: relu
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def relu(z):
    return np.full_like(floating(z), max(z.max(), 0))


def relu_derivative(z):
    return (z > 0).astype(floating(z).dtype)
