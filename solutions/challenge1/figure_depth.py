"""Plot the first layer's gradient norm divided by the last layer's, for networks of 5, 10, 15 and 20 layers."""

import numpy as np
from digits import load_digits
from vanishing import DeepNetwork

DEPTHS = (5, 10, 15, 20)
SEEDS = range(11)


def draw(figure):
    X, y = load_digits()
    axes = figure.subplots()
    for activation, name, colour, marker in (("relu", "ReLU", "#0072b2", "o"), ("sigmoid", "sigmoid", "#d55e00", "^")):
        ratios = np.array([[ratio(X, y, depth, activation, seed) for seed in SEEDS] for depth in DEPTHS])
        axes.semilogy(
            DEPTHS, np.median(ratios, axis=1), marker, ls="-", color=colour, label=f"{name}, median of eleven"
        )
        axes.semilogy(np.repeat(DEPTHS, len(SEEDS)), ratios.ravel(), ".", color=colour, ms=3, alpha=0.6)
    for depth, share in zip(DEPTHS, np.median(ratios, axis=1), strict=True):
        axes.annotate(f"{share:.1e}", (depth, share), (8, 4), textcoords="offset points", fontsize=8)
    n = np.arange(5, 21)
    axes.semilogy(n, 0.25 ** (n - 1.0), "--", color="0.35", label="0.25 to the power of n − 1")
    axes.semilogy(n, 0.25**n, ":", color="0.35", label="0.25 to the power of n")
    axes.set(
        title="What is left of the gradient, fresh networks",
        xlabel="layers n",
        ylabel="first layer's norm / last layer's",
        xticks=DEPTHS,
        xlim=(4.5, 22),
    )
    axes.legend(fontsize=8, loc="lower left")


def ratio(X, y, depth, activation, seed):
    """Return the first layer's gradient norm divided by the last layer's, on a batch of 64."""
    network = DeepNetwork(depth, activation, seed=seed)
    rows = np.random.default_rng(seed).choice(len(X), 64, replace=False)
    network.train_step(X[rows], y[rows], 0.01)
    norms = network.track_gradients()
    return norms[0] / norms[-1]
