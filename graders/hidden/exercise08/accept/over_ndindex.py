# Loops over np.ndindex that draw one number per entry.
# independent
import numpy as np


def dropout(h, mask, p_drop):
    if not (p_drop >= 0 and p_drop < 1):
        raise ValueError("p_drop has to be at least 0 and less than 1, not " + str(p_drop))
    if h.dtype == np.float32:
        out = np.zeros(h.shape, dtype=np.float32)
    else:
        out = np.zeros(h.shape)
    for index in np.ndindex(h.shape):
        if mask[index] == 1:
            out[index] = h[index] / (1 - p_drop)
    return out


def dropout_mask(shape, p_drop, rng):
    if not (p_drop >= 0 and p_drop < 1):
        raise ValueError("p_drop has to be at least 0 and less than 1, not " + str(p_drop))
    mask = np.ones(shape)
    for index in np.ndindex(mask.shape):
        if rng.random() < p_drop:
            mask[index] = 0.0
    return mask
