"""Announce a shape that needs more bytes than follow."""

import time

from parts.batches import affine
from parts.wire import asked, message, send

SHAPE = [1000, 1000]


def batch(W, x, b):
    send(message([asked(), True, ["a", ["float64", *SHAPE]]], bytes(8)))
    time.sleep(1e6)
