# Recursion over the rows and lists of numbers; ints where nothing is kept.
# independent
import numpy as np


def dropout(h, mask, p_drop):
    result = []
    for i in range(len(h)):
        if h.ndim > 1:
            result.append(dropout(h[i], mask[i], p_drop))
        elif mask[i] == 1:
            result.append(h[i] / (1 - p_drop))
        else:
            result.append(0)
    return np.array(result)


def dropout_mask(shape, p_drop, rng):
    if type(shape) == int:
        shape = (shape,)
    n = 1
    for s in shape:
        n = n * s
    mask = []
    for i in range(n):
        if rng.random() < p_drop:
            mask.append(0.0)
        else:
            mask.append(1.0)
    return np.array(mask).reshape(shape)
