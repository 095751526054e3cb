"""Exercise 3: the forward pass of a two-layer network."""

import numpy as np


def two_layer_forward(x: np.ndarray, W1: np.ndarray, W2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return h = relu(W1 x) and y = W2 h for one vector x, or for each row of a batch x.

    Arguments:
        x: one vector, shape (in,), or a batch, shape (n, in).
        W1: weights of the first layer, shape (hidden, in).
        W2: weights of the second layer, shape (out, hidden).

    Returns:
        The pair (h, y), two arrays of floats. For one vector, h has shape (hidden,) and y has shape (out,);
        for a batch, (n, hidden) and (n, out).

    Extras:
        types: if all arguments are float32, so are h and y; if all are int64, h and y are float64.
        inputs: transposed and sliced arrays work; a call changes neither its arguments nor earlier results.
        speed: a batch is computed at once, not in a Python loop over its rows.

    Errors:
        none are graded, so you needn't check shapes.

    This is torch.nn.functional.linear without a bias, then relu, then linear again.
    """
    raise NotImplementedError
