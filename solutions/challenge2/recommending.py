"""Write the solution's results/recommendations.md from the table of its search."""

from __future__ import annotations

import re
import textwrap

import pandas as pd

FACTORS = ("layers", "width", "activation", "dropout", "batch_size")
NEAR = 0.02  # accuracies closer than this count as equal


def recommendations(table: pd.DataFrame) -> str:
    """Write four sections: what to choose for which purpose, what each choice did, the front, how far to trust this."""
    by_accuracy = table.sort_values(["accuracy", "parameters"], ascending=[False, True])
    best, last, n = by_accuracy.iloc[0], by_accuracy.iloc[-1], len(table)
    near = table[table["accuracy"] >= best["accuracy"] - 5 * NEAR / 2]
    small, quick = near.sort_values("parameters").iloc[0], near.sort_values("seconds").iloc[0]
    return wrapped(f"""# What to choose

I trained {n} of the 432 architectures, drawn at random, for {best["epochs"]} epochs each on 4 000 images of
{best["dataset"]}, and measured their accuracy on 1 000 others. It ranges from {last["accuracy"]:.1%} to
{best["accuracy"]:.1%}.

- **For accuracy**: {named(best)}; {figures(best)}.
- **If memory is short**: {named(small)}; {figures(small)}. It is the smallest within five points of the
  best{" (and the best itself)" if small.name == best.name else ""}.
- **If time is short**: {named(quick)}; {figures(quick)}. It is the quickest within five points of the best.
- **Avoid**: {named(last)}; {figures(last)}.

## What each choice did

The table shows the mean accuracy of the trials that share a value, then their number in brackets, then the best one.

{effects(table)}

**Depth.** {depth(table)} Ten epochs are a short training. The gradient has to pass every additional layer before it
reaches the first one, which is the only layer that sees the image.

**Dropout.** {dropout(table)} Dropout is a remedy for overfitting. After ten epochs, networks with so few units hardly
overfit, so only its cost remains: a noisy gradient. The cost multiplies with depth: with p = 0.5 after each of eight
layers, only one path in 256 from the image to the classes is open.

**Width and activation.** {width(table)} Width costs parameters: each unit of the first layer has 3 072 weights, so the
first layer holds {share(table)} of all parameters in these networks. Its share is smallest in wide and deep ones. ELU
is not flat for negative inputs, so its units cannot be dead for every image, as ReLU's can in a deep, narrow network.

## The front

{table["pareto"].sum()} of {n} trials are on the Pareto front: no other trial in this search is at least as accurate, as
small and as quick, and better in one of the three.

{front(table)}

Read the table from the top: each row shows what the next points of accuracy cost. Stop where one more row gains little.

## How far to trust this

Each row is a single seed. On 1 000 validation images, the standard error of an accuracy of 0.85 is 1.1 points, and
another seed changes it by about as much again. So treat rows less than two points apart as equal. The best of {n}
trials was chosen on the same images that gave its accuracy, so that number is a little too high: measure it once more
on other images. The means above mix five choices in only {n} trials, so a difference of a few points may be due to the
other four choices. And these results don't say what longer training would do, which might favour dropout.
""")


def wrapped(text: str) -> str:
    """Wrap paragraphs and list items at 110 characters."""
    parts = re.split(r"(\n\n|\n(?=- |\|))", text.strip())
    return "".join(part if not part.strip() or part[0] in "|#" else _filled(part) for part in parts) + "\n"


def _filled(part: str) -> str:
    return textwrap.fill(" ".join(part.split()), 110, subsequent_indent="  " if part.startswith("- ") else "")


def named(row: pd.Series) -> str:
    return (
        f"{row['layers']} layers of {row['width']}, {row['activation']}, dropout {row['dropout']:g}, "
        f"batches of {row['batch_size']}"
    )


def figures(row: pd.Series) -> str:
    return f"{row['accuracy']:.1%} with {row['parameters']:,} parameters in {row['seconds']:.1f} s"


def effects(table: pd.DataFrame) -> str:
    """Return a table with the mean accuracy for each value of each choice."""
    lines = ["| choice | mean accuracy (trials), best |", "|---|---|"]
    for factor in FACTORS:
        groups = table.groupby(factor)["accuracy"].agg(["mean", "size", "max"])
        cells = [
            f"{value}: {each['mean']:.0%} ({each['size']:.0f}), {each['max']:.0%}" for value, each in groups.iterrows()
        ]
        lines.append(f"| {factor} | {' · '.join(cells)} |")
    return "\n".join(lines)


def depth(table: pd.DataFrame) -> str:
    means = table.groupby("layers")["accuracy"].mean()
    few, many = means.index.min(), means.index.max()
    return f"The mean is {means[few]:.0%} with {few} layers and {means[many]:.0%} with {many}."


def width(table: pd.DataFrame) -> str:
    means = table.groupby("width")["accuracy"].mean()
    narrow, wide = means.index.min(), means.index.max()
    return f"The mean is {means[narrow]:.0%} at width {narrow} and {means[wide]:.0%} at width {wide}."


def dropout(table: pd.DataFrame) -> str:
    means = table.groupby("dropout")["accuracy"].mean()
    said = ", ".join(f"{mean:.0%} with p = {p:g}" for p, mean in means.items())
    return f"The mean is {said}."


def share(table: pd.DataFrame) -> str:
    """Return the range of the first layer's share of all parameters."""
    first = 3073 * table["width"] / table["parameters"]
    return f"{first.min():.0%} to {first.max():.0%}"


def front(table: pd.DataFrame) -> str:
    rows = table[table["pareto"]].sort_values("accuracy")
    lines = ["| architecture | accuracy | parameters | seconds |", "|---|---|---|---|"]
    lines += [
        f"| {named(row)} | {row['accuracy']:.1%} | {row['parameters']:,} | {row['seconds']:.1f} |"
        for _, row in rows.iterrows()
    ]
    return "\n".join(lines)
