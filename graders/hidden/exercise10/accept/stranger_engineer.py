# A defensive style.
# independent
"""Careful about overflow, warnings and networks that throw."""

import copy

import numpy as np


def _logits_ok(network, X, n_outputs):
    try:
        logits = np.asarray(network.forward(X))
    except (ValueError, IndexError):
        return False
    return logits.shape == (len(X), n_outputs) and bool(np.all(np.isfinite(logits)))


def shapes_are_correct(network, X, n_outputs):
    return _logits_ok(network, X, n_outputs) and _logits_ok(network, X[:1], n_outputs)


def can_overfit_tiny_batch(network, X, y):
    patient = copy.deepcopy(network)
    X8, y8 = X[:8].copy(), y[:8].copy()
    with np.errstate(all="ignore"):
        for _ in range(100):
            patient.step(X8.copy(), y8.copy())
            logits = patient.forward(X8.copy())
            if not np.isfinite(logits).all():
                return False
            if np.array_equal(logits.argmax(axis=1), y8):
                return True
    return False


def activations_are_healthy(network, X):
    with np.errstate(all="ignore"):
        layers = network.activations(X)
    for values in layers:
        if network.activation == "relu":
            share = np.mean(np.max(np.abs(values), axis=0) == 0.0)
        elif network.activation == "tanh":
            share = np.mean(np.isclose(np.abs(values), 1.0, rtol=0.0, atol=0.01))
        elif network.activation == "sigmoid":
            near_0 = np.isclose(values, 0.0, rtol=0.0, atol=0.01)
            near_1 = np.isclose(values, 1.0, rtol=0.0, atol=0.01)
            share = np.mean(near_0 | near_1)
        else:
            share = 0.0
        if not share <= 0.5:
            return False
    return True


def gradient_norms(network, X, y):
    norms = []
    with np.errstate(all="ignore"):
        _, dW, _ = network.loss_and_gradients(X, y)
        for g in dW:
            largest = np.max(np.abs(g))
            if largest == 0.0 or not np.isfinite(largest):
                norms.append(largest)
            else:
                norms.append(largest * np.sqrt(np.sum((g / largest) ** 2)))  # the squares cannot overflow
    return np.array(norms, dtype=np.float64)


def gradients_flow(network, X, y):
    norms = gradient_norms(network, X, y)
    return bool(np.all(np.isfinite(norms)) and np.all(norms >= 1e-3) and np.all(norms <= 1e2))


def diagnose(network, X, y):
    return {
        "shapes": shapes_are_correct(network, X, int(np.max(y)) + 1),
        "overfit": can_overfit_tiny_batch(network, X, y),
        "activations": activations_are_healthy(network, X),
        "gradients": gradients_flow(network, X, y),
    }
