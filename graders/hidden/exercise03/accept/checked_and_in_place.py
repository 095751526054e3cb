# Asserts the shapes, then np.inner, and ReLU in place on the product.
# independent
import numpy as np


def two_layer_forward(x: np.ndarray, W1: np.ndarray, W2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    assert W1.ndim == 2 and W2.ndim == 2, "weights must be matrices"
    assert x.shape[-1] == W1.shape[1], "x does not fit W1"
    assert W1.shape[0] == W2.shape[1], "W1 does not fit W2"

    def to_float(a):
        return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)

    h = np.inner(to_float(x), to_float(W1))
    np.maximum(h, 0, out=h)
    y = np.inner(h, to_float(W2))
    return [h, y]
