# A Python loop goes through the rows: one matrix product in each layer computes the whole batch.
# task: speed
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def two_layer_forward(x, W1, W2):
    if x.ndim == 2:
        h, y = zip(*(two_layer_forward(row, W1, W2) for row in x))
        return np.array(h), np.array(y)
    h = np.maximum(floating(W1) @ x, 0)
    return h, W2 @ h
