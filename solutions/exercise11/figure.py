"""Draw three paths through a valley, the size of Adam's first steps, and a learning rate with warm-up."""

from functools import partial

import numpy as np
from optimizers import adam, sgd, warmup_cosine

STEEPNESS = np.array([1.0, 30.0])  # the loss is half of the sum of steepness * position²
START = np.array([-4.0, 1.0])


def draw(figure):
    figure.set_size_inches(9.6, 3.0)
    valley, sizes, rates = figure.subplots(1, 3, width_ratios=[1.25, 1, 1])
    draw_valley(valley)
    draw_sizes(sizes)
    draw_rates(rates)


def draw_valley(ax):
    """Draw the paths of three optimisers over the loss's contour lines."""
    x, y = np.meshgrid(np.linspace(-4.6, 1.4, 61), np.linspace(-1.4, 1.5, 61))
    ax.contour(x, y, (STEEPNESS[0] * x**2 + STEEPNESS[1] * y**2) / 2, [0.3, 1, 3, 8, 16, 28], colors="0.8")
    optimizers = {
        "sgd": (partial(sgd, lr=0.06), "tab:red", "-"),
        "with momentum": (partial(sgd, lr=0.02, momentum=0.8), "tab:blue", "--"),
        "adam": (partial(adam, lr=0.4, betas=(0.8, 0.99)), "tab:green", "-"),
    }
    for label, (step, colour, style) in optimizers.items():
        path, state = [START], None
        for _ in range(25):
            param, state = step(path[-1], STEEPNESS * path[-1], state)
            path.append(param)
        ax.plot(*np.array(path).T, style, marker="o", markersize=2.5, linewidth=1, color=colour, label=label)
    ax.plot(0, 0, "k+", markersize=9)
    ax.set(title="25 steps in a narrow valley", xlabel="along", ylabel="across", ylim=(-1.4, 1.9))
    ax.legend(fontsize=7, ncols=3, loc="upper center", columnspacing=1, handlelength=1.5)


def draw_sizes(ax):
    """Draw the size of Adam's steps for a constant gradient, with and without the corrections."""
    t = np.arange(1, 21)
    path, state = [0.0], None
    for _ in t:
        param, state = adam(path[-1], 1.0, state)
        path.append(param)
    corrected, m, v = -np.diff(path), 1 - 0.9**t, np.sqrt(1 - 0.999**t)
    curves = {
        "only m corrected": (0.001 / v, "tab:orange", ":"),
        "none corrected": (0.001 * m / v, "tab:red", "--"),
        "both corrected": (corrected, "tab:green", "-"),
        "only v corrected": (0.001 * m, "tab:purple", "-."),
    }
    for label, (size, colour, style) in curves.items():
        ax.semilogy(t, size, style, color=colour, label=label)
    ax.set(title="The size of Adam's first steps", xlabel="step t", xticks=[1, 5, 10, 15, 20], ylim=(2e-5, 5e-2))
    ax.legend(fontsize=7, loc="lower right")


def draw_rates(ax):
    """Draw the learning rate of a run, one dot for each step."""
    steps = np.arange(66)
    for lr_min, colour, style in ((0.0, "tab:blue", "o"), (0.0002, "tab:orange", "^")):
        rates = [warmup_cosine(step, 0.001, 10, 60, lr_min) for step in steps]
        ax.plot(steps, rates, style, markersize=2.5, color=colour, label=f"lr_min = {lr_min:g}")
    for step in (10, 60):
        ax.axvline(step, color="0.8", zorder=0)
    ax.set(title="Warm-up and cosine", xlabel="step", ylabel="learning rate", ylim=(0, 0.00125))
    ax.legend(fontsize=7, loc="upper right")
