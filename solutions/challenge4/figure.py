"""Plot accuracy on unseen images over the number of training images: a line per approach, a point per seed."""

from pathlib import Path

import pandas as pd

TABLE = Path(__file__).with_name("sizes.csv")  # written by sizes.py
STYLES = {
    "fine-tuning": ("#0072b2", "o-"),
    "full training": ("#009e73", "s-"),
    "feature extraction": ("#e69f00", "^-"),
    "from scratch": ("0.35", "v--"),
}


def draw(figure):
    table = pd.read_csv(TABLE)
    axes = figure.subplots()
    for approach, (colour, style) in STYLES.items():
        rows = table[table["approach"] == approach]
        means = rows.groupby("photos")["accuracy"].mean()
        axes.plot(means.index, means, style, color=colour, label=approach, markersize=5)
        axes.plot(rows["photos"], rows["accuracy"], ".", color=colour, markersize=4, alpha=0.6)
    axes.axhline(1 / 6, color="0.6", linewidth=0.8, linestyle=":")
    axes.text(500, 1 / 6 + 0.01, "chance", ha="right", fontsize=8, color="0.4")
    axes.set(
        title="Accuracy on 600 unseen images",
        xlabel="training images",
        ylabel="accuracy",
        xticks=sorted(table["photos"].unique()),
        ylim=(0, 1),
    )
    axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
