"""What the table of a search says, in words: results/recommendations.md of the solution is written by this."""

from __future__ import annotations

import re
import textwrap

import pandas as pd

FACTORS = ("layers", "width", "activation", "dropout", "batch_size")
NEAR = 0.02  # accuracies nearer than this are not told apart


def recommendations(table: pd.DataFrame) -> str:
    """Four sections: for which purpose which architecture, what each choice did, the front, how far to trust it."""
    by_accuracy = table.sort_values(["accuracy", "parameters"], ascending=[False, True])
    best, last, n = by_accuracy.iloc[0], by_accuracy.iloc[-1], len(table)
    near = table[table["accuracy"] >= best["accuracy"] - 5 * NEAR / 2]
    small, quick = near.sort_values("parameters").iloc[0], near.sort_values("seconds").iloc[0]
    return wrapped(f"""# What to choose

{n} architectures out of 432, drawn at random, {best["epochs"]} epochs each on 4 000 images of {best["dataset"]}, judged
on 1 000 others. Accuracies go from {last["accuracy"]:.1%} to {best["accuracy"]:.1%}.

- **For accuracy**: {named(best)}; {figures(best)}.
- **Where memory is short**: {named(small)}; {figures(small)}. Of all within five points of the best it is the
  smallest{" (and the best itself)" if small.name == best.name else ""}.
- **Where time is short**: {named(quick)}; {figures(quick)}: the quickest of them.
- **Not**: {named(last)}; {figures(last)}.

## What each choice did

Mean accuracy over the trials that share a value; the number of trials stands in brackets, and the best of them behind.

{effects(table)}

**Depth.** {depth(table)} Ten epochs are a short training: every further layer is one more matrix that the gradient has
to pass before the first one, the only one that sees the image, learns anything.

**Dropout.** {dropout(table)} Dropout is a remedy against overfitting, and after ten epochs with so few units there
is little of it to heal; what is left is its price, a noisy gradient. It multiplies with depth: with p = 0.5 after each
of eight layers, one path in 256 from the image to the classes is open as a whole.

**Width and activation.** Width is where the parameters are: the first matrix alone has 3072 of them for every unit, so
that {share(table)} of all weights of these networks sit in the first layer. ELU has no side on which it is flat at 0,
so that a deep and narrow network has no units that are dead for every image, as it may have with ReLU.

## The front

{table["pareto"].sum()} of {n} are on the Pareto front: nothing else in this search is as accurate, as small and as
quick at once.

{front(table)}

Read it from below: each step up is what the next points of accuracy cost. Where the steps become short, stop.

## How far this can be trusted

Each row is one seed. On 1 000 validation images the standard error of an accuracy of 0.85 is 1.1 points, and another
seed moves it about as much again, so that rows nearer than two points are equals. The best of {n} trials was chosen on
the same images that gave its accuracy, which makes that number a little too good: measure it once more, on others. The
means above mix five choices in {n} trials; a difference of a few points between them may be the company that a value
had. And nothing here says what a longer training would do, from which dropout might gain.
""")


def wrapped(text: str) -> str:
    """The same, its paragraphs and list items in lines of at most 110 signs."""
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
    """A line for each choice: mean accuracy by its values."""
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
    return f"From {few} to {many} layers the mean goes from {means[few]:.0%} to {means[many]:.0%}."


def dropout(table: pd.DataFrame) -> str:
    means = table.groupby("dropout")["accuracy"].mean()
    said = ", ".join(f"{mean:.0%} with p = {p:g}" for p, mean in means.items())
    return f"The mean is {said}."


def share(table: pd.DataFrame) -> str:
    """Of all weights, how many are in the first layers; the least and the most of it."""
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
