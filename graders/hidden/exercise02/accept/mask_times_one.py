# Multiplication by the mask, and by 1.0 for the dtype.
# independent
import numpy as np


def relu(z):
    return z * (z > 0) * 1.0


def relu_derivative(z):
    # z * 0.0 has the right dtype
    return (z > 0) + z * 0.0
