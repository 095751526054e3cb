"""Draw the weight gradient of a batch as a sum of outer products, whose patterns are simpler than that of the sum."""

import numpy as np
from affine_gradient import affine_weight_gradient

LARGEST = 1.2  # the end of the colour scale


def draw(figure):
    rng = np.random.default_rng(19)
    dz, x = rng.uniform(-1, 1, (3, 5)), rng.uniform(-1, 1, (3, 12))
    dW = affine_weight_gradient(dz, x)
    assert abs(dW).max() <= LARGEST
    # each panel has a narrow column for dz, a gap, a wide column for the matrix, and a column for the sign
    grid = figure.add_gridspec(2, 13, width_ratios=[1, 0.5, 12, 1.6] * 3 + [12], height_ratios=[1, 5])
    figure.set_size_inches(9.6, 2.4)
    figure.get_layout_engine().set(w_pad=0.01, h_pad=0.03, wspace=0.02, hspace=0.03)
    for k in range(3):
        share = affine_weight_gradient(dz[k], x[k])
        heat_map(figure.add_subplot(grid[0, 4 * k + 2]), x[k : k + 1], title=f"sample {k + 1}, $x$ on top")
        heat_map(figure.add_subplot(grid[1, 4 * k]), dz[k : k + 1].T, ylabel="$dz$, by output" if k == 0 else "")
        heat_map(figure.add_subplot(grid[1, 4 * k + 2]), share, xlabel="$dz\\,x^\\top$, by input")
        sign = figure.add_subplot(grid[1, 4 * k + 3])
        sign.text(0.5, 0.5, "++="[k], ha="center", va="center", fontsize=15)
        sign.set_axis_off()
    last = figure.add_subplot(grid[1, 12])
    mesh = heat_map(last, dW, title="the batch: their sum", xlabel="$dW$, by input")
    figure.colorbar(mesh, ax=last, ticks=[-1, 0, 1], label="value")


def heat_map(axes, values, title="", xlabel="", ylabel=""):
    """Draw cells rather than an image, so that the file stays a vector graphic. Row 0 is at the top, as in a matrix."""
    mesh = axes.pcolormesh(values, cmap="RdBu_r", vmin=-LARGEST, vmax=LARGEST, edgecolors="white", linewidth=0.4)
    axes.invert_yaxis()
    axes.set(title=title, xlabel=xlabel, ylabel=ylabel, xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    return mesh
