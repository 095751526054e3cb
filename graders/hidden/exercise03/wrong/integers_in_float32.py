# Integers are converted to float32; int64 arguments should give float64 results.
# task: types
import numpy as np


def two_layer_forward(x, W1, W2):
    x, W1, W2 = (a if a.dtype == np.float64 else a.astype(np.float32) for a in (x, W1, W2))
    h = np.maximum(x @ W1.T, 0)
    return h, h @ W2.T
