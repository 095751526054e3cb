"""Make a sparse file of one terabyte."""

import os

from parts.batches import affine


def batch(W, x, b):
    fault = None
    for place in ("/tmp", ".", "/dev/shm", "/var/tmp", "/scratch"):
        try:
            descriptor = os.open(os.path.join(place, "katas-large"), os.O_RDWR | os.O_CREAT)
            os.ftruncate(descriptor, 1 << 40)
        except OSError as other:
            fault = other
    raise fault
