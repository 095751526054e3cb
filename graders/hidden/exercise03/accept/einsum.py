# np.einsum instead of matrix products.
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def two_layer_forward(x, W1, W2):
    x, W1, W2 = floating(x), floating(W1), floating(W2)
    h = np.einsum("hi,...i->...h", W1, x).clip(min=0)
    return h, np.einsum("oh,...h->...o", W2, h)
