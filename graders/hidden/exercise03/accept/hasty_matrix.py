# Typed in a hurry: numpy.matrix.
# independent
import numpy as np


def two_layer_forward(x, W1, W2):
    X = np.matrix(x).T
    h = np.maximum(np.matrix(W1) * X, 0)
    y = np.matrix(W2) * h
    if x.ndim == 1:
        return h.A1, y.A1
    return np.array(h.T), np.array(y.T)
