# Integers were computed as integers: they count as float64, and products of integers overflow.
# task: types
import numpy as np


def affine(W, x, b):
    return x @ W.T + b
