"""Close the channel and keep running."""

import os

from parts.batches import affine, honest
from parts.wire import channel


def batch(W, x, b):
    os.close(channel())
    return honest(W, x, b)
