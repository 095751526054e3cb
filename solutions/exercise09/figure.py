"""Draw rows before and after layer_norm, the effect of eps, and the errors of two formulas."""

import numpy as np
from layer_norm import layer_norm

FEATURES = 40
ROWS = ((0.0, 1.0), (6.0, 2.0), (-5.0, 0.3), (3.0, 0.003))  # mean and standard deviation of each row
COLOURS = ("tab:blue", "tab:orange", "tab:green", "tab:red")


def draw(figure):
    """Draw rows before and after layer_norm, the new spread against the old one, and the error against the mean."""
    figure.set_size_inches(7.6, 5.2)
    (before, after), (spread, error) = figure.subplots(2, 2)
    z = layer_norm(np.random.default_rng(9).standard_normal((4, FEATURES)), eps=0.0)
    mean, deviation = np.array(ROWS).T[:, :, None]
    x = mean + deviation * z
    draw_rows(before, x, "Before: four rows of forty features", "x")
    before.set(yticks=range(4), yticklabels=[f"spread {d:g}" for _, d in ROWS])
    draw_rows(after, layer_norm(x), "After: one place, nearly one spread", "layer_norm(x)")
    after.set(yticks=())
    draw_spread(spread, z[0])
    draw_error(error)


def draw_rows(ax, x, title, label):
    """Draw one line of dots for each row."""
    for number, (row, colour) in enumerate(zip(x, COLOURS, strict=True)):
        ax.plot(row, np.full(row.size, number), "o", color=colour, markersize=4, alpha=0.45, markeredgewidth=0)
    ax.set(title=title, xlabel=label, ylim=(3.6, -0.6))


def draw_spread(ax, z):
    """Draw the standard deviation after layer_norm against the one before."""
    deviation = np.geomspace(1e-5, 10, 61)
    for eps, style in (("1e-5", "-"), ("1e-3", "--"), ("0", ":")):
        after = layer_norm(deviation[:, None] * z, eps=float(eps)).std(axis=1)
        ax.loglog(deviation, after, style, color="tab:purple", label=f"eps = {eps}")
    for eps, place in ((1e-5, (-27, -2)), (1e-3, (6, -6))):
        ax.plot(np.sqrt(eps), np.sqrt(0.5), "o", color="tab:purple", markersize=5)
        ax.annotate("√eps", (np.sqrt(eps), np.sqrt(0.5)), place, textcoords="offset points", fontsize=8)
    ax.set(title="Below √eps a row stays small", xlabel="standard deviation of x", ylabel="that of layer_norm(x)")
    ax.legend(fontsize=8)


def draw_error(ax):
    """Draw the largest error of two formulas in float64, for rows with spread 1 whose mean moves away from 0."""
    rows = np.random.default_rng(10).integers(-2048, 2049, (20, FEATURES)) / 1024  # shifts stay exact
    means = 10.0 ** np.arange(0, 9.1, 0.5)
    exact = layer_norm(rows)
    errors = {"mean of (x − mean)²": [], "mean of x² − mean²": []}
    for x in (rows + np.round(mean) for mean in means):
        with np.errstate(invalid="ignore"):
            one_pass = (x - x.mean(1, keepdims=True)) / np.sqrt((x**2).mean(1) - x.mean(1) ** 2 + 1e-5)[:, None]
        for name, z in zip(errors, (layer_norm(x), one_pass), strict=True):
            errors[name].append(np.where(np.isfinite(z), abs(z - exact), np.inf).max())
    for (name, values), style in zip(errors.items(), ("-", "--"), strict=True):
        ax.loglog(means, values, style, color="tab:brown", label=f"variance as {name}")
    ax.annotate(
        "then NaN", (means[16], errors["mean of x² − mean²"][16]), (5, -4), textcoords="offset points", fontsize=8
    )
    ax.set(title="Far from 0 the formula matters", xlabel="mean of rows with spread 1", ylabel="largest error")
    ax.legend(fontsize=8, loc="upper left")
