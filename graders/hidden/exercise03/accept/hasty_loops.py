# Typed in a hurry: Python loops.
# independent
import numpy as np


def matvec(W, x):
    y = np.zeros(len(W))
    for i in range(len(W)):
        for j in range(len(x)):
            y[i] += W[i, j] * x[j]
    return y


def two_layer_forward(x, W1, W2):
    if x.ndim == 1:
        h = matvec(W1, x)
        for i in range(len(h)):
            if h[i] < 0:
                h[i] = 0
        return h, matvec(W2, h)
    hs = []
    ys = []
    for row in x:
        h, y = two_layer_forward(row, W1, W2)
        hs.append(h)
        ys.append(y)
    return np.array(hs), np.array(ys)
