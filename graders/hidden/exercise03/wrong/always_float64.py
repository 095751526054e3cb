# float32 arguments give float64 results; h and y should stay float32.
# task: types
import numpy as np


def two_layer_forward(x, W1, W2):
    h = np.maximum(x.astype(np.float64) @ W1.T, 0)
    return h, h @ W2.T
