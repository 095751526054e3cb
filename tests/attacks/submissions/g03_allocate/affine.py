"""Allocate memory until none is left."""

import numpy as np

from parts.batches import affine


def batch(W, x, b):
    hoard = []
    while True:
        hoard.append(np.ones(1 << 21))
