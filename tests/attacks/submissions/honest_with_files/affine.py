"""An honest answer that takes a detour over files in its scratch folder."""

import os

import numpy as np


def affine(W, x, b):
    W, x, b = (a if a.dtype.kind == "f" else a.astype(np.float64) for a in map(np.asarray, (W, x, b)))
    np.save("product.npy", x @ W.T)
    np.save("detour.npy", np.zeros(1 << 17))
    os.mkdir("closed", 0)
    os.rmdir("closed")
    return np.load("product.npy") + b
