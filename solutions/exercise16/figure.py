"""Draw the cell, the gradient's way through many tokens, and a cell that adds two numbers."""

import numpy as np
from lstm import lstm, lstm_gradient

TOKENS, FEATURES, HIDDEN = 60, 4, 16


def draw(figure):
    figure.set_size_inches(9.6, 3.1)
    cell, gradient, adding = figure.subplots(1, 3, width_ratios=[1.05, 1, 1.1])
    draw_cell(cell)
    draw_gradient(gradient)
    draw_adding(adding)


def draw_cell(ax):
    """Draw one step: c runs along the top, h along the bottom."""
    arrow = {"arrowstyle": "-|>", "shrinkA": 0, "shrinkB": 0, "color": "0.35"}
    arrows = [
        ((0.0, 4.0), (1.15, 4.0)),  # c before, to the product with f
        ((1.65, 4.0), (3.05, 4.0)),  # to the sum
        ((3.55, 4.0), (6.2, 4.0)),  # c after
        ((3.3, 2.75), (3.3, 3.75)),  # i * g, to the sum
        ((5.0, 4.0), (5.0, 3.4)),  # to tanh
        ((5.0, 3.0), (5.0, 2.75)),  # to the product with o
        ((5.25, 2.5), (6.2, 2.5)),  # h after
    ]
    arrows += [((1.4, 1.7), (1.4, 3.75)), ((5.0, 1.7), (5.0, 2.25))]  # f and o
    arrows += [((2.7, 1.7), (3.14, 2.3)), ((3.9, 1.7), (3.46, 2.3))]  # i and g
    arrows += [((x, 0.75), (x, 1.2)) for x in (1.4, 2.7, 3.9, 5.0)]
    for start, end in arrows:
        ax.annotate("", end, start, arrowprops=arrow)
    ax.plot([0.0, 5.0], [0.75, 0.75], color="0.35", linewidth=1)
    for (x, y), sign in {(1.4, 4.0): "×", (3.3, 4.0): "+", (3.3, 2.5): "×", (5.0, 2.5): "×"}.items():
        ax.text(x, y, sign, ha="center", va="center", bbox={"boxstyle": "circle,pad=0.12", "fc": "white"}, fontsize=10)
    for x, gate, function in ((1.4, "f", "σ"), (2.7, "i", "σ"), (3.9, "g", "tanh"), (5.0, "o", "σ")):
        ax.text(x, 1.45, function, ha="center", va="center", bbox={"boxstyle": "round", "fc": "#cfe2f3"}, fontsize=8)
        ax.text(
            x + (0.12 if gate in "fo" else -0.1 if gate == "i" else 0.1),
            1.95,
            gate,
            ha="right" if gate == "i" else "left",
            va="center",
            fontsize=9,
            style="italic",
        )
    ax.text(5.0, 3.2, "tanh", ha="center", va="center", bbox={"boxstyle": "round,pad=0.2", "fc": "white"}, fontsize=7)
    for x, y, label in ((0.0, 4.3, "$c_{t-1}$"), (6.2, 4.3, "$c_t$"), (6.2, 2.8, "$h_t$")):
        ax.text(x, y, label, ha="center", va="center", fontsize=10)
    ax.text(0.0, 0.3, "$h_{t-1}$ and $x_t$, through the weights", fontsize=8, va="center")
    ax.set(title="One step", xlim=(-0.4, 6.6), ylim=(-0.1, 4.7))
    ax.set_axis_off()


def draw_gradient(ax):
    """Draw the gradient of the last output with respect to each token."""
    rng = np.random.default_rng(16)
    x = rng.standard_normal((TOKENS, 1, FEATURES))
    W_x, W_h = rng.standard_normal((4 * HIDDEN, FEATURES)) / 4, rng.standard_normal((4 * HIDDEN, HIDDEN)) / 8
    zero, distance = np.zeros((1, HIDDEN)), np.arange(TOKENS)[::-1]
    ax.semilogy(
        distance, plain_gradient(x, W_x[:HIDDEN], 2 * W_h[:HIDDEN]), "-", color="tab:red", label="plain network"
    )
    for bias, style in ((0, ":"), (2, "--"), (5, "-")):
        b = np.repeat([0.0, bias, 0.0, 0.0], HIDDEN)
        *_, cache = lstm(x, zero, zero, W_x, W_h, b)
        dx, *_ = lstm_gradient(np.zeros((TOKENS, 1, HIDDEN)), zero + 1, zero, cache, W_x, W_h)
        norms = np.linalg.norm(dx[:, 0], axis=-1)
        ax.semilogy(distance, norms, style, color="tab:blue", label=f"LSTM, forget bias {bias}")
    ax.set(title="How far back the gradient reaches", xlabel="tokens before the last", ylim=(1e-16, 30))
    ax.legend(fontsize=7, loc="lower left")


def plain_gradient(x, W_x, W_h):
    """Return the size of the gradient for h = tanh(W_x x + W_h h), for each token."""
    outputs = [np.zeros(len(W_h))]
    for token in x[:, 0]:
        outputs.append(np.tanh(W_x @ token + W_h @ outputs[-1]))
    dh, norms = np.ones(len(W_h)), []
    for h in outputs[:0:-1]:
        dz = dh * (1 - h**2)
        norms.append(np.linalg.norm(dz @ W_x))
        dh = dz @ W_h
    return norms[::-1]


def draw_adding(ax):
    """Draw the cell of one unit that adds the two marked numbers, as it reads 30 of them."""
    numbers, marked = np.random.default_rng(2).uniform(0, 1, 30), np.zeros(30)
    marked[[5, 22]] = 1
    x, small = np.stack([numbers, marked], axis=-1)[:, None], 0.05  # tanh is almost straight up to 0.05
    W_x, b = np.array([[0, 20], [0, 0], [small, 0], [0, 0]]), np.array([-10, 10, 0, 0])
    zero = np.zeros((1, 1))
    cells = [lstm(x[:t], zero, zero, W_x, np.zeros((4, 1)), b)[2].item() / small for t in range(1, 31)]
    ax.step(np.arange(30), cells, where="mid", color="tab:blue", label="c, in units of 0.05")
    ax.plot(numbers, "o", color="0.75", markersize=4, label="numbers")
    places = np.flatnonzero(marked)
    ax.plot(places, numbers[places], "o", color="tab:orange", markersize=5, label="marked numbers")
    ax.axhline(numbers[places].sum(), color="tab:orange", linewidth=0.8, linestyle="--", label="their sum")
    ax.set(title="One cell adds two numbers", xlabel="token", ylim=(-0.08, 2.2))
    ax.legend(fontsize=7, loc="upper left", ncols=2, columnspacing=1)
