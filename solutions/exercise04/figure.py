"""Draw the softmax of logits that are shifted and scaled, and three ways to compute the same loss."""

import numpy as np
from softmax_cross_entropy import cross_entropy, softmax

LOGITS = np.array([2.0, 1.0, 0.0])


def draw(figure):
    """Draw the probabilities on the left, the losses on the right."""
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.25))
    draw_probabilities(left)
    draw_losses(right)


def draw_probabilities(ax):
    """Draw probabilities to show that adding a constant leaves them unchanged and multiplying by one doesn't."""
    place = np.arange(3)
    variants = (
        ("l", LOGITS, "tab:blue"),
        ("l + 1000", LOGITS + 1000, "tab:cyan"),
        ("3 l", 3 * LOGITS, "tab:red"),
        ("l / 3", LOGITS / 3, "tab:orange"),
    )
    for number, (name, logits, colour) in enumerate(variants):
        ax.bar(place + 0.2 * (number - 1.5), softmax(logits), 0.18, color=colour, label=f"softmax({name})")
    ax.set(title="Logits l = [2, 1, 0]", ylabel="probability", xlabel="class", xticks=place, ylim=(0, 1.02))
    ax.legend(fontsize=8)


def draw_losses(ax):
    """Draw the loss for logits [0, a] and target 0, which is log(1 + e^a)."""
    a = np.arange(0.0, 1001.0, 10)
    logits = np.column_stack([np.zeros_like(a), a])
    ax.plot(a, [cross_entropy(row, 0) for row in logits], color="tab:blue", linewidth=4, alpha=0.4, label="log-sum-exp")
    with np.errstate(all="ignore"):
        exponentials = np.exp(logits)
        naive = -np.log(exponentials[:, 0] / exponentials.sum(axis=1))
    ax.plot(a, naive, color="tab:red", label="−log(exp / sum)")
    ax.plot(*(values[np.isfinite(naive)][-1] for values in (a, naive)), "X", color="tab:red", markersize=8)
    ax.annotate("exp(710) overflows:\nno loss from here on", (730, 590), fontsize=8)
    ax.plot(a, [-np.log(softmax(row)[0] + 1e-12) for row in logits], color="tab:orange", label="−log(p + 1e-12)")
    ax.annotate("stuck at 27.6: the gradient is gone", (1000, 27.6), (1000, 70), fontsize=8, ha="right")
    ax.set(title="The loss for logits [0, a], target 0", xlabel="a, the lead of the wrong class", ylabel="loss in nats")
    ax.legend(loc="upper left", fontsize=8)
