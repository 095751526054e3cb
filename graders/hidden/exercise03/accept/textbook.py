# Two products with transposed weights, after converting the arguments.
# independent
import numpy as np


def two_layer_forward(x: np.ndarray, W1: np.ndarray, W2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    x, W1, W2 = (a if np.issubdtype(a.dtype, np.floating) else a.astype(np.float64) for a in (x, W1, W2))
    h = np.maximum(x @ W1.T, 0)
    return h, h @ W2.T
