"""Start threads that live on and add to earlier results while later tests run."""

import threading
import time

import numpy as np


def honest(W, x, b):
    W, x, b = (a if a.dtype.kind == "f" else a.astype(np.float64) for a in map(np.asarray, (W, x, b)))
    return x @ W.T + b


results = []


def spoil():
    while True:
        time.sleep(0.001)
        for each in results[:-1]:
            each += 1.0


def affine(W, x, b):
    results.append(honest(W, x, b))
    try:
        threading.Thread(target=spoil, daemon=True).start()
    except RuntimeError:
        print("no thread")
    return results[-1]
