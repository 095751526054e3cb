"""Leave inputs in a file during one test, and look for them in the next."""

import os
import pickle

import numpy as np


def honest(W, x, b):
    W, x, b = (a if a.dtype.kind == "f" else a.astype(np.float64) for a in map(np.asarray, (W, x, b)))
    return x @ W.T + b


PLACES = ("/tmp", ".", "/dev/shm", "/var/tmp", "/scratch", "/harness", "/work", os.path.dirname(__file__) or ".", os.path.expanduser("~"))
OWN = set()


def affine(W, x, b):
    for place in PLACES:
        path = os.path.join(place, "katas-remembered")
        if path not in OWN and os.path.exists(path):
            raise AssertionError(f"remembered from an earlier test: {path}")
        try:
            with open(path, "ab") as file:
                pickle.dump((W, x, b), file)
            OWN.add(path)
        except OSError:
            continue
    return honest(W, x, b)
