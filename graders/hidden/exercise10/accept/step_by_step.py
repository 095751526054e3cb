# Loops and early returns in place of array expressions.
"""Exercise 10: four diagnostics of a network that does not learn."""

import copy

import numpy as np
from network import Network


def shapes_are_correct(network: Network, X: np.ndarray, n_outputs: int) -> bool:
    for batch in (X, X[:1]):
        logits = network.forward(batch)
        if logits.shape != (len(batch), n_outputs) or not np.isfinite(logits).all():
            return False
    return True


def can_overfit_tiny_batch(network: Network, X: np.ndarray, y: np.ndarray) -> bool:
    trained, X, y = copy.deepcopy(network), X[:8], y[:8]
    for _ in range(100):
        trained.step(X, y)
        if (trained.forward(X).argmax(axis=1) == y).all():
            return True
    return False


def activations_are_healthy(network: Network, X: np.ndarray) -> bool:
    for values in network.activations(X):
        n, width = values.shape
        if network.activation == "relu":
            dead = 0
            for unit in range(width):
                if values[:, unit].max() == 0:
                    dead += 1
            if dead > width / 2:
                return False
        elif network.activation in ("tanh", "sigmoid"):
            low = -1 if network.activation == "tanh" else 0
            saturated = 0
            for value in values.ravel():
                if value < low + 0.01 or value > 0.99:
                    saturated += 1
            if saturated > n * width / 2:
                return False
    return True


def gradient_norms(network: Network, X: np.ndarray, y: np.ndarray) -> np.ndarray:
    loss, weight_gradients, bias_gradients = network.loss_and_gradients(X, y)
    norms = []
    for gradient in weight_gradients:
        total = 0.0
        for row in gradient:
            total += float(np.dot(row, row))
        norms.append(total**0.5)
    return np.array(norms)


def gradients_flow(network: Network, X: np.ndarray, y: np.ndarray) -> bool:
    for norm in gradient_norms(network, X, y):
        if not 0.001 <= norm <= 100:
            return False
    return True


def diagnose(network: Network, X: np.ndarray, y: np.ndarray) -> dict[str, bool]:
    return {
        "shapes": shapes_are_correct(network, X, y.max() + 1),
        "overfit": can_overfit_tiny_batch(network, X, y),
        "activations": activations_are_healthy(network, X),
        "gradients": gradients_flow(network, X, y),
    }
