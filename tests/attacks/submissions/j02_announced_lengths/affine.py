"""Announce a message of four gigabytes, or arrays of eight exabytes."""

from parts.batches import affine
from parts.wire import PREFIX, send

HEADER, ARRAYS = 0xFFFFFFFF, 0


def batch(W, x, b):
    send(PREFIX.pack(HEADER, ARRAYS))
    while True:
        send(bytes(1 << 16))
