# The weights of the first call are used for every later call; each call should use its own weights.
# task: vector
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


first = []


def two_layer_forward(x, W1, W2):
    first.append((floating(W1).copy(), floating(W2).copy()))
    W1, W2 = first[0]
    h = np.maximum(floating(x) @ W1.T, 0)
    return h, h @ W2.T
