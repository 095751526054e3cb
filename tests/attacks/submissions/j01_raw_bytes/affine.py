"""Write bytes that are not a message."""

from parts.batches import affine, honest
from parts.wire import send


def batch(W, x, b):
    send(b"\xff" * 64)
    return honest(W, x, b)
