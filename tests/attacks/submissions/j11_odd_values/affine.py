"""Send values that break a careless reader."""

import time

from parts.batches import affine
from parts.wire import asked, message, send

HEADER = b"\x93\x7f\xc3\xc0"


def batch(W, x, b):
    send(message(HEADER.replace(b"\x7f", asked().to_bytes(1, "big"), 1)))
    time.sleep(1e6)
