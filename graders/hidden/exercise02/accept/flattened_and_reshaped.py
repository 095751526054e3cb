# A list of all elements, reshaped at the end.
# independent
import numpy as np


def relu(z):
    if z.dtype != np.float32:
        z = np.asarray(z, dtype=float)
    values = []
    for v in z.flatten():
        if v > 0:
            values.append(v)
        else:
            values.append(0)
    return np.array(values, dtype=z.dtype).reshape(z.shape)


def relu_derivative(z):
    if z.dtype != np.float32:
        z = np.asarray(z, dtype=float)
    values = []
    for v in z.flatten():
        if v > 0:
            values.append(1)
        else:
            values.append(0)
    return np.array(values, dtype=z.dtype).reshape(z.shape)
