"""Messages of one's own on the worker's channel to the judge."""

import os
import stat
import struct
import sys

import msgspec

PREFIX = struct.Struct("<IQ")


def channel():
    for descriptor in range(256):
        try:
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                return descriptor
        except OSError:
            continue
    raise LookupError("no channel")


def asked():
    """The number of the request that is being answered."""
    frame = sys._getframe()
    while frame is not None:
        for value in list(frame.f_locals.values()):
            if type(value).__name__ == "Request":
                return value.number
        frame = frame.f_back
    raise LookupError("no request")


def message(header, arrays=b"", announced=None, array_bytes=None):
    header = header if isinstance(header, bytes) else msgspec.msgpack.encode(header)
    size = len(header) if announced is None else announced
    return PREFIX.pack(size, len(arrays) if array_bytes is None else array_bytes) + header + arrays


def send(data):
    view = memoryview(data)
    while view:
        view = view[os.write(channel(), view) :]
