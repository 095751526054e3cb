"""Draw a picture, what two kernels make of it, the pooled results, and how often each number is used."""

import numpy as np
from convolution import conv2d, conv2d_gradient, max_pool2d

SEVEN = (
    "............",
    "............",
    "..########..",
    "..########..",
    "........##..",
    ".......##...",
    "......##....",
    ".....##.....",
    "....##......",
    "....##......",
    "............",
    "............",
)
KERNELS = np.array([[[[1.0, 1, 1], [0, 0, 0], [-1, -1, -1]]], [[[1.0, 0, -1], [1, 0, -1], [1, 0, -1]]]])
TITLES = ("lower edges", "right edges")


def draw(figure):
    """Draw, above, the way from a picture to two pooled maps; below, the gradient of the sum of three results."""
    x = np.array([[[[float(cell == "#") for cell in row] for row in SEVEN]]])
    y = conv2d(x, KERNELS, padding=1)
    pooled = max_pool2d(y, 2)
    figure.set_size_inches(8.2, 5.6)
    grid = figure.add_gridspec(3, 5, width_ratios=[1.15, 0.45, 1.15, 0.75, 1.15])
    heat_map(figure.add_subplot(grid[:2, 0]), x[0, 0], 1, "the picture, 12 · 12", "Greys")
    for row, (kernel, map_, small, title) in enumerate(zip(KERNELS[:, 0], y[0], pooled[0], TITLES, strict=True)):
        heat_map(figure.add_subplot(grid[row, 1]), kernel, 3, "kernel" if row == 0 else "", numbers=True)
        heat_map(figure.add_subplot(grid[row, 2]), map_, 3, f"{title}, 12 · 12")
        heat_map(figure.add_subplot(grid[row, 3]), small, 3, "pooled, 6 · 6" if row == 0 else "")
    gridlines = ((1, 0, "stride 1"), (2, 0, "stride 2"), (2, 1, "stride 2, padding 1"))
    below = grid[2, :].subgridspec(1, 4, width_ratios=[1.2, 1, 1, 1])
    text = figure.add_subplot(below[0])
    caption = "How many places\nof a 3 · 3 kernel\ncover each number\nof a 6 · 6 picture"
    text.text(0, 0.5, caption, va="center", fontsize=9)
    text.set_axis_off()
    for column, (stride, padding, title) in enumerate(gridlines, start=1):
        # if every number of dy and of the kernel is 1, dx counts the places that cover each number
        x, kernel = np.zeros((1, 1, 6, 6)), np.ones((1, 1, 3, 3))
        dy = np.ones_like(conv2d(x, kernel, None, stride, padding))
        counts, _, _ = conv2d_gradient(dy, x, kernel, stride, padding)
        heat_map(figure.add_subplot(below[column]), counts[0, 0], 9, title, "Blues", numbers=True)
    pooling_note = figure.add_subplot(grid[:2, 4])
    pooling_note.set_axis_off()
    pooling_note.text(
        0,
        0.5,
        "A kernel gives a large\nnumber (red) where the\npicture looks like it,\n"
        "and a negative one (blue)\nwhere it looks like the\nopposite. Pooling keeps\n"
        "the red numbers, and\na quarter of the size.",
        va="center",
        fontsize=9,
    )


def heat_map(axes, values, largest, title="", colours="RdBu_r", numbers=False):
    """Draw cells rather than an image, so that the file stays a vector graphic. Row 0 is at the top, as in a matrix."""
    low = -largest if colours == "RdBu_r" else 0
    axes.pcolormesh(values, cmap=colours, vmin=low, vmax=largest, edgecolors="lightgrey", linewidth=0.3)
    if numbers:
        for (row, column), value in np.ndenumerate(values):
            shade = "white" if abs(value) > 0.6 * largest else "black"
            axes.text(column + 0.5, row + 0.5, f"{value:g}", ha="center", va="center", fontsize=7, color=shade)
    axes.invert_yaxis()
    axes.set(xticks=[], yticks=[], aspect="equal")
    axes.set_title(title, fontsize=9)
    axes.spines[:].set_visible(False)
