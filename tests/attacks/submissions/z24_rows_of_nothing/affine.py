"""Return an array of zero bytes that has more rows than memory has bytes."""

import numpy as np

from parts.honest import honest

ROWS = 1 << 39


def affine(W, x, b):
    return np.empty((ROWS, 0)) if np.ndim(x) == 2 else honest(W, x, b)
