# Even with float64 arguments, everything is computed in float32, which loses half of their digits.
# task: vector
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def two_layer_forward(x, W1, W2):
    kind = floating(x).dtype
    h = np.maximum(x.astype(np.float32) @ W1.astype(np.float32).T, 0)
    return h.astype(kind), (h @ W2.astype(np.float32).T).astype(kind)
