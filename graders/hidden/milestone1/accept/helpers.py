# Small helper functions and named tuples.
# independent
"""Milestone 1: your own network learns to read digits.

    katas run milestone1

trains the network, tests it on digits that it has never seen, and draws the loss and the weights: training.png.
"""

from typing import NamedTuple

import numpy as np
import training  # supplied
from affine_gradient import affine_backward  # yours, from exercise 5
from relu import relu_derivative  # yours, from exercise 2
from softmax_cross_entropy import softmax  # yours, from exercise 4

Arrays = dict[str, np.ndarray]


class LayerGradient(NamedTuple):
    """What affine_backward returns, with names instead of positions."""

    weights: np.ndarray
    input: np.ndarray
    bias: np.ndarray


class Activations(NamedTuple):
    x: np.ndarray
    z1: np.ndarray
    h: np.ndarray
    logits: np.ndarray


def one_hot(labels: np.ndarray, classes: int, dtype: np.dtype) -> np.ndarray:
    """Return a matrix with a single 1 in each row, at that row's label."""
    return (labels[:, None] == np.arange(classes)).astype(dtype)


def loss_gradient(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return dL/dlogits for the mean cross-entropy."""
    n, classes = logits.shape
    return (softmax(logits) - one_hot(labels, classes, logits.dtype)) / n


def layer_gradient(dz: np.ndarray, x: np.ndarray, W: np.ndarray) -> LayerGradient:
    return LayerGradient(*affine_backward(dz, x, W))


def through_relu(dh: np.ndarray, z: np.ndarray) -> np.ndarray:
    return dh * relu_derivative(z)


def step(parameter: np.ndarray, gradient: np.ndarray, learning_rate: float) -> np.ndarray:
    return parameter - learning_rate * gradient


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
    a = Activations(**activations)
    dlogits = loss_gradient(a.logits, labels)
    output = layer_gradient(dlogits, a.h, parameters["W2"])
    hidden = layer_gradient(through_relu(output.input, a.z1), a.x, parameters["W1"])
    return {"W1": hidden.weights, "b1": hidden.bias, "W2": output.weights, "b2": output.bias}


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
    return {name: step(parameters[name], gradients[name], learning_rate) for name in parameters}


if __name__ == "__main__":
    training.main(backward, update)
