"""Draw scores and causal weights as heat maps, and the largest weight against the number of features."""

import numpy as np
from attention import attention

TOKENS = 8


def draw(figure):
    """Draw the masked scores, the weights, and what the division by the root of the number of features does."""
    figure.set_size_inches(9.6, 2.9)
    scores, weights, largest = figure.subplots(1, 3, gridspec_kw={"width_ratios": [1, 1, 1.5]})
    rng = np.random.default_rng(14)
    q, k = rng.standard_normal((2, TOKENS, 4))
    draw_scores(scores, q @ k.T / 2)
    draw_weights(weights, attention(q, k, k)[1])
    draw_largest(largest, rng)


def draw_scores(ax, s):
    """Draw the scores, and hatch those of later tokens."""
    heat_map(ax, s, "RdBu_r", -abs(s).max(), abs(s).max())
    for i in range(TOKENS - 1):
        ax.fill_between([i + 1, TOKENS], i, i + 1, facecolor="white", edgecolor="0.7", hatch="////", linewidth=0)
    ax.set(title="scores, later ones masked", ylabel="query of token")


def draw_weights(ax, w):
    """Draw the weights, and write each one of at least a half into its cell."""
    heat_map(ax, w, "Blues", 0, 1)
    for i, j in np.argwhere(w >= 0.5):
        ax.text(j + 0.5, i + 0.5, f"{w[i, j]:.1f}", ha="center", va="center", color="white", fontsize=7)
    ax.set(title="weights: rows sum to 1")


def heat_map(ax, values, colours, low, high):
    """Draw cells rather than an image, so that the file stays a vector graphic. Row 1 is at the top."""
    ax.pcolormesh(values, cmap=colours, vmin=low, vmax=high, edgecolors="white", linewidth=0.4)
    ax.invert_yaxis()
    ticks = np.arange(TOKENS)
    ax.set(xticks=ticks + 0.5, xticklabels=ticks + 1, yticks=ticks + 0.5, yticklabels=ticks + 1, aspect="equal")
    ax.set(xlabel="key of token")
    ax.tick_params(length=0, labelsize=8)
    ax.spines[:].set_visible(False)


def draw_largest(ax, rng):
    """Draw the mean of the largest of 16 weights, with and without the division."""
    features = 2 ** np.arange(9)
    means = {"q kᵀ / √d": [], "q kᵀ": []}
    for d in features:
        q, k = rng.standard_normal((2, 60, 16, d))
        for name, factor in (("q kᵀ / √d", 1.0), ("q kᵀ", np.sqrt(d))):
            means[name].append(attention(factor * q, k, k, causal=False)[1].max(axis=-1).mean())
    for (name, values), style in zip(means.items(), ("o-", "s--"), strict=True):
        ax.semilogx(features, values, style, base=2, color="tab:purple", markersize=4, label=f"scores = {name}")
    ax.set(title="Without the root, one token gets it all", xlabel="features of a head, d", ylim=(0, 1))
    ax.set(ylabel="largest of 16 weights", xticks=features[::2], xticklabels=features[::2])
    ax.legend(fontsize=8, loc="upper left")
