"""Send values that are malformed in the places that are checked last."""

import time

from parts.batches import affine
from parts.wire import asked, message, send

OK, VALUE = True, None


def batch(W, x, b):
    send(message([asked(), OK, VALUE]))
    time.sleep(1e6)
