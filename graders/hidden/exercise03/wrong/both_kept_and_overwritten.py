# h and y are written into arrays that every call reuses, so the next call overwrites them.
# task: inputs
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


kept = {}


def two_layer_forward(x, W1, W2):
    h = into_the_array_kept("h", np.maximum(floating(x) @ floating(W1).T, 0))
    return h, into_the_array_kept("y", h @ floating(W2).T)


def into_the_array_kept(name, numbers):
    answer = kept.setdefault((name, numbers.shape, numbers.dtype), np.empty_like(numbers))
    answer[...] = numbers
    return answer
