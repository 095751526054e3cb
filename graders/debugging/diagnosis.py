"""A learner's diagnosis, which names the cause and the line of a fault and explains it in prose."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

from graders.checks import Mismatch

CAUSES: dict[str, str] = {
    # update
    "parameters-not-optimized": "the optimizer has no parameters, only some of them, or those of a different model",
    "step-missing": "gradients are computed, but the optimizer takes no steps, or too few",
    "gradients-accumulate": "gradients are not set to zero between steps",
    "gradients-cut-off": "detach, .data, no_grad, item or a new tensor keeps gradients from reaching parameters",
    "learning-rate-too-large": "the steps are too large for this loss",
    "learning-rate-too-small": "the steps are too small from the start, or a schedule shrinks them too soon",
    "wrong-direction": "the loss or its gradient has the wrong sign, so training makes the network worse",
    # loss
    "softmax-twice": "a loss or a softmax that expects logits gets probabilities or log-probabilities",
    "loss-on-wrong-quantity": "the loss compares the wrong quantities: values in different units, or means instead of "
    "rows",
    "shapes-broadcast": "two arrays whose shapes do not match are broadcast against each other",
    "loss-scaled-wrongly": "a sum is used instead of a mean, or the loss is multiplied or divided by the wrong number",
    # data
    "labels-misaligned": "inputs and targets are ordered or drawn differently, so rows get the wrong targets",
    "targets-wrong": "targets are computed, modified or encoded incorrectly",
    "inputs-not-scaled": "inputs reach the layers without scaling, or scaled down to almost nothing",
    "inputs-scaled-differently": "training and evaluation scale or transform their inputs differently",
    "not-shuffled": "batches are drawn in an order that misleads gradient descent",
    "data-left-out": "the batches of an epoch, or of all epochs, leave out part of the training data",
    # initialisation
    "initial-weights-too-large": "activations grow from layer to layer, or saturate",
    "initial-weights-too-small": "activations and gradients shrink from layer to layer",
    "initial-weights-equal": "the units of a layer start equal, get equal gradients, and stay equal",
    # normalisation and layers
    "wrong-axis": "a mean, a softmax, a normalisation or a recurrence runs along the wrong axis",
    "activation-misplaced": "an activation function is missing, superfluous or the wrong one",
    "wrong-mode": "train() or eval() is missing or in the wrong place",
    # evaluation
    "metric-wrong": "the reported number is not what its name says",
    "evaluated-on-training-data": "the validation score is computed on rows that were used for training",
    "reference-instead-of-copy": "two objects should be separate but are the same, so changing one changes the other",
    # speed
    "work-repeated": "work that needs doing once, or once per epoch, is done in every step",
    "loop-instead-of-array": "a Python loop goes over elements that one array operation could process at once",
    "graph-kept": "the computation graphs of earlier steps stay in memory",
    # generalisation
    "regularisation-off": "dropout, weight decay, augmentation or early stopping has no effect, or is applied only "
    "once",
    "regularisation-too-strong": "regularisation is so strong that the network cannot learn",
    "too-little-data": "too small a part of the data is used for training",
}
"""Maps the name of each cause to its meaning, in words that fit every program."""

PROGRAM, DIAGNOSIS = "program.py", "diagnosis.toml"  # the files of a puzzle
NAMED = ("cause", "file", "line")  # the fields that a machine can grade
PROSE = ("why", "fix", "prevention")
LEAST_CHARACTERS = 20  # a useful sentence has at least this many characters


@dataclass(frozen=True)
class Diagnosis:
    """The graded part of a diagnosis.

    `cause` is a key of CAUSES, and `line` is counted from 1 in the original program.
    """

    cause: str
    file: str
    line: int


FIELDS = {"cause": str, "file": str, "line": int, "why": str, "fix": str, "prevention": str}
_KINDS = {str: "a string", int: "a whole number"}


def diagnosis_of(table: Mapping[str, Any], name: str, file: str, lines: int) -> Diagnosis:
    """Return the diagnosis in the table [name] of diagnosis.toml, after checking the form of cause, file and line.

    `file` is the name of the diagnosed program, and `lines` is its number of lines. Missing prose is reported only by
    `remarks`. Raises Mismatch with a message that lists everything that is missing and says what to write.
    """
    if lacking := gaps(table, name, file, lines):
        raise Mismatch(f"diagnosis.toml, [{name}]: {'; '.join(lacking)}", list(NAMED), table.get(name))
    found = table[name]
    return Diagnosis(found["cause"], found["file"], found["line"])


def gaps(table: Mapping[str, Any], name: str, file: str, lines: int) -> list[str]:
    """Return phrases that say why the table [name] cannot be graded, or none if cause, file and line are valid."""
    found = table.get(name)
    if not isinstance(found, dict):
        return [f"the table is missing. Its keys are {', '.join(FIELDS)}"]
    lacking = []
    for key in NAMED:
        if key not in found:
            near = [other for other in found if other not in FIELDS and difflib.get_close_matches(other, [key])]
            lacking.append(f"the key `{key}` is missing" + (f" (is it `{near[0]}`?)" if near else ""))
        elif type(found[key]) is not FIELDS[key]:
            lacking.append(f"{key} is {found[key]!r} but must be {_KINDS[FIELDS[key]]}")
        elif gap := _gap(key, found[key], file, lines):
            lacking.append(gap)
    return lacking


def remarks(table: Mapping[str, Any], name: str) -> list[str]:
    """Return phrases that say what the prose in the table [name] lacks. Missing prose costs no points."""
    found = table.get(name)
    if not isinstance(found, dict):
        return []
    said = [f"unknown key `{key}`{_near(key, FIELDS)}" for key in found if key not in FIELDS]
    short = [key for key in PROSE if type(found.get(key)) is not str or len(found[key].strip()) < LEAST_CHARACTERS]
    if short:
        said.append(f"{', '.join(short)}: write a sentence that would help a colleague")
    return said


def assert_named(
    table: Mapping[str, Any], tables: Sequence[str], truths: Sequence[Mapping[str, Any]], which: int, lines: int
) -> None:
    """Assert that a diagnosis names the cause of fault `which`, and one of its lines.

    `tables` names the tables of the diagnosis, one for each fault in any order. Raises Mismatch.
    """
    found: dict[str, Diagnosis | Mismatch] = {}
    for name in tables:
        try:
            found[name] = diagnosis_of(table, name, PROGRAM, lines)
        except Mismatch as fault:
            found[name] = fault
    about = _assigned(found, truths)
    name, truth = about[which], truths[which]
    own = found[name]
    if isinstance(own, Diagnosis) and own.cause == truth["cause"]:
        if own.line in truth["lines"]:
            return
        raise Mismatch(f"[{name}]: the cause is right, but it is not on line {own.line}", None, own.line)
    if isinstance(own, Mismatch):
        message = str(own)
    elif len(tables) == 1:
        message = f"[{name}]: {own.cause} is not the cause"
    elif same := [about[k] for k, other in enumerate(truths) if other["cause"] == own.cause]:
        message = f"[{name}] is about the same fault as [{same[0]}]"
    else:
        message = f"[{name}]: {own.cause} is neither of the two causes"
    raise Mismatch(f"{'one of the two faults is not named: ' if len(tables) > 1 else ''}{message}", None, None)


def _assigned(found: Mapping[str, Diagnosis | Mismatch], truths: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the table for each fault. Tables are matched by cause and line if possible, and otherwise by cause alone.

    The remaining tables are assigned in order, so that messages name every table once.
    """

    def agreement(names: Sequence[str]) -> tuple[int, int]:
        both = cause = 0
        for name, truth in zip(names, truths, strict=True):
            own = found[name]
            if isinstance(own, Diagnosis) and own.cause == truth["cause"]:
                cause += 1
                both += own.line in truth["lines"]
        return both, cause

    return max(permutations(found), key=agreement)


def _gap(key: str, value: Any, file: str, lines: int) -> str:
    if key == "cause" and value not in CAUSES:
        said = f"{value!r} is not one of the causes" if value else "is not filled in"
        return f"cause {said}{_near(value, CAUSES) or ': choose one from the list in the README'}"
    if key == "file" and value != file:
        return f"file is {value!r} but must be {file!r}"
    if key == "line" and not 1 <= value <= lines:
        return f"line is {value} but must be from 1 to {lines}"
    return ""


def _near(word: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean `{near[0]}`?)" if near else ""
