"""Draw how tiles save loads in a matrix product, and how the sums of an online softmax follow the maximum."""

import numpy as np

SIZE, BLOCKS, KEYS = 64, 8, 16


def draw(figure):
    """Draw both panels."""
    figure.set_size_inches(9.2, 3.2)
    loads, online = figure.subplots(1, 2)
    draw_loads(loads)
    draw_online(online, np.random.default_rng(6))


def draw_loads(ax):
    """Draw how often an element is loaded, against the size of a tile."""
    tiles = 2 ** np.arange(7)
    ax.loglog(tiles, SIZE / tiles, "o-", base=2, color="tab:blue", markersize=4)
    ax.axhline(SIZE / 8, color="0.6", linestyle=":", linewidth=1)
    ax.text(1, SIZE / 8 * 1.1, "at most this often here", fontsize=8, color="0.3")
    ax.set(title=f"Larger tiles, fewer loads ({SIZE} × {SIZE})", xlabel="rows and columns of a tile")
    ax.set(ylabel="loads of each element", xticks=tiles, xticklabels=tiles)
    ax.set(yticks=tiles, yticklabels=tiles)


def draw_online(ax, rng):
    """Draw the running maximum and the running sum, block by block, with and without the rescaling."""
    scores = 1.5 * rng.standard_normal((BLOCKS, KEYS)) + np.linspace(0, 2, BLOCKS)[:, None]
    highest, total, careless, rows = -np.inf, 0.0, 0.0, []
    for block in scores:
        higher = max(highest, block.max())
        added = np.exp(block - higher).sum()
        total, careless = total * np.exp(highest - higher) + added, careless + added
        highest = higher
        rows.append((highest, total, careless))
    blocks = np.arange(1, BLOCKS + 1)
    maxima, totals, careless = np.array(rows).T
    exact = np.exp(scores - scores.max()).sum()
    ax.step(blocks, maxima, where="mid", color="tab:grey", label="maximum so far")
    ax.plot(blocks, totals, "o-", color="tab:blue", markersize=4, label="sum, rescaled")
    ax.plot(blocks, careless, "s--", color="tab:red", markersize=4, label="sum, not rescaled")
    ax.axhline(exact, color="tab:blue", linestyle=":", linewidth=1)
    ax.set(title="An online softmax", xlabel="block of 16 keys", xticks=blocks)
    ax.legend(fontsize=8, loc="upper left")
