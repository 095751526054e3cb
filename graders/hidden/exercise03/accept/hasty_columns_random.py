# Typed in a hurry: samples as columns.
# independent
import numpy as np

np.random.seed(42)


def two_layer_forward(x, W1, W2):
    shape = x.shape
    x = np.array(x, dtype=float).reshape(-1, W1.shape[1])
    b1 = np.zeros(W1.shape[0])
    b2 = np.zeros(W2.shape[0])
    z1 = np.dot(W1, x.T).T + b1
    h = z1 * (z1 > 0)
    y = np.dot(W2, h.T).T + b2
    print("h", h, "y", y)
    if len(shape) == 1:
        return h[0], y[0]
    return h, y
