# Multiplication by 1.0 for the dtype, and by the mask for ReLU.
# independent
import numpy as np


def two_layer_forward(x, W1, W2):
    z = (x * 1.0) @ (W1 * 1.0).T
    h = z * (z > 0)
    y = h @ W2.T
    return h, y
