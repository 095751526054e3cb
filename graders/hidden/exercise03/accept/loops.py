# Loops with Python floats, and converts to the promised dtype at the end.
# without: speed
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def two_layer_forward(x, W1, W2):
    kind = floating(x).dtype

    def layer(weights, row):
        return [sum(float(w) * float(v) for w, v in zip(w_row, row)) for w_row in weights]

    first, second = W1.tolist(), W2.tolist()
    h = [[max(0.0, a) for a in layer(first, row)] for row in np.atleast_2d(x).tolist()]
    y = [layer(second, row) for row in h]
    h, y = np.array(h, kind), np.array(y, kind)
    return (h, y) if x.ndim == 2 else (h[0], y[0])
