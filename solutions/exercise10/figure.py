"""Draw gradient norms by layer, tanh values, and training on the labels of other rows."""

import numpy as np
from diagnostics import gradient_norms
from network import Network

HEALTHY, SICK, OTHER = "#0072b2", "#d55e00", "#cc79a7"


def draw(figure):
    left, middle, right = figure.subplots(1, 3, width_ratios=[1.15, 1, 1])
    draw_norms(left)
    draw_values(middle)
    draw_training(right)


def samples(n):
    rng = np.random.default_rng(1)
    X = rng.standard_normal((n, 12))
    return X, (X @ rng.standard_normal((12, 4))).argmax(axis=1)


def draw_norms(axes):
    X, y = samples(128)
    sizes = [12] + [32] * 9 + [4]
    for name, activation, factor, colour, marker in (
        ("ReLU, weights × 5", "relu", 5.0, OTHER, "s"),
        ("ReLU, healthy", "relu", 1.0, HEALTHY, "o"),
        ("sigmoid, weights / 5", "sigmoid", 0.2, SICK, "^"),
    ):
        network = Network(sizes, activation, np.random.default_rng(2))
        for W, b in zip(network.weights[1:], network.biases[1:], strict=True):
            W *= factor
            b *= factor
        axes.semilogy(range(1, 11), gradient_norms(network, X, y), marker, ls="-", ms=4, color=colour, label=name)
    axes.axhspan(1e-3, 1e2, color="0.92", zorder=0)
    axes.set(title="Gradient norms", xlabel="layer", ylabel="norm of dL/dW", xticks=[1, 4, 7, 10], ylim=(1e-9, 1e13))
    axes.legend(loc="upper left", fontsize=8, ncols=1)


def draw_values(axes):
    X, _ = samples(400)
    for name, factor, colour in (("healthy", 1.0, HEALTHY), ("weights × 30", 30.0, SICK)):
        network = Network([12, 32, 32, 4], "tanh", np.random.default_rng(2))
        network.weights[1] *= factor
        values = network.activations(X)[1].ravel()
        share, edges = np.histogram(values, bins=20, range=(-1, 1), weights=np.full(values.size, 100 / values.size))
        axes.stairs(share, edges, color=colour, fill=True, alpha=0.6, label=name)
    axes.set(title="tanh values", xlabel="value", ylabel="share in %", ylim=(0, 62))
    axes.legend(loc="upper center", fontsize=8)


def draw_training(axes):
    X, _ = samples(8)
    y = np.array([0, 0, 1, 1, 2, 2, 3, 3])
    for shift, name, colour in ((0, "healthy", HEALTHY), (1, "labels of other rows", SICK)):
        network = Network([12, 32, 4], "relu", np.random.default_rng(2))
        losses, right = [], []
        for _ in range(21):
            right.append(np.mean(network.forward(X).argmax(axis=1) == y))
            losses.append(network.step(X, np.roll(y, shift)))
        axes.plot(losses, color=colour, ls=":", label=f"loss, {name}")
        axes.plot(right, color=colour, label=f"right, {name}")
    axes.set(title="Loss, share right", xlabel="step", ylim=(-0.05, 3.2), xticks=[0, 10, 20])
    axes.legend(loc="upper right", fontsize=8)
