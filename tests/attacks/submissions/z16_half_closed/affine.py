"""Close only the writing half of the channel, and stay alive."""

import contextlib
import os
import socket
import time

from parts.batches import affine
from parts.wire import channel


def batch(W, x, b):
    with contextlib.suppress(OSError):
        socket.socket(fileno=os.dup(channel())).shutdown(socket.SHUT_WR)
    time.sleep(1e6)
