"""Draw broadcasting as tables: an array plus a row, an array plus a column, and a column times a row."""

import numpy as np
from shapes import add_column, add_row, outer_product

GAP = 0.9  # between a table and the sign beside it


def draw(figure):
    """Draw three sums or products, one below the other, with the repeated numbers in pale colours."""
    table, row, column = np.array([[1, 2, 5], [5, 4, 1]]), np.array([10, 20, 30]), np.array([10, 20])
    a, b = np.array([1, 2]), np.array([10, 20, 30])
    down, right = np.array([[True] * 3, [False] * 3]), np.array([[True, False, False]] * 2)
    all_of_it = np.ones((2, 3), dtype=bool)
    figure.set_size_inches(7.4, 4.6)
    lines = (
        ("add_row", table, all_of_it, "+", np.tile(row, (2, 1)), down, add_row(table, row), "(2, 3)", "(3,)"),
        (
            "add_column",
            table,
            all_of_it,
            "+",
            np.tile(column[:, None], 3),
            right,
            add_column(table, column),
            "(2, 3)",
            "(2, 1)",
        ),
        (
            "outer_product",
            np.tile(a[:, None], 3),
            right,
            "·",
            np.tile(b, (2, 1)),
            down,
            outer_product(a, b),
            "(2, 1)",
            "(3,)",
        ),
    )
    for axes, (name, left, left_stored, sign, other, other_stored, result, *shapes) in zip(
        figure.subplots(3, 1), lines, strict=True
    ):
        places = [0, 3 + GAP, 6 + 2 * GAP]
        tables = (left, left_stored, "tab:blue"), (other, other_stored, "tab:orange"), (result, all_of_it, "tab:green")
        for x, (numbers, stored, colour), shape in zip(places, tables, (*shapes, "(2, 3)"), strict=True):
            draw_table(axes, x, numbers, stored, colour)
            axes.text(x + 1.5, 2.35, shape, ha="center", va="center", fontsize=9, family="monospace")
        for x, text in ((3 + GAP / 2, sign), (6 + 1.5 * GAP, "=")):
            axes.text(x, 1, text, ha="center", va="center", fontsize=14)
        axes.text(-0.25, 1, name, ha="right", va="center", fontsize=10, family="monospace")
        axes.set(xlim=(-2.6, 9 + 2 * GAP + 0.1), ylim=(2.6, -0.1), aspect="equal")
        axes.set_axis_off()


def draw_table(axes, x, numbers, stored, colour):
    """Draw the numbers in cells, whose left edge is at x. Numbers that aren't stored are pale."""
    for (i, j), number in np.ndenumerate(numbers):
        strength = 1.0 if stored[i, j] else 0.35
        axes.fill(
            x + j + np.array([0.04, 0.96, 0.96, 0.04]),
            i + np.array([0.04, 0.04, 0.96, 0.96]),
            color=colour,
            alpha=0.45 * strength,
            linewidth=0,
        )
        axes.text(x + j + 0.5, i + 0.5, number, ha="center", va="center", fontsize=10, alpha=max(strength, 0.5))
