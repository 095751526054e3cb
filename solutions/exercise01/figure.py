"""Draw what the worked example's W and b do to the plane: the same letter on the same grid, three times."""

import numpy as np
from affine import affine

W = np.array([[1.0, 0.0], [0.5, -1.0]])
b = np.array([0.1, 0.2])
F = np.array(
    [[0, 0], [0, 1], [0.6, 1], [0.6, 0.8], [0.2, 0.8], [0.2, 0.6], [0.5, 0.6], [0.5, 0.4], [0.2, 0.4], [0.2, 0]]
)


def grid():
    """Return the lines x_1 = k and x_2 = k through the square from -1 to 2, each as its two ends."""
    lines = [np.array([[k, -1.0], [k, 2.0]]) for k in range(-1, 3)]
    return lines + [line[:, ::-1] for line in lines]


def draw(figure):
    """Draw x, W x and W x + b."""
    axes = figure.subplots(1, 3, sharex=True, sharey=True)
    maps = (
        ("x", lambda x: x),
        ("W x: sheared and flipped", lambda x: affine(W, x, np.zeros(2))),
        ("W x + b: then shifted by b", lambda x: affine(W, x, b)),
    )
    for ax, (title, mapped) in zip(axes, maps, strict=True):
        for line in grid():
            ax.plot(*mapped(line).T, color="0.75", linewidth=0.8)
        ax.fill(*mapped(F).T, color="tab:orange", alpha=0.8)
        for unit, name, offset in ((0, "$e_1$", (3, 5)), (1, "$e_2$", (-14, -4))):
            ends = mapped(np.vstack([np.zeros(2), np.eye(2)[unit]]))
            ax.annotate("", ends[1], ends[0], arrowprops={"arrowstyle": "->", "color": "tab:blue", "linewidth": 1.8})
            ax.annotate(name, ends[1], offset, textcoords="offset points", color="tab:blue")
        sample = mapped(np.array([1.0, 2.0]))
        ax.plot(*sample, "o", color="tab:red", markersize=5)
        place = (0, 7 if sample[1] > 0 else -15)
        text = f"({sample[0]:g}, {sample[1]:g})"
        ax.annotate(text, sample, place, textcoords="offset points", color="tab:red", fontsize=8, ha="center")
        ax.set(title=title, xlabel="first coordinate", aspect="equal", xticks=range(-1, 3), yticks=range(-3, 4))
    axes[0].set(ylabel="second coordinate", xlim=(-1.3, 2.4), ylim=(-2.8, 2.8))
