"""Change NumPy's, the interpreter's and the process's global settings."""

import gc
import locale
import os
import resource
import sys
import warnings

import numpy as np

from parts.honest import honest

np.seterr(all="raise")
np.set_printoptions(threshold=0, precision=0, floatmode="fixed")
sys.setrecursionlimit(200)
sys.setswitchinterval(1e-6)
warnings.simplefilter("error")
gc.disable()
os.environ["PYTHONHASHSEED"] = "0"
sys.path.insert(0, "/tmp")
try:
    locale.setlocale(locale.LC_ALL, "tr_TR.UTF-8")
except locale.Error:
    pass


def affine(W, x, b):
    with np.errstate(all="ignore"):
        return honest(W, x, b)
