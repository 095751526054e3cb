# Seven lines of NumPy.
# independent
"""Milestone 1: your own network learns to read digits.

    katas run milestone1

trains the network, tests it on digits that it has never seen, and draws the loss and the weights: training.png.
"""

import numpy as np
import training  # supplied
from affine_gradient import affine_backward  # yours, from exercise 5
from relu import relu_derivative  # yours, from exercise 2
from softmax_cross_entropy import softmax  # yours, from exercise 4


def backward(
    parameters: dict[str, np.ndarray], activations: dict[str, np.ndarray], labels: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the gradients of the loss L with respect to all four parameters of a two-layer network.

    The forward pass was z1 = affine(W1, x, b1), h = relu(z1), logits = affine(W2, h, b2). L is the cross-entropy,
    averaged over the n rows of the batch.

    Arguments:
        parameters: "W1" (hidden, in), "b1" (hidden,), "W2" (classes, hidden) and "b2" (classes,).
        activations: "x" (n, in), "z1" (n, hidden), "h" (n, hidden) and "logits" (n, classes).
        labels: the right classes, counted from 0, int64, shape (n,).

    Returns:
        A dict with the keys "W1", "b1", "W2" and "b2". Each gradient has the shape of its parameter.

    For extra points: float32 arrays give float32 gradients; a call changes neither its arguments nor an earlier result.

    These are the gradients that PyTorch's autograd computes.
    """
    P, A, n = parameters, activations, labels.size
    d = softmax(A["logits"])
    d[np.arange(n), labels] -= 1
    d /= n
    g = {}
    g["W2"], d, g["b2"] = affine_backward(d, A["h"], P["W2"])
    g["W1"], _, g["b1"] = affine_backward(d * relu_derivative(A["z1"]), A["x"], P["W1"])
    return g


def update(
    parameters: dict[str, np.ndarray], gradients: dict[str, np.ndarray], learning_rate: float
) -> dict[str, np.ndarray]:
    """Return the parameters after one step of gradient descent: every p becomes p - learning_rate · dL/dp.

    Arguments:
        parameters: arrays by name.
        gradients: the gradient of each parameter, under the same names.
        learning_rate: a float.

    Returns:
        A dict with the same names.

    For extra points: float32 parameters stay float32; a call doesn't change its arguments.
    """
    return {k: p - learning_rate * gradients[k] for k, p in parameters.items()}


if __name__ == "__main__":
    training.main(backward, update)
