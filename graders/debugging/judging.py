"""Assertions for a puzzle's hidden tests, which check that the program is still the same and its diagnosis is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import Any

import numpy as np

from graders.checks import Mismatch
from graders.debugging.diagnosis import Diagnosis, diagnosis_of
from graders.debugging.readings import module_of, row_keys, same_rows, target_of_rows, truth_of

PROGRAM_FILE, DIAGNOSIS_FILE = "program.py", "diagnosis.toml"
SEEDS = range(10, 2**30)  # the judge draws its seeds from these; a README's figures are for seed 0
N_SEEDS = 3  # the number of training runs that are judged together
TIMED_EPOCHS = 2


def assert_same_data(data: Mapping[str, np.ndarray], twin: str, broken: str, seed: int) -> None:
    """Check that the arrays of load_data equal the twin's. Raises Mismatch.

    If the arrays of the broken program differ from the twin's, another split of the same rows is also accepted.
    """
    expected = {name: part.numpy() for name, part in vars(module_of(twin).load_data(seed)).items()}
    if _equal(data, expected):
        return
    truth = truth_of(twin, seed)
    given = {name: part.numpy() for name, part in vars(module_of(broken).load_data(seed)).items()}
    if not _equal(given, expected) and same_rows(data, truth):
        target = target_of_rows(truth)
        pairs = [(data[f"X_{name}"], data.get(f"y_{name}", data[f"X_{name}"])) for name in ("train", "validation")]
        if all(np.array_equal(np.stack([target[key] for key in row_keys(X)]), y) for X, y in pairs):
            return
    name = next((name for name in expected if name not in data or not _equal_arrays(data[name], expected[name])), "")
    raise Mismatch(
        f"load_data({seed}): {name or 'the data'} must not differ from the original program's for this seed", None, None
    )


def assert_same_answers(runs: Sequence[Mapping[str, Any]], n: int) -> None:
    """Assert that predict's answer for a row depends only on the row and the parameters, and that it changes neither.

    Raises Mismatch.
    """
    for run in runs:
        before, after = run["before"], run["after"]
        if len(before) != len(after) or not all(map(np.array_equal, before, after)):
            raise Mismatch("predict changes the network", None, None)
        first, *others = run["answers"]
        for answer in (first, *others):
            if len(answer) != n:
                raise Mismatch(f"predict gives {len(answer)} answers for {n} rows", n, len(answer))
        if not all(_near(first, answer) for answer in others):
            raise Mismatch(
                "predict gives different answers for the same rows in a different order, or in a second call",
                None,
                None,
            )
        if not _near(run["zero"], np.broadcast_to(run["zero"][:1], run["zero"].shape)):
            raise Mismatch(
                "predict gives different answers for different rows even if all parameters of the network are zero: "
                "its answers do not come from the network",
                None,
                None,
            )


def assert_named(
    table: Mapping[str, Any], tables: Sequence[str], truths: Sequence[Mapping[str, Any]], which: int, lines: int
) -> None:
    """Assert that a diagnosis names the cause of fault `which`, and one of its lines.

    `tables` names the tables of the diagnosis, one for each fault in any order. Raises Mismatch.
    """
    found: dict[str, Diagnosis | Mismatch] = {}
    for name in tables:
        try:
            found[name] = diagnosis_of(table, name, PROGRAM_FILE, lines)
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


def _equal(data: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray]) -> bool:
    return all(name in data and _equal_arrays(data[name], part) for name, part in expected.items())


def _equal_arrays(a: np.ndarray, b: np.ndarray) -> bool:
    return a.dtype == b.dtype and np.array_equal(a, b)


def _near(a: np.ndarray, b: np.ndarray) -> bool:
    """Return whether these are the same classes, except for up to two ties, or the same numbers up to rounding."""
    if a.shape != b.shape:
        return False
    if a.dtype.kind in "iu":
        return int(np.sum(a != b)) <= 2
    return bool(np.allclose(a, b, rtol=1e-3, atol=1e-4 * (float(np.abs(b).max(initial=0.0)) + 1e-6)))
