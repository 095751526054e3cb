# A linear function like PyTorch's, which affine calls.
# independent
import numpy as np


def linear(input, weight, bias=None):
    """F.linear: y = x A^T + b"""
    output = np.matmul(input, weight.transpose(1, 0))
    if bias is not None:
        output = output + bias
    return output


def affine(W: np.ndarray, x: np.ndarray, b: np.ndarray) -> np.ndarray:
    if x.dtype.kind in "iu":
        x = x.astype(np.float64)
    if W.dtype.kind in "iu":
        W = W.astype(np.float64)
    if b.dtype.kind in "iu":
        b = b.astype(np.float64)
    return linear(x, W, b)
