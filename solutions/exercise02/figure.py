"""Draw ReLU, its derivative, and a curve made of five ReLUs."""

import numpy as np
from relu import relu, relu_derivative

KINKS = np.array([-3.0, -1.6, -0.6, 0.6, 1.6])  # where the pieces of the curve on the right meet


def draw(figure):
    """Draw the function and its derivative on the left, a sum of five ReLUs on the right."""
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.5))
    draw_relu(left)
    draw_sum(right)


def draw_relu(ax):
    """Draw relu and its derivative around the kink."""
    z = np.array([-2.0, 0.0, 2.0])
    ax.plot(z, relu(z), color="tab:blue", label="relu(z)")
    for side in (np.array([-2.0, 0.0]), np.array([1e-9, 2.0])):
        slope = relu_derivative(side)
        ax.plot(side, slope, color="tab:orange", linestyle="--", label="relu′(z)" if side[0] < 0 else None)
    ax.plot(0, 0, "o", color="tab:orange", markersize=6)
    ax.plot(0, 1, "o", color="tab:orange", markersize=6, markerfacecolor="white")
    ax.annotate(
        "0 at the kink itself", (0, 0), (-1.9, 0.35), fontsize=8, arrowprops={"arrowstyle": "-", "color": "0.5"}
    )
    ax.set(
        title="The function and its slope", xlabel="z", ylim=(-0.15, 2.1), xticks=(-2, -1, 0, 1, 2), yticks=(0, 1, 2)
    )
    ax.legend(loc="upper left")


def draw_sum(ax):
    """Draw five scaled ReLUs, their sum, and the sine that it follows."""
    z = np.linspace(-3, 3, 121)
    knots = np.append(KINKS, 3.0)
    slopes = np.diff(np.sin(knots)) / np.diff(knots)
    weights = np.diff(slopes, prepend=0.0)  # each ReLU changes the slope of the sum by this much at its kink
    pieces = weights * relu(z[:, None] - KINKS)
    for number, piece in enumerate(pieces.T):
        ax.plot(z, piece, color="0.7", linewidth=1.0, label="weight · relu(z − kink)" if number == 0 else None)
    ax.plot(z, np.sin(z), color="tab:green", linestyle=":", label="sin z")
    ax.plot(z, np.sin(KINKS[0]) + pieces.sum(axis=1), color="tab:blue", label="their sum plus a constant")
    ax.plot(KINKS, np.sin(KINKS), "o", color="tab:blue", markersize=4)
    ax.set(title="Five ReLUs make a curve", xlabel="z", ylim=(-4.2, 6.5))
    ax.legend(loc="upper left", fontsize=8)
