"""Send a dict whose keys all have the same hash, which takes quadratic time to read."""

import time

from parts.batches import affine
from parts.wire import asked, message, send


def batch(W, x, b):
    keys = [["i", [hex((i + 16) * ((1 << 61) - 1))]] for i in range(36_000)]
    send(message([asked(), True, ["d", [item for key in keys for item in (key, None)]]]))
    time.sleep(1e6)
