"""Write the beginning of a message, then nothing more."""

import time

from parts.batches import affine
from parts.wire import message, send


def batch(W, x, b):
    send(message(b"abc", announced=100))
    time.sleep(1e6)
