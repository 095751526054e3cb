"""Draw the size of a signal that passes through twenty layers, for weights of several sizes."""

import numpy as np
from initialization import initialize

WIDTH, SAMPLES, LAYERS = 400, 200, 20


def activations(activation, scheme, factor):
    """Return the input and the activations of every layer; its weights are those of a scheme, times a factor."""
    rng = np.random.default_rng(7)
    layers = [rng.standard_normal((SAMPLES, WIDTH))]
    for _ in range(LAYERS):
        layers.append(activation(layers[-1] @ (factor * initialize(WIDTH, WIDTH, scheme, rng)).T))
    return layers


def relu(z):
    return np.maximum(z, 0)


def draw(figure):
    left, right = figure.subfigures(1, 2, width_ratios=(1.25, 1))
    draw_sizes(left.subplots())
    draw_histograms(right.subplots(3, 1, sharex=True))


def draw_sizes(axes):
    weights = {
        "three times He's": ("he", 3, "tab:red"),
        "He's": ("he", 1, "tab:green"),
        "Xavier's": ("xavier", 1, "tab:blue"),
        "a fifth of He's": ("he", 0.2, "tab:gray"),
    }
    for name, (scheme, factor, colour) in weights.items():
        sizes = [np.sqrt(np.mean(h**2)) for h in activations(relu, scheme, factor)]
        axes.semilogy(sizes, color=colour)
        axes.text(LAYERS + 0.5, sizes[-1], name, color=colour, va="center")
    axes.set_title("ReLU: size of the activations, layer by layer")
    axes.set_xlabel("layer")
    axes.set_ylabel("root mean square")
    axes.set_xlim(0, LAYERS + 9)
    axes.set_xticks(range(0, LAYERS + 1, 5))


def draw_histograms(panels):
    weights = {
        "a fifth of Xavier's": (0.2, "tab:gray"),
        "Xavier's": (1, "tab:blue"),
        "three times Xavier's": (3, "tab:red"),
    }
    bins = np.linspace(-1, 1, 42)
    for axes, (name, (factor, colour)) in zip(panels, weights.items(), strict=True):
        last = activations(np.tanh, "xavier", factor)[-1]
        share, _ = np.histogram(last, bins)
        axes.stairs(100 * share / last.size, bins, fill=True, color=colour)
        axes.text(0.1, 0.94, name, color=colour, transform=axes.transAxes, va="top")
        axes.set_ylim(0)
    panels[0].set_title(f"tanh: activations of layer {LAYERS}")
    panels[1].set_ylabel("share of the units, %")
    panels[-1].set_xlabel("activation")
