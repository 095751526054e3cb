"""Exercise 10: four diagnostics for a network that doesn't learn."""

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
    idle = {
        "relu": lambda a: (a == 0).all(axis=0),  # units that are dead
        "leaky_relu": np.zeros_like,
        "tanh": lambda a: abs(a) > 0.99,  # values that are saturated
        "sigmoid": lambda a: abs(a - 0.5) > 0.49,
    }[network.activation]
    return all(np.mean(idle(a)) <= 0.5 for a in network.activations(X))


def gradient_norms(network: Network, X: np.ndarray, y: np.ndarray) -> np.ndarray:
    _, dW, _ = network.loss_and_gradients(X, y)
    return np.array([np.linalg.norm(gradient) for gradient in dW])


def gradients_flow(network: Network, X: np.ndarray, y: np.ndarray) -> bool:
    norms = gradient_norms(network, X, y)
    return bool(np.all((norms >= 1e-3) & (norms <= 1e2)))  # False for NaN


def diagnose(network: Network, X: np.ndarray, y: np.ndarray) -> dict[str, bool]:
    return {
        "shapes": shapes_are_correct(network, X, y.max() + 1),
        "overfit": can_overfit_tiny_batch(network, X, y),
        "activations": activations_are_healthy(network, X),
        "gradients": gradients_flow(network, X, y),
    }


if __name__ == "__main__":
    from checklist import main

    main(shapes_are_correct, can_overfit_tiny_batch, activations_are_healthy, gradients_flow)
