# Loops over samples, outputs and inputs with Python floats, and converts to the promised dtype at the end.
# without: speed
import numpy as np


def affine(W, x, b):
    dtype = np.float32 if x.dtype == np.float32 else np.float64
    rows = x.tolist() if x.ndim == 2 else [x.tolist()]
    weights, bias = W.tolist(), b.tolist()
    z = []
    for row in rows:
        z.append([])
        for w, total in zip(weights, bias):
            total = float(total)
            for w_j, x_j in zip(w, row):
                total += float(w_j) * float(x_j)
            z[-1].append(total)
    return np.array(z if x.ndim == 2 else z[0], dtype=dtype)
