# Computes everything in float64 and rounds to float32 at the end.
# independent
import numpy as np


def two_layer_forward(x: np.ndarray, W1: np.ndarray, W2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    result = np.float32 if x.dtype == np.float32 else np.float64
    x = np.asarray(x, dtype=float)
    W1 = np.asarray(W1, dtype=float)
    W2 = np.asarray(W2, dtype=float)
    h = np.maximum(np.matmul(x, W1.T), 0.0)
    y = np.matmul(h, W2.T)
    return h.astype(result), y.astype(result)
