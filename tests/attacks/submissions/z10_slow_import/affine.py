"""Never finish being imported."""

import time

import numpy as np


def honest(W, x, b):
    W, x, b = (a if a.dtype.kind == "f" else a.astype(np.float64) for a in map(np.asarray, (W, x, b)))
    return x @ W.T + b


time.sleep(1e6)
