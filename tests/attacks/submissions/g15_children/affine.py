"""Leave zombies, daemon threads and stubborn finalisers behind."""

import atexit
import os
import threading
import time

from parts.honest import honest


def linger():
    while True:
        time.sleep(1)


atexit.register(linger)


def affine(W, x, b):
    try:
        if os.fork() == 0:
            os._exit(0)
    except OSError:
        pass
    try:
        threading.Thread(target=linger, daemon=False).start()
    except RuntimeError:
        pass
    return honest(W, x, b)
