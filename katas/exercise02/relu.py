"""Exercise 2: ReLU and its derivative."""

import numpy as np


def relu(z: np.ndarray) -> np.ndarray:
    """Rectified linear unit, max(0, z), element by element.

    Arguments:
        z: pre-activations, any shape.

    Returns:
        An array of z's shape. float32 stays float32, float64 stays float64, integers count as float64.
        z is not modified.

    The same as torch.nn.functional.relu.
    """
    raise NotImplementedError


def relu_derivative(z: np.ndarray) -> np.ndarray:
    """Derivative of relu at z, element by element: 1.0 where z > 0, else 0.0, and so 0.0 at 0.

    Arguments:
        z: pre-activations, any shape.

    Returns:
        An array of z's shape and of the dtype that relu(z) has: floating numbers, not bool.
        z is not modified.

    The gradient that torch's autograd gives for torch.nn.functional.relu.
    """
    raise NotImplementedError
