# Loops over samples, outputs and inputs with Python floats, and converts to the promised dtype at the end.
import numpy as np


def promised(a):
    return np.float32 if a.dtype == np.float32 else np.float64


def rows(a):
    return [[float(v) for v in row] for row in np.atleast_2d(a).tolist()]


def affine_weight_gradient(dz, x):
    dW = [[0.0] * x.shape[-1] for _ in range(dz.shape[-1])]
    for dz_k, x_k in zip(rows(dz), rows(x)):
        for i, d in enumerate(dz_k):
            for j, v in enumerate(x_k):
                dW[i][j] += d * v
    return np.array(dW, dtype=promised(dz))


def affine_backward(dz, x, W):
    columns = list(zip(*rows(W)))
    dx = [[sum(d * w for d, w in zip(dz_k, column)) for column in columns] for dz_k in rows(dz)]
    db = [sum(column) for column in zip(*rows(dz))]
    dx = np.array(dx, dtype=promised(x)).reshape(x.shape)
    return affine_weight_gradient(dz, x), dx, np.array(db, dtype=promised(dz))
