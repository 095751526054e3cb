# Integers stayed integers: int64 arguments give a float64 result.
# task: types
import numpy as np


def two_layer_forward(x, W1, W2):
    h = np.maximum(x @ W1.T, 0)
    return h, h @ W2.T
