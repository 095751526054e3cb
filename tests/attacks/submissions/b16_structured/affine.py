"""Return an array of records, or of dates."""

import numpy as np

from parts.batches import affine, honest

DTYPE = [("z", "f8")]


def batch(W, x, b):
    return np.zeros(honest(W, x, b).shape, dtype=DTYPE)
