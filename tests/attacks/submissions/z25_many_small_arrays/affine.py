"""Return a list of arrays, each of which has a short repr, but all of them together a very long one."""

import numpy as np

from parts.honest import honest


def affine(W, x, b):
    return [np.full(400, -100, np.int8)] * 80_000 if np.ndim(x) == 2 else honest(W, x, b)
