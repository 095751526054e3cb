"""Compute and answer in half precision, whatever the input's precision is."""

import numpy as np

from parts.batches import affine, honest


def batch(W, x, b):
    return honest(W, x, b).astype(np.float16)
