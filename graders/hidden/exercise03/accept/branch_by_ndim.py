# One branch for a vector and one for a batch, with samples as columns.
# independent
import numpy as np


def relu(z):
    return np.where(z > 0, z, 0.0)


def two_layer_forward(x, W1, W2):
    if x.dtype != np.float32:
        x = x.astype(float)
    if W1.dtype != np.float32:
        W1 = W1.astype(float)
    if W2.dtype != np.float32:
        W2 = W2.astype(float)

    if x.ndim == 1:
        h = relu(W1 @ x)
        y = W2 @ h
    else:
        h = relu(W1 @ x.T).T
        y = (W2 @ h.T).T
    return h, y
