"""What a learner reads about a puzzle: its README, three hints, and the explanation of its faults."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from graders.debugging.diagnosis import CAUSES, PROGRAM
from graders.debugging.faults import Fault
from graders.debugging.puzzle import Puzzle

TEMPLATE = Path(__file__).parent / "static" / "README.md"  # has placeholders such as @SEED@

FIRST: dict[str, str] = {
    "loss-stays": "The loss stays where it started: do the parameters change? Copy them before a step, take the step, "
    "and print for each one how far it has moved and how large its gradient is.",
    "loss-high": "The loss ends too high: try to overfit eight rows first. If that works, the computation is right, "
    "and something slows down or disturbs the training. If it does not, something in the computation is wrong.",
    "loss-explodes": "The loss explodes: look at step 0. Print the loss before any update, the standard deviation "
    "of the activations of every layer, and the norm of the gradient. Then see which of them grows first.",
    "score-low": "The score is low: print the inputs, targets and predictions of a single batch side by side, with "
    "their shapes, means and standard deviations, once in training and once in predict.",
    "pieces-low": "The answer for a row depends on the other rows: call predict for one row alone and in a "
    "batch, and follow both through predict until they differ.",
    "gap": "The score is better on training data than on fresh data: does the regularisation work? Print its "
    "effect during a training step.",
    "claim-high": "A reported score is too good: compute it by hand from the output of predict, on data that you draw "
    "yourself. Then check which quantities the program divides, and over which rows it averages.",
    "claim-low": "A reported score is too low: compute the score of ten rows by hand from the output of predict. "
    "Compare your shapes and values with those in every step of the program's own computation.",
    "rows-unseen": "Some rows are never seen: collect the row numbers of all batches of an epoch, and count them.",
    "graphs-kept": "Graphs stay in memory: look for a value that outlives a step, and print its grad_fn.",
    "history-kept": "The history is too long: train twice in one process, and find out which history the second "
    "run fills.",
    "slow": "Training is too slow: run one epoch under cProfile, sorted by the number of calls. Should the largest "
    "number of calls grow with the rows, the batches or the epochs?",
}
"""Maps the name of a symptom to a hint about what to measure first."""

SECOND: dict[str, str] = {
    "update": "the update: what the optimizer holds, and what happens between backward and step",
    "loss": "the loss: which values it compares, what their shapes are, and by which factor it is scaled",
    "data": "the data: rows, their targets, their order and their scale, on their way from load_data into the network",
    "initialisation": "the initial weights",
    "normalisation": "the layers: axes, activations, and what differs between training and evaluation",
    "evaluation": "the reporting, not the training: where the numbers in the history come from",
    "speed": "the parts that waste work or memory",
    "generalisation": "the regularisation, which should prevent overfitting but still allow learning",
}
"""Maps the name of a family to the part of a program where its faults are."""


def hints(faults: Sequence[Fault]) -> tuple[str, str, str]:
    """Return three hints, which say what to measure, in which part of the program to look, and what the cause is."""
    first = " ".join(dict.fromkeys(FIRST[fault.symptoms[0]] for fault in faults))
    if len(faults) == 1:
        return first, f"Look at {SECOND[faults[0].family]}.", f"The cause: {CAUSES[faults[0].cause]}."
    one, other = (SECOND[fault.family] for fault in faults)
    causes = " The other: ".join(f"{CAUSES[fault.cause]}." for fault in faults)
    return first, f"One fault is in {one}. The other is in {other}.", f"One cause: {causes}"


def title(puzzle: Puzzle) -> str:
    """Return the heading of a puzzle's README."""
    return f"A broken training program: {puzzle.program.name}, seed {puzzle.seed}, level {puzzle.level}"


def readme(puzzle: Puzzle) -> str:
    """Return a puzzle's README."""
    two = len(puzzle.faults) > 1
    values = {
        "TITLE": title(puzzle),
        "ABOUT": puzzle.program.about,
        "FAULTS": "Two faults were inserted" if two else "A fault was inserted",
        "SYMPTOM": puzzle.symptom or "Run the tests to see the symptom.",
        "SEED": str(puzzle.seed),
        "EPOCHS": str(puzzle.epochs),
        "TABLES": "the tables `[fault1]` and `[fault2]`, in any order" if two else "the table `[fault1]`",
        "HALF": " One point for each fault." if two else "",
        "METRIC": puzzle.program.metric,
        "CAUSES": "\n".join(f"- `{name}`: {meaning}" for name, meaning in CAUSES.items()),
    }
    return re.sub(r"@([A-Z]+)@", lambda match: values[match[1]], TEMPLATE.read_text(encoding="utf-8"))


def as_text(puzzle: Puzzle) -> str:
    """Return an explanation of the faults with their lines, and the fix as a unified diff."""
    parts = [f"Seed {puzzle.seed}, level {puzzle.level}: {puzzle.program.name}. {puzzle.symptom}".rstrip()]
    for name, fault, code in _explained(puzzle):
        rows = [f"{name}: {fault.cause} ({CAUSES[fault.cause]})", *(f"  {line}" for line in code)]
        parts.append("\n".join([*rows, f"Why: {fault.why}", f"Fix: {fault.fix}", f"Prevention: {fault.prevention}"]))
    before, after = puzzle.source.splitlines(keepends=True), puzzle.twin.splitlines(keepends=True)
    parts.append("".join(difflib.unified_diff(before, after, f"{PROGRAM}, original", f"{PROGRAM}, fixed")))
    return "\n\n".join(parts)


def as_markdown(puzzle: Puzzle) -> str:
    """Return the explanation of the faults, in Markdown."""
    parts = [f"# {title(puzzle)}\n\n{puzzle.symptom}"]
    for name, fault, code in _explained(puzzle):
        lines = "\n".join(code)
        parts.append(f"## {name}: {fault.cause}\n\nThis means: {CAUSES[fault.cause]}.\n\n```\n{lines}\n```")
        parts += [f"**Why:** {fault.why}", f"**Fix:** {fault.fix}", f"**Prevention:** {fault.prevention}"]
    return "\n\n".join(parts)


def _explained(puzzle: Puzzle) -> Iterator[tuple[str, Fault, list[str]]]:
    """Yield each fault with what to call it and its numbered lines of the program."""
    source = puzzle.source.splitlines()
    for number, (fault, lines) in enumerate(zip(puzzle.faults, puzzle.lines, strict=True), start=1):
        name = f"Fault {number}" if len(puzzle.faults) > 1 else "The fault"
        yield name, fault, [f"{line:4d}  {source[line - 1]}" for line in lines]
