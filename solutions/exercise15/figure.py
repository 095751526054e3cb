"""Draw the block's parts, GELU with its derivative, and how much of the gradient survives a stack of blocks."""

import numpy as np
from transformer_block import block, block_gradient, gelu, gelu_gradient

FEATURES, HEADS, TOKENS, BLOCKS = 32, 4, 12, 24
PARTS = ("layer norm", "attention", "+", "layer norm", "MLP", "+")


def draw(figure):
    """Draw the block as boxes, the activation, and the way back through 24 blocks."""
    figure.set_size_inches(9.6, 3.2)
    boxes, activation, stack = figure.subplots(1, 3, gridspec_kw={"width_ratios": [1.1, 1.25, 1.4]})
    draw_boxes(boxes)
    draw_activation(activation)
    draw_stack(stack)


def draw_boxes(ax):
    """Draw the block from bottom to top, with the two paths around its parts."""
    y = 0.0
    ax.text(0, y, "x", ha="center", va="center", fontsize=11)
    for part in PARTS:
        below, y = y, y + 1
        ax.annotate("", (0, y - 0.33), (0, below + 0.3), arrowprops={"arrowstyle": "-|>", "color": "0.3"})
        colour = {"+": "white", "layer norm": "#e8e8e8"}.get(part, "#d5e5f5")
        box = {
            "boxstyle": "circle,pad=0.15" if part == "+" else "round,pad=0.3",
            "facecolor": colour,
            "edgecolor": "0.4",
        }
        ax.text(0, y, part, ha="center", va="center", fontsize=9, bbox=box)
        if part == "+":
            around = [[0, -1.6, -1.6, -0.22], [y - 2.5, y - 2.5, y, y]]
            ax.plot(*around, color="tab:red", linewidth=1.5)
            ax.annotate("", (-0.15, y), (-0.6, y), arrowprops={"arrowstyle": "-|>", "color": "tab:red"})
    ax.annotate("", (0, y + 0.7), (0, y + 0.3), arrowprops={"arrowstyle": "-|>", "color": "0.3"})
    ax.text(0, y + 0.95, "y", ha="center", va="center", fontsize=11)
    ax.set(title="One block", xlim=(-2.1, 1.7), ylim=(-0.4, y + 1.3))
    ax.set_axis_off()


def draw_activation(ax):
    """Draw GELU, its derivative and the ReLU."""
    x = np.linspace(-4, 4, 161)
    ax.plot(x, np.maximum(x, 0), ":", color="0.5", label="ReLU")
    ax.plot(x, gelu(x), color="tab:blue", label="GELU")
    ax.plot(x, gelu_gradient(np.ones(x.shape), x), "--", color="tab:orange", label="derivative of GELU")
    ax.set(title="A smooth ReLU", xlabel="x", ylim=(-0.4, 2.5), xlim=(-4, 4))
    ax.legend(fontsize=8, loc="upper left")


def draw_stack(ax):
    """Draw how similar the gradient stays on its way back through a stack, with and without the sums."""
    rng = np.random.default_rng(15)
    stack = [random_params(rng) for _ in range(BLOCKS)]
    start, back = rng.standard_normal((2, 4, TOKENS, FEATURES))
    for name, kept, style in (("with x in the sum", 1.0, "o-"), ("without it", 0.0, "s--")):
        x, dx, caches = start, back, []
        for params in stack:
            y, cache = block(x, params, HEADS)
            x = y + (kept - 1) * x
            caches.append(cache)
        cosines = [1.0]
        for params, cache in zip(stack[::-1], caches[::-1], strict=True):
            dx = block_gradient(dx, cache, params, HEADS)[0] + (kept - 1) * dx
            cosines.append((dx * back).sum() / np.linalg.norm(dx) / np.linalg.norm(back))
        ax.plot(range(BLOCKS + 1), cosines, style, color="tab:purple", markersize=3.5, label=name)
    ax.axhline(0, color="0.8", linewidth=0.8)
    ax.set(title="The sums carry the gradient", xlabel="blocks passed on the way back", ylim=(-0.2, 1.05))
    ax.set(ylabel="cosine with the gradient at the end")
    ax.legend(fontsize=8, loc="center left", bbox_to_anchor=(0.05, 0.4))


def random_params(rng):
    """Return the parameters of a block with random weights, drawn so that signals keep their size."""
    f, hidden = FEATURES, 4 * FEATURES
    params = {f"ln{i}_{name}": np.full(f, value) for i in (1, 2) for name, value in (("gamma", 1.0), ("beta", 0.0))}
    for name, n_out, n_in in (("qkv", 3 * f, f), ("proj", f, f), ("mlp_in", hidden, f), ("mlp_out", f, hidden)):
        params[f"{name}_weight"] = rng.standard_normal((n_out, n_in)) / np.sqrt(n_in)
        params[f"{name}_bias"] = np.zeros(n_out)
    return params
