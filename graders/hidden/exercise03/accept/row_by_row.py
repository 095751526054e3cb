# Computes one vector directly and stacks such results for a batch.
# without: speed
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def two_layer_forward(x, W1, W2):
    x, W1, W2 = floating(x), floating(W1), floating(W2)
    if x.ndim == 2:
        pairs = [two_layer_forward(row, W1, W2) for row in x]
        return np.stack([h for h, _ in pairs]), np.stack([y for _, y in pairs])
    a = W1 @ x
    h = a * (a > 0)
    return h, W2 @ h
