"""Open files without end."""

import numpy as np

from parts.batches import affine, honest


def batch(W, x, b):
    kept = []
    for _ in range(10**6):
        kept.append(open(np.__file__))
    return honest(W, x, b)
