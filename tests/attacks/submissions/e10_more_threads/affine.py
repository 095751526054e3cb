"""Use more threads than the kata allows."""

import threading

import numpy as np


def honest(W, x, b):
    W, x, b = (a if a.dtype.kind == "f" else a.astype(np.float64) for a in map(np.asarray, (W, x, b)))
    return x @ W.T + b


def affine(W, x, b):
    if np.ndim(x) == 2:
        started = 0
        try:
            for _ in range(4):
                threading.Thread(target=sum, args=(range(1000),), daemon=True).start()
                started += 1
        except RuntimeError:
            pass
        print(f"threads started: {started}")
    return honest(W, x, b)
