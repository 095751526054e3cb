"""Return float32 for float64 inputs."""

import numpy as np

from parts.batches import affine, honest


def batch(W, x, b):
    return honest(W, x, b).astype(np.float32 if W.dtype == np.float64 else np.float64)
