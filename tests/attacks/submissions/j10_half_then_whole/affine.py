"""Send half a message, then whole ones."""

import time

from parts.batches import affine
from parts.wire import asked, message, send


def batch(W, x, b):
    whole = message([asked(), True, 0.0])
    send(whole[: len(whole) // 2])
    send(whole * 8)
    time.sleep(1e6)
