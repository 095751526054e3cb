"""Answer one request twice."""

import time

from parts.batches import affine, honest
from parts.wire import asked, message, send


def batch(W, x, b):
    z = honest(W, x, b)
    reply = message([asked(), True, ["a", [z.dtype.name, *z.shape]]], z.tobytes())
    send(reply + reply)
    time.sleep(1e6)
