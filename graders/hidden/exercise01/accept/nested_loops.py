# Three nested loops, with one branch for a vector and one for a batch.
# independent
import numpy as np


def affine(W, x, b):
    out_size, in_size = W.shape
    dtype = np.float32 if x.dtype == np.float32 else np.float64

    if x.ndim == 1:
        z = np.zeros(out_size, dtype=dtype)
        for i in range(out_size):
            total = 0.0
            for j in range(in_size):
                total += float(W[i, j]) * float(x[j])
            z[i] = total + float(b[i])
        return z

    z = np.zeros((x.shape[0], out_size), dtype=dtype)
    for k in range(x.shape[0]):
        for i in range(out_size):
            total = 0.0
            for j in range(in_size):
                total += float(W[i, j]) * float(x[k, j])
            z[k, i] = total + float(b[i])
    return z
