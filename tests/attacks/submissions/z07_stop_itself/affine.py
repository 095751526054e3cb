"""Stop its own process, so that its CPU time limit is never reached."""

import os
import signal

from parts.batches import affine, honest


def batch(W, x, b):
    os.kill(os.getpid(), signal.SIGSTOP)
    return honest(W, x, b)
