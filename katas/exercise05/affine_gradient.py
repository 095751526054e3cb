"""Exercise 5: the gradient of an affine layer."""

import numpy as np


def affine_weight_gradient(dz: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return dW, the gradient of a loss L with respect to the weights of z = W x + b, given dz = dL/dz.

    Arguments:
        dz: gradient of the loss with respect to the layer's output, shape (out,), or (n, out) for a batch.
        x: the layer's input, shape (in,), or (n, in) for a batch.

    Returns:
        dW, shape (out, in), the shape of W. For a batch, it is the sum over the rows.

    For extra points: float32 gives float32, int64 gives float64; transposed and sliced arrays work; a call changes
    neither its arguments nor an earlier result.

    This is the gradient that PyTorch's autograd computes for torch.nn.functional.linear(x, W, b).
    """
    raise NotImplementedError


def affine_backward(dz: np.ndarray, x: np.ndarray, W: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the gradients of a loss L with respect to W, x and b of z = W x + b, given dz = dL/dz.

    Arguments:
        dz: gradient of the loss with respect to the layer's output, shape (out,), or (n, out) for a batch.
        x: the layer's input, shape (in,), or (n, in) for a batch.
        W: the layer's weights, shape (out, in).

    Returns:
        (dW, dx, db), in this order:
        dW has the shape of W, (out, in). For a batch, it is the sum over the rows.
        dx has the shape of x, (in,) or (n, in). Row k belongs to sample k.
        db has the shape of b, (out,). For a batch, it is the sum over the rows.

    For extra points: float32 gives float32, int64 gives float64; transposed and sliced arrays work; a call changes
    neither its arguments nor an earlier result.

    These are the gradients that PyTorch's autograd computes for torch.nn.functional.linear(x, W, b).
    """
    raise NotImplementedError
