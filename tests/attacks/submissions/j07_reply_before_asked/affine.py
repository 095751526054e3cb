"""Answer the next request before it has been asked."""

from parts.batches import affine, honest
from parts.wire import asked, message, send


def batch(W, x, b):
    send(message([asked() + 1, True, 0.0]))
    return honest(W, x, b)
