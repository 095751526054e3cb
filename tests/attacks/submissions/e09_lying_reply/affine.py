"""Claim in every reply that no time was spent, while sleeping."""

import msgspec
import struct
import sys
import time

from parts.honest import honest

PREFIX = struct.Struct("<IQ")
SLEPT = []


def lie(channel, parts):
    data = b"".join(bytes(part) for part in parts)
    size, arrays = PREFIX.unpack(data[: PREFIX.size])
    header = msgspec.msgpack.decode(data[PREFIX.size :][:size])
    header = msgspec.msgpack.encode([*header, 0.0, {"seconds": 0.0, "cpu_s": 0.0, "status": "passed"}])
    write(channel, [PREFIX.pack(len(header), arrays) + header + data[PREFIX.size + size :]])


serve = sys.modules["graders.worker.serving"]
write = serve._write
serve._write = lie


def affine(W, x, b):
    if not SLEPT:
        SLEPT.append(time.sleep(0.3))
    return honest(W, x, b)
