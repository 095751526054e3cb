"""Carry values from one test to the next in its own globals, NumPy's and those of builtins."""

import builtins
import os

import numpy as np

from parts.honest import honest


def affine(W, x, b):
    for place in (np, builtins, os):
        place.katas_calls = getattr(place, "katas_calls", 0) + 1
    print(f"call {np.katas_calls} {builtins.katas_calls} {os.katas_calls} in process {os.getpid()}")
    return honest(W, x, b)
