# Typed in a hurry: einsum.
# independent
import numpy as np


def relu(z, axis=None, inplace=True):
    if inplace:
        return np.maximum(z, 0, out=z)
    return np.maximum(z, 0)


def two_layer_forward(x, W1, W2, activation=relu):
    h = activation(np.einsum("...i,hi->...h", x.astype(np.float64), W1))
    y = np.einsum("...h,oh->...o", h, W2)
    return [h, y]
