# Python's sum and max over lists, wrapped in np.array.
# core only
import numpy as np


def two_layer_forward(x, W1, W2):
    if x.ndim == 2:
        both = [two_layer_forward(row, W1, W2) for row in x]
        return np.array([h for h, y in both]), np.array([y for h, y in both])
    h = [max(0.0, sum(w * v for w, v in zip(row, x))) for row in W1]
    y = [sum(w * v for w, v in zip(row, h)) for row in W2]
    return np.array(h), np.array(y)
