"""Exercise 2: ReLU and its derivative."""

import numpy as np


def relu(z: np.ndarray) -> np.ndarray:
    """Return max(0, z), element by element.

    Arguments:
        z: an array of any shape, with at least one axis and one element.

    Returns:
        An array of floats, of z's shape.

    Extras:
        types: float32 gives float32, int64 gives float64.
        inputs: transposed and sliced arrays work; a call changes neither z nor an earlier result.

    This is torch.nn.functional.relu(z).
    """
    raise NotImplementedError


def relu_derivative(z: np.ndarray) -> np.ndarray:
    """Return the derivative of relu at z, element by element: 0.0 or 1.0. At the kink, z = 0, it is 0.0.

    Arguments:
        z: an array of any shape, with at least one axis and one element.

    Returns:
        An array of floats, not bools or integers, of z's shape.

    Extras:
        types: float32 gives float32, int64 gives float64.
        inputs: transposed and sliced arrays work; a call changes neither z nor an earlier result.

    This is the gradient that PyTorch's autograd computes for torch.nn.functional.relu.
    """
    raise NotImplementedError
