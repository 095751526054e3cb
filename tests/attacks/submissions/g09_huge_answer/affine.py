"""Answer with a gigabyte of data."""

import numpy as np

from parts.batches import affine


def batch(W, x, b):
    return np.zeros(1 << 27)
