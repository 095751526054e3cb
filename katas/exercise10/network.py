"""A small multilayer perceptron in NumPy. It is supplied: read it and use it, but don't change it.

A network of sizes [n_inputs, width, ..., n_outputs] has an affine layer between each size and the next. Every layer
except the last is followed by an activation; the outputs of the last one are the logits. The loss is the mean softmax
cross-entropy.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np


class Activation(NamedTuple):
    """A function, its slope in terms of its value, and its values' centre and spread for standard normal inputs."""

    value: Callable[[np.ndarray], np.ndarray]
    slope: Callable[[np.ndarray], np.ndarray]
    centre: float
    spread: float


ACTIVATIONS = {
    "relu": Activation(lambda z: np.maximum(z, 0.0), np.sign, 0.0, 0.7071),
    "leaky_relu": Activation(lambda z: np.where(z > 0, z, 0.01 * z), lambda a: np.where(a > 0, 1.0, 0.01), 0.0, 0.7071),
    "tanh": Activation(np.tanh, lambda a: 1 - a * a, 0.0, 0.628),
    "sigmoid": Activation(lambda z: 0.5 + 0.5 * np.tanh(0.5 * z), lambda a: a * (1 - a), 0.5, 0.208),
}


class Network:
    """Affine layers with an activation after every one except the last.

    Arguments:
        sizes: n_inputs, the widths of the hidden layers, n_outputs.
        activation: "relu", "leaky_relu", "tanh" or "sigmoid".
        rng: draws the weights, scaled so that standardised inputs stay standardised before every activation.

    Attributes:
        activation: the activation's name.
        weights, biases: lists with one float64 array per layer, first layer first, of shape (fan_out, fan_in) and
            (fan_out,). `step` changes these arrays in place.
        n_steps, mean, square: the state that `step` keeps: the number of its calls, and the running means of all
            gradients and of their squares.
    """

    def __init__(self, sizes: list[int], activation: str, rng: np.random.Generator) -> None:
        _, _, centre, spread = ACTIVATIONS[activation]
        self.activation = activation
        self.weights = [rng.standard_normal((out, into)) / np.sqrt(into) for into, out in pairwise(sizes)]
        self.biases = [np.zeros(out) for out in sizes[1:]]
        for W, b in zip(self.weights[1:], self.biases[1:], strict=True):
            W /= spread
            b -= centre * W.sum(axis=1)
        n_parameters = sum(parameter.size for parameter in self.weights + self.biases)
        self.n_steps, self.mean, self.square = 0, np.zeros(n_parameters), np.zeros(n_parameters)

    def forward(self, X: np.ndarray) -> np.ndarray:
        """Return the logits (n, n_outputs) of X (n, n_inputs)."""
        return self._outputs(X)[-1]

    def activations(self, X: np.ndarray) -> list[np.ndarray]:
        """Return the values of each hidden layer after its activation, (n, width), first layer first."""
        return self._outputs(X)[:-1]

    def loss_and_gradients(self, X: np.ndarray, y: np.ndarray) -> tuple[float, list[np.ndarray], list[np.ndarray]]:
        """Return the mean cross-entropy of X (n, n_inputs) and classes y (n,), and its gradients.

        Returns:
            The loss, dL/dW of each layer, and dL/db of each layer, in the shapes and order of `weights` and `biases`.
        """
        n, (*hidden, logits) = len(X), self._outputs(X)
        rows = np.arange(n)
        shifted = logits - logits.max(axis=1, keepdims=True)
        p = np.exp(shifted)
        total = p.sum(axis=1, keepdims=True)
        loss = (np.log(total[:, 0]) - shifted[rows, y]).sum() / n
        p /= total
        p[rows, y] -= 1
        dz, dW, db = p / n, [], []
        slope = ACTIVATIONS[self.activation].slope
        for W, into in zip(self.weights[:0:-1], hidden[::-1], strict=True):
            dW.append(dz.T @ into)
            db.append(dz.sum(axis=0))
            dz = (dz @ W) * slope(into)
        return float(loss), [*dW, dz.T @ X][::-1], [*db, dz.sum(axis=0)][::-1]

    def step(self, X: np.ndarray, y: np.ndarray, learning_rate: float = 0.05) -> float:
        """Take one step of Adam (Kingma and Ba, 2015) on the mean cross-entropy; return the loss before the step."""
        loss, dW, db = self.loss_and_gradients(X, y)
        gradient = np.concatenate([array.ravel() for array in dW + db])
        self.n_steps += 1
        self.mean += 0.1 * (gradient - self.mean)
        self.square += 0.001 * (gradient * gradient - self.square)
        rate = learning_rate * np.sqrt(1 - 0.999**self.n_steps) / (1 - 0.9**self.n_steps)
        change = rate * self.mean / (np.sqrt(self.square) + 1e-8)
        start = 0
        for parameter in self.weights + self.biases:
            parameter -= change[start : start + parameter.size].reshape(parameter.shape)
            start += parameter.size
        return loss

    def _outputs(self, X: np.ndarray) -> list[np.ndarray]:
        """Return the outputs of every layer; those of the last one are the logits."""
        outputs, value = [X], ACTIVATIONS[self.activation].value
        for W, b in zip(self.weights[:-1], self.biases[:-1], strict=True):
            outputs.append(value(outputs[-1] @ W.T + b))
        return [*outputs[1:], outputs[-1] @ self.weights[-1].T + self.biases[-1]]
