"""Answer byte by byte, sending each just before the time limit."""

import time

from parts.batches import affine, honest
from parts.wire import asked, message, send


def batch(W, x, b):
    z = honest(W, x, b)
    for byte in message([asked(), True, ["a", [z.dtype.name, *z.shape]]], z.tobytes()):
        send(bytes([byte]))
        time.sleep(0.2)
    return honest(W, x, b)
