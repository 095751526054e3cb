# A training loop in the style of PyTorch.
# independent
"""A training loop as in PyTorch: run all the steps, watch the accuracy, keep the best."""

import copy

import numpy as np

MAX_STEPS = 100
EPS_SATURATED = 1e-2
GRAD_MIN, GRAD_MAX = 1e-3, 1e2


def _accuracy(model, inputs, targets):
    preds = model.forward(inputs).argmax(-1)
    return (preds == targets).mean()


def shapes_are_correct(network, X, n_outputs):
    out = network.forward(X)
    out_single = network.forward(X[0:1])
    return (
        tuple(out.shape) == (X.shape[0], n_outputs)
        and tuple(out_single.shape) == (1, n_outputs)
        and not np.isnan(out).any()
        and not np.isinf(out).any()
        and not np.isnan(out_single).any()
        and not np.isinf(out_single).any()
    )


def can_overfit_tiny_batch(network, X, y):
    model = copy.deepcopy(network)
    inputs, targets = X[:8], y[:8]
    best = 0.0
    for epoch in range(MAX_STEPS):
        loss = model.step(inputs, targets)
        best = max(best, _accuracy(model, inputs, targets))
    return best == 1.0


def activations_are_healthy(network, X):
    healthy = True
    for act in network.activations(X):
        match network.activation:
            case "relu":
                bad = (act <= 0).all(axis=0).mean()
            case "tanh":
                bad = (np.abs(act) >= 1 - EPS_SATURATED).mean()
            case "sigmoid":
                bad = (np.abs(act - 0.5) >= 0.5 - EPS_SATURATED).mean()
            case _:
                bad = 0.0
        healthy = healthy and bad <= 0.5
    return healthy


def gradient_norms(network, X, y):
    _, grads, _ = network.loss_and_gradients(X, y)
    return np.stack([np.linalg.norm(g.ravel(), ord=2) for g in grads])


def gradients_flow(network, X, y):
    norms = gradient_norms(network, X, y)
    return np.isfinite(norms).all() and norms.min() >= GRAD_MIN and norms.max() <= GRAD_MAX


def diagnose(network, X, y):
    num_classes = int(y.max()) + 1
    return {
        "shapes": shapes_are_correct(network, X, num_classes),
        "overfit": can_overfit_tiny_batch(network, X, y),
        "activations": activations_are_healthy(network, X),
        "gradients": gradients_flow(network, X, y),
    }
