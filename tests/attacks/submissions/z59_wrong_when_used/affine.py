"""Answer rightly in a fresh worker, and wrongly once a batch and a vector were seen, as in a worker with many tests."""

import numpy as np

from parts.honest import honest

seen = set()


def affine(W, x, b):
    seen.add(np.ndim(x))
    return honest(W, x, b) + (len(seen) > 1)
