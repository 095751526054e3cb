# A textbook style.
# independent
"""Exercise 10: four diagnostics of a network that does not learn."""

import copy

import numpy as np
from network import Network


def shapes_are_correct(network: Network, X: np.ndarray, n_outputs: int) -> bool:
    logits, single = network.forward(X), network.forward(X[:1])
    if logits.shape != (len(X), n_outputs) or single.shape != (1, n_outputs):
        return False
    return bool(np.isfinite(logits).all() and np.isfinite(single).all())


def can_overfit_tiny_batch(network: Network, X: np.ndarray, y: np.ndarray) -> bool:
    trained = copy.deepcopy(network)
    X, y = X[:8], y[:8]
    for _ in range(100):
        trained.step(X, y)
        if (trained.forward(X).argmax(axis=1) == y).all():
            return True
    return False


def activations_are_healthy(network: Network, X: np.ndarray) -> bool:
    for a in network.activations(X):
        if network.activation == "relu":
            idle = (a == 0).all(axis=0)
        elif network.activation == "tanh":
            idle = np.abs(a) > 0.99
        elif network.activation == "sigmoid":
            idle = (a < 0.01) | (a > 0.99)
        else:
            continue
        if idle.mean() > 0.5:
            return False
    return True


def gradient_norms(network: Network, X: np.ndarray, y: np.ndarray) -> np.ndarray:
    _, dW, _ = network.loss_and_gradients(X, y)
    return np.array([np.linalg.norm(g) for g in dW])


def gradients_flow(network: Network, X: np.ndarray, y: np.ndarray) -> bool:
    norms = gradient_norms(network, X, y)
    return bool(np.all((norms >= 1e-3) & (norms <= 1e2)))


def diagnose(network: Network, X: np.ndarray, y: np.ndarray) -> dict[str, bool]:
    return {
        "shapes": shapes_are_correct(network, X, y.max() + 1),
        "overfit": can_overfit_tiny_batch(network, X, y),
        "activations": activations_are_healthy(network, X),
        "gradients": gradients_flow(network, X, y),
    }
