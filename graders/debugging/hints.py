"""Hints for a puzzle, from general to specific; none names a line."""

from __future__ import annotations

from collections.abc import Sequence

from graders.debugging.causes import CAUSES
from graders.debugging.faults import Fault

FIRST: dict[str, str] = {
    "loss-stays": "A loss that stays where it began: do the parameters change? Copy them before a step, take the step, "
    "and print for each one how far it has moved and how large its gradient is.",
    "loss-high": "A loss that ends too high: try to overfit eight rows first. If that goes, what is computed is "
    "right and the way there is too slow or is disturbed; if not, something in the computation is wrong.",
    "loss-explodes": "A loss that explodes: look at step 0. Print the loss before any update, the standard deviation "
    "of the activations of every layer, and the norm of the gradient; then see which of them grows first.",
    "score-low": "A low score: take a single batch, print its inputs, its targets and the network's answers side by "
    "side, with their shapes, means and standard deviations, once in training and once in predict.",
    "pieces-low": "Answers that depend on the company of a row: ask for one row alone and for the same row in a batch, "
    "and follow both through predict until they differ.",
    "gap": "Better on training data than on fresh ones: whatever is there against that, is it at work? Print it "
    "while a batch is trained on.",
    "claim-high": "A claim that is too good: compute the score by hand from predict on data that you draw yourself, "
    "and compare what the program divides by what, over which rows.",
    "claim-low": "A claim that is too bad: compute the score of ten rows by hand from predict, and compare shapes and "
    "values at every step of the program's own way.",
    "rows-unseen": "Rows that are never seen: collect the numbers of the rows of all batches of an epoch, and count.",
    "graphs-kept": "Graphs that stay in memory: look for what outlives a step, and ask it for its grad_fn.",
    "history-kept": "A history that is too long: train twice in one process, and ask whose history the second has.",
    "slow": "Too slow: run one epoch under cProfile, sorted by the number of calls, and ask of the largest number "
    "whether it should depend on rows, on batches or on epochs.",
}
"""From the name of a symptom to a first measurement."""

SECOND: dict[str, str] = {
    "update": "the update: what the optimizer holds, and what happens between backward and step",
    "loss": "the loss: what is compared with what, in which shape, and by what factor",
    "data": "the data: rows, their targets, their order and their scale, on their way from load_data into the network",
    "initialisation": "the weights that training begins with",
    "normalisation": "the layers: axes, activations, and what differs between training and evaluation",
    "evaluation": "what is reported, not what is trained: where the numbers of the history come from",
    "speed": "work or memory that is spent for nothing",
    "generalisation": "what should keep the network from overfitting, or keeps it from learning at all",
}
"""From the name of a family to where in a program its faults are."""


def hints(faults: Sequence[Fault]) -> tuple[str, str, str]:
    """What to measure, in which part of the program to look, and what the cause means."""
    first = " ".join(dict.fromkeys(FIRST[fault.symptoms[0]] for fault in faults))
    if len(faults) == 1:
        return first, f"Look at {SECOND[faults[0].family]}.", f"The cause: {CAUSES[faults[0].cause]}."
    one, other = (SECOND[fault.family] for fault in faults)
    causes = " The other: ".join(f"{CAUSES[fault.cause]}." for fault in faults)
    return first, f"One fault is in {one}. The other is in {other}.", f"One cause: {causes}"
