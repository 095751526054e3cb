# Typed in a hurry: Python loops.
# independent
import numpy as np


def relu(z):
    out = []
    for v in z.flatten():
        out.append(max(0.0, v))
    return np.array(out).reshape(z.shape)


def relu_derivative(z):
    out = []
    for v in z.flatten():
        if v > 0:
            out.append(1.0)
        else:
            out.append(0.0)
    return np.array(out).reshape(z.shape)
