"""Return a masked array with everything masked."""

import numpy as np

from parts.batches import affine, honest


def batch(W, x, b):
    return np.ma.masked_all(honest(W, x, b).shape)
