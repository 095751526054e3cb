"""Draw a mask, and the sum of 100 units after dropout against the probability."""

import numpy as np
from dropout import dropout, dropout_mask
from matplotlib.colors import ListedColormap

ROWS, UNITS, P_DROP = 12, 16, 0.5
SUMMANDS, MASKS = 100, 1000


def draw(figure):
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.25))
    draw_mask(left)
    draw_sums(right)


def draw_mask(axes):
    mask = dropout_mask((ROWS, UNITS), P_DROP, np.random.default_rng(8))
    axes.pcolormesh(mask, cmap=ListedColormap(["white", "tab:blue"]), edgecolor="lightgray", linewidth=0.5)
    axes.set_title(f"A mask for p = {P_DROP:g}: {mask.mean():.0%} are kept")
    axes.set_xlabel("unit")
    axes.set_ylabel("sample")
    axes.set_aspect("equal")
    axes.invert_yaxis()
    axes.set_xticks([])
    axes.set_yticks([])


def draw_sums(axes):
    """Draw the mean and the spread of the sum over units after dropout, divided by the sum without dropout."""
    rng = np.random.default_rng(80)
    h = np.tile(rng.uniform(0, 1, SUMMANDS), (MASKS, 1))
    probabilities = np.linspace(0, 0.95, 39)
    scaled, plain = [], []
    for p_drop in probabilities:
        mask = dropout_mask(h.shape, p_drop, rng)
        scaled.append(dropout(h, mask, p_drop).sum(axis=1) / h.sum(axis=1))
        plain.append((h * mask).sum(axis=1) / h.sum(axis=1))
    for sums, colour in ((plain, "tab:gray"), (scaled, "tab:blue")):
        mean, spread = np.mean(sums, axis=1), np.std(sums, axis=1)
        axes.fill_between(probabilities, mean - spread, mean + spread, color=colour, alpha=0.25, linewidth=0)
        axes.plot(probabilities, mean, color=colour)
    axes.text(0.05, 1.13, "h · mask / (1 − p)", color="tab:blue")
    axes.text(0.05, 0.7, "h · mask", color="tab:gray")
    axes.set_title(f"Sum of {SUMMANDS} units: mean ± standard deviation")
    axes.set_xlabel("p, the probability to drop a unit")
    axes.set_ylabel("multiple of the sum without dropout")
    axes.set_xlim(0, 0.95)
    axes.set_ylim(0, 1.6)
