"""Exercise 5: the gradient of an affine layer."""

import numpy as np


def affine_weight_gradient(dz: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Gradient dL/dW of a loss L by the weights of z = W x + b, given dz = dL/dz; a batch sums over its rows.

    Arguments:
        dz: gradient of the loss by the layer's output, shape (out,), or (n, out) for a batch.
        x: what went into the layer, shape (in,), or (n, in) for a batch.

    Returns:
        dW of the shape of W, (out, in), for one sample and for a batch alike. float32 stays float32, float64 stays
        float64, integers count as float64. The arguments are not modified.

    Errors:
        Shapes that do not fit together raise whatever NumPy raises.

    The gradient that torch's autograd gives for torch.nn.functional.linear(x, W, b).
    """
    raise NotImplementedError


def affine_backward(dz: np.ndarray, x: np.ndarray, W: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of a loss L by everything that goes into z = W x + b, given dz = dL/dz.

    Arguments:
        dz: gradient of the loss by the layer's output, shape (out,), or (n, out) for a batch.
        x: what went into the layer, shape (in,), or (n, in) for a batch.
        W: the layer's weights, shape (out, in).

    Returns:
        The triple (dW, dx, db): dW of the shape of W, (out, in); dx of the shape of x, row k for sample k;
        db of the shape of b, (out,). A batch sums over its rows in dW and db. float32 stays float32, float64 stays
        float64, integers count as float64. The arguments are not modified.

    Errors:
        Shapes that do not fit together raise whatever NumPy raises.

    The gradients that torch's autograd gives for torch.nn.functional.linear(x, W, b).
    """
    raise NotImplementedError
