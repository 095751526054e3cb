"""Allocate memory until none is left, and keep trying."""

import numpy as np

from parts.batches import affine


def batch(W, x, b):
    hoard = []
    while True:
        try:
            hoard.append(np.ones(1 << 21))
        except MemoryError:
            continue
