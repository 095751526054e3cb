"""Raise and print a text that attacks the program that displays it."""

import sys

import numpy as np


def honest(W, x, b):
    W, x, b = (a if a.dtype.kind == "f" else a.astype(np.float64) for a in map(np.asarray, (W, x, b)))
    return x @ W.T + b


TEXT = ""
RAW = TEXT.encode("utf-8", "surrogatepass")


def affine(W, x, b):
    if np.ndim(x) == 2:
        print(TEXT)
        sys.stdout.buffer.write(RAW) if hasattr(sys.stdout, "buffer") else None
        raise ValueError(TEXT)
    return honest(W, x, b)
