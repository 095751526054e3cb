# One line, with no thought for dtypes.
# core only
import numpy as np


def affine(W, x, b):
    return x @ W.T + b
