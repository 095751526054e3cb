# Integers stayed integers: int64 arguments give a float64 result.
# task: types
import numpy as np


def affine(W, x, b):
    return x @ W.T + b
