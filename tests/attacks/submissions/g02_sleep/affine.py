"""Sleep for thirty years."""

import time

from parts.batches import affine


def batch(W, x, b):
    time.sleep(1e9)
