# A hidden unit is set to 0 if its mean over the batch is negative; ReLU looks at each sample separately.
# task: batch
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def two_layer_forward(x, W1, W2):
    x, W1, W2 = floating(x), floating(W1), floating(W2)
    a = x @ W1.T
    h = np.maximum(a, 0) if a.ndim == 1 else a * (a.mean(axis=0) > 0)
    return h, h @ W2.T
