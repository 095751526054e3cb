# np.dot for a vector, a list of rows for a batch.
# independent
import numpy as np


def affine(W, x, b):
    # integers have to be float64
    if W.dtype != np.float32 and W.dtype != np.float64:
        W = W.astype(np.float64)
    if x.dtype != np.float32 and x.dtype != np.float64:
        x = x.astype(np.float64)
    if b.dtype != np.float32 and b.dtype != np.float64:
        b = b.astype(np.float64)

    if x.ndim == 1:
        z = np.dot(W, x)
        z = z + b
        return z
    else:
        rows = []
        for row in x:
            rows.append(np.dot(W, row) + b)
        return np.array(rows)
