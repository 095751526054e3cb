"""Answer with an array of a gigabyte that occupies eight bytes."""

import numpy as np

from parts.batches import affine


def batch(W, x, b):
    return np.broadcast_to(np.float64(0), (1 << 27,))
