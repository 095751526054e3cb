"""Report an import error whose type is an array, which is neither equal nor unequal to a string."""

import time

from parts.wire import message, send

send(message([1, False, ["d", ["type", ["a", ["int64", 2]]]]], bytes(16)))
time.sleep(1e6)
