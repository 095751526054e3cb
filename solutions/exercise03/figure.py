"""Draw how three hidden units fold the plane: where each is active, contours of y, and y around the unit circle."""

import numpy as np
from two_layer import two_layer_forward

W1 = np.array([[1.0, 0.2], [-0.7, 0.9], [-0.2, -1.0]])
W2 = np.array([[1.0, 1.6, -1.2]])
COLOURS = ("tab:blue", "tab:orange", "tab:green")


def draw(figure):
    """Draw the regions, the contour lines of y, and y along the unit circle with and without ReLU."""
    regions, contours, around = figure.subplots(1, 3, width_ratios=(1, 1, 1.1))
    draw_regions(regions)
    draw_contours(contours)
    draw_around(around)


def boundaries(ax):
    """Draw the lines on which an entry of W1 x is 0, where a unit switches on or off."""
    for row, colour in zip(W1, COLOURS, strict=True):
        along = np.array([-row[1], row[0]]) / np.linalg.norm(row)
        ax.plot(*np.outer(along, [-3, 3]), color=colour, linewidth=1.4)
    ax.set(xlim=(-1.5, 1.5), ylim=(-1.5, 1.5), aspect="equal", xlabel="$x_1$", xticks=(-1, 0, 1), yticks=(-1, 0, 1))


def draw_regions(ax):
    """Draw which units are active between the boundaries."""
    boundaries(ax)
    for row, colour in zip(W1, COLOURS, strict=True):
        normal = row / np.linalg.norm(row)
        start = 1.25 * np.array([-normal[1], normal[0]])
        ax.annotate("", start + 0.3 * normal, start, arrowprops={"arrowstyle": "->", "color": colour})
    angles = np.sort(np.concatenate([np.arctan2(W1[:, 0], -W1[:, 1]), np.arctan2(-W1[:, 0], W1[:, 1])]))
    for middle in (angles + np.append(angles[1:], angles[0] + 2 * np.pi)) / 2:
        x = np.array([np.cos(middle), np.sin(middle)])
        h, _ = two_layer_forward(x, W1, W2)
        active = ", ".join(f"$h_{i + 1}$" for i in np.flatnonzero(h))
        ax.annotate(active, 0.85 * x, ha="center", va="center", fontsize=8)
    ax.set(title="Active units", ylabel="$x_2$")


def draw_contours(ax):
    """Draw contour lines of y, which are straight inside a region and bend at its boundaries."""
    boundaries(ax)
    side = np.linspace(-1.5, 1.5, 61)
    x = np.stack(np.meshgrid(side, side), axis=-1)
    _, y = two_layer_forward(x.reshape(-1, 2), W1, W2)
    lines = ax.contour(side, side, y.reshape(61, 61), levels=np.arange(-2, 4.1, 0.5), colors="0.35", linewidths=0.9)
    ax.clabel(lines, levels=(-1, 1, 2), fontsize=7)
    ax.set(title="Lines of equal y")


def draw_around(ax):
    """Draw y along the unit circle: pieces of sines with ReLU, a single sine without it."""
    angle = np.linspace(0, 360, 181)
    x = np.column_stack([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    _, y = two_layer_forward(x, W1, W2)
    ax.plot(angle, y[:, 0], color="black", label="y")
    ax.plot(angle, (x @ W1.T @ W2.T)[:, 0], color="0.6", linestyle="--", label="without ReLU")
    for row, colour in zip(W1, COLOURS, strict=True):
        for edge in np.degrees(np.arctan2(row[0], -row[1])) % 360 + np.array([0, 180]):
            ax.axvline(edge % 360, color=colour, linewidth=0.9)
    ax.set(title="y around the circle", xlabel="direction of x in degrees", xticks=(0, 90, 180, 270, 360))
    ax.set_box_aspect(1)
    ax.legend(fontsize=8, loc="lower left", frameon=True, framealpha=1, edgecolor="white")
