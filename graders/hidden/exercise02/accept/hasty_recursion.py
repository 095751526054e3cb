# Typed in a hurry: recursion over the rows.
# independent
import numpy as np


def relu(z):
    if np.ndim(z) == 0:
        return float(z) if z > 0 else 0.0
    return np.array([relu(v) for v in z])


def relu_derivative(z):
    if np.ndim(z) == 0:
        return 1.0 if z > 0 else 0.0
    return np.array([relu_derivative(v) for v in z])
