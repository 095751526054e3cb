"""Send a value of a kind that the wire format does not have."""

import time

from parts.batches import affine
from parts.wire import asked, message, send

VALUE = ["pickle", ["cos\nsystem\n(S'true'\ntR."]]


def batch(W, x, b):
    send(message([asked(), True, VALUE]))
    time.sleep(1e6)
