# Computes everything in float64 and rounds to float32 at the end.
# independent
import numpy as np


def affine(W: np.ndarray, x: np.ndarray, b: np.ndarray) -> np.ndarray:
    single = all(np.asarray(a).dtype == np.float32 for a in (W, x, b))
    W = np.asarray(W, dtype=float)
    x = np.asarray(x, dtype=float)
    b = np.asarray(b, dtype=float)
    z = np.dot(x, W.T) + b
    return z.astype(np.float32) if single else z
