"""Draw what temperature, top-k and top-p do to probabilities, and how many tokens a model reads with a cache."""

import numpy as np
from writing import next_probabilities, write

TOKENS, TOP_K, TOP_P, LONGEST = 12, 4, 0.8, 200
RANKS = np.arange(1, TOKENS + 1)
SURE = np.linspace(0, -1, TOKENS) + 3.5 * (RANKS == 1)
UNSURE = 1.6 * np.linspace(0, -1, TOKENS)


def draw(figure):
    """Draw four plots: temperatures, a sure and an unsure model, and the tokens that pass through the model."""
    figure.set_size_inches(7.6, 5.2)
    (temperatures, work), (sure, unsure) = figure.subplots(2, 2)
    draw_temperatures(temperatures)
    draw_choices(sure, SURE, "A sure model")
    draw_choices(unsure, UNSURE, "An unsure model")
    draw_work(work)


def draw_temperatures(ax):
    logits = 5 * np.linspace(0, -1, TOKENS)
    for temperature, style in ((0.5, "-"), (1.0, "--"), (2.0, ":")):
        p = next_probabilities(logits, temperature)
        ax.plot(RANKS, p, style, marker="o", markersize=3, color="tab:purple", label=f"temperature {temperature:g}")
    ax.set(title="A low temperature favours the largest", xlabel="token, largest logit first", ylabel="probability")
    ax.set_xticks(RANKS[::2])
    ax.legend(fontsize=8)


def draw_choices(ax, logits, title):
    """Draw the probabilities as bars, and below them what top-k and top-p keep."""
    p = next_probabilities(logits)
    by_k, by_p = (np.count_nonzero(next_probabilities(logits, **cut)) for cut in ({"top_k": TOP_K}, {"top_p": TOP_P}))
    ax.bar(RANKS, p, color="lightgray")
    top = p.max()
    for height, kept, colour, label in (
        (-0.09, by_k, "tab:orange", f"top_k = {TOP_K} keeps {by_k}"),
        (-0.2, by_p, "tab:blue", f"top_p = {TOP_P} keeps {by_p}"),
    ):
        ax.plot([0.6, kept + 0.4], [height * top] * 2, color=colour, linewidth=4, solid_capstyle="butt", label=label)
    ax.set(title=title, xlabel="token, largest logit first", ylabel="probability", ylim=(-0.3 * top, 1.1 * top))
    ax.set_xticks(RANKS[::2])
    ax.set_yticks([tick for tick in ax.get_yticks() if 0 <= tick <= top])
    ax.legend(fontsize=8)


def draw_work(ax):
    """Draw how many tokens pass through the model: `write` counts its own, and without a cache all are read again."""
    read = [0]

    def step(new_ids, cache):
        read.append(read[-1] + len(new_ids))
        return np.zeros((len(new_ids), 2)), cache

    write(step, [0], LONGEST, np.random.default_rng(18))
    lengths = np.arange(LONGEST + 1)
    ax.plot(lengths, np.cumsum(lengths), "--", color="tab:gray", label="the whole text at each step")
    ax.plot(lengths, read, color="tab:green", label="with a cache")
    ax.set(title="A cache saves most of the reading", xlabel="length of the text", ylabel="tokens read")
    ax.legend(fontsize=8)
