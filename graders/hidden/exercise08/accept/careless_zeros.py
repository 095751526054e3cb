# An array of float64 zeros that is filled where the mask is 1.
# core only
import numpy as np


def dropout(h, mask, p_drop):
    out = np.zeros(h.shape)
    out[mask == 1] = h[mask == 1] / (1 - p_drop)
    return out


def dropout_mask(shape, p_drop, rng):
    mask = np.ones(shape)
    mask[rng.random(shape) < p_drop] = 0
    return mask
