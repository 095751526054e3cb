"""Report an import error whose type is an array, which is neither equal nor unequal to a string."""

import os
import stat
import struct
import time

import msgspec

for descriptor in range(3, 256):
    try:
        if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            break
    except OSError:
        continue

header = msgspec.msgpack.encode([1, False, ["d", ["type", ["a", ["int64", 2]]]]])
os.write(descriptor, struct.pack("<IQ", len(header), 16) + header + bytes(16))
time.sleep(1e6)
