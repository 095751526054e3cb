# Typed in a hurry: lists of floats.
# independent
import numpy as np


def dot(u, v):
    return sum(float(p) * float(q) for p, q in zip(u, v))


def affine(W: np.ndarray, x: np.ndarray, b: np.ndarray) -> np.ndarray:
    W, x, b = W.tolist(), x.tolist(), b.tolist()
    if type(x[0]) == list:
        return np.array([affine_one(W, row, b) for row in x])
    return np.array(affine_one(W, x, b))


def affine_one(W, x, b):
    return [dot(w, x) + c for w, c in zip(W, b)]
