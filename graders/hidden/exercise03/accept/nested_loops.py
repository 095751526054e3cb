# Nested loops for one sample, called for each row.
# independent
import numpy as np


def forward_one(x, W1, W2, dtype):
    hidden, n_in = W1.shape
    n_out = W2.shape[0]
    h = np.zeros(hidden, dtype=dtype)
    for i in range(hidden):
        s = 0
        for j in range(n_in):
            s += W1[i, j] * x[j]
        h[i] = s if s > 0 else 0
    y = np.zeros(n_out, dtype=dtype)
    for i in range(n_out):
        for j in range(hidden):
            y[i] += W2[i, j] * h[j]
    return h, y


def two_layer_forward(x, W1, W2):
    if x.dtype == np.float32:
        dtype = np.float32
    else:
        dtype = np.float64
    x = x.astype(dtype)
    W1 = W1.astype(dtype)
    W2 = W2.astype(dtype)

    if x.ndim == 1:
        return forward_one(x, W1, W2, dtype)

    h = np.zeros((len(x), len(W1)), dtype=dtype)
    y = np.zeros((len(x), len(W2)), dtype=dtype)
    for k in range(len(x)):
        h[k], y[k] = forward_one(x[k], W1, W2, dtype)
    return h, y
