# Loops that write into np.zeros, whatever the dtypes of the arguments.
# core only
import numpy as np


def two_layer_forward(x, W1, W2):
    X = np.atleast_2d(x)
    h = np.zeros((X.shape[0], W1.shape[0]))
    y = np.zeros((X.shape[0], W2.shape[0]))
    for k in range(X.shape[0]):
        for i in range(W1.shape[0]):
            for j in range(W1.shape[1]):
                h[k, i] += W1[i, j] * X[k, j]
            if h[k, i] < 0:
                h[k, i] = 0
        for i in range(W2.shape[0]):
            for j in range(W2.shape[1]):
                y[k, i] += W2[i, j] * h[k, j]
    if x.ndim == 1:
        return h[0], y[0]
    return h, y
