"""Ignore every signal that can be ignored, and loop for ever."""

import signal

from parts.batches import affine


def batch(W, x, b):
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            continue
    while True:
        pass
