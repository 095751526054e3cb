"""Leave zombies, daemon threads and stubborn finalisers behind."""

import atexit
import os
import threading
import time

import numpy as np


def honest(W, x, b):
    W, x, b = (a if a.dtype.kind == "f" else a.astype(np.float64) for a in map(np.asarray, (W, x, b)))
    return x @ W.T + b


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
