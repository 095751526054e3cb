# A loop for a vector, and recursion over any further axes.
# independent
import numpy as np


def relu(z):
    if z.dtype != np.float32:
        z = np.asarray(z, dtype=float)
    if z.ndim == 1:
        values = []
        for v in z:
            if v > 0:
                values.append(v)
            else:
                values.append(0)
        return np.array(values, dtype=z.dtype)
    # more axes: do every part by itself
    return np.array([relu(part) for part in z])


def relu_derivative(z):
    if z.dtype != np.float32:
        z = np.asarray(z, dtype=float)
    if z.ndim == 1:
        values = []
        for v in z:
            if v > 0:
                values.append(1)
            else:
                values.append(0)
        return np.array(values, dtype=z.dtype)
    return np.array([relu_derivative(part) for part in z])
