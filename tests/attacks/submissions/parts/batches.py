"""affine, which answers a vector honestly and leaves a batch to `batch`, a function of the attack's own."""

import numpy as np

from parts.honest import honest


def affine(W, x, b):
    return batch(W, x, b) if np.ndim(x) == 2 else honest(W, x, b)
