# Integer arguments give integer results; int64 arguments should give float64 results.
# task: types
import numpy as np


def two_layer_forward(x, W1, W2):
    h = np.maximum(x @ W1.T, 0)
    return h, h @ W2.T
