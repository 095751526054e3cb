"""Generates broken training programs by varying a healthy program with a seed and inserting one or two faults."""

from __future__ import annotations

import difflib
import io
import random
import re
import tokenize
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from itertools import combinations, product

from graders.errors import KataError
from katas_practice.faults import FAMILIES, FAULTS, Fault
from katas_practice.programs import PROGRAMS, TrainingProgram
from katas_practice.puzzle import Puzzle

LEVELS = (1, 2, 3)
TRIES = 20  # variations to try before giving up on a seed


class GenerationError(KataError):
    """Raised if the requested puzzle cannot be made."""


def generate(seed: int, level: int | None = None, family: str | None = None) -> Puzzle:
    """Return the first candidate for a seed that shows its symptom and is healthy once it is fixed.

    If `level` or `family` is None, the seed chooses it. Raises GenerationError for an unknown level or family, or if
    none of TRIES candidates passes its proof.
    """
    from katas_practice.proof import prove  # needs torch; the rest of this module does not

    for attempt in range(TRIES):
        puzzle = candidate(seed, level, family, attempt)
        proof = prove(puzzle)
        if proof.symptom:
            return replace(puzzle, symptom=proof.symptom)
    faults = "+".join(fault.name for fault in puzzle.faults)
    raise GenerationError(
        f"seed {seed}: none of {TRIES} variations gives a working puzzle. Choose another seed. "
        f"The last failure: {faults} in {puzzle.program.name}: {proof.reason}"
    )


def candidate(seed: int, level: int | None = None, family: str | None = None, attempt: int = 0) -> Puzzle:
    """Return the puzzle that a seed gives in one attempt, without a proof. Raises GenerationError like `generate`."""
    if level is not None and level not in LEVELS:
        raise GenerationError(f"level {level}: unknown level. Choose one of {', '.join(map(str, LEVELS))}.")
    if family is not None and family not in FAMILIES:
        raise GenerationError(f"family {family!r}: unknown family. Choose one of {', '.join(FAMILIES)}.")
    choose = random.Random(f"katas debug {seed} {level} {family} {attempt}")
    level = level or choose.choice(LEVELS)
    program, faults = choose.choice(_two(choose, family) if level == 3 else _one(choose, level, family))
    constants = {name: choose.choice(values) for name, values in program.constants.items()}
    names = {name: choose.choice((name, *others)) for name, others in program.names.items()}
    vary = partial(_varied, constants=constants, names=names)
    return assemble(program, faults, seed=seed, level=level, attempt=attempt, vary=vary)


def _one(choose: random.Random, level: int, family: str | None) -> list[tuple[TrainingProgram, tuple[Fault, ...]]]:
    """Draw a family, then one of its faults of this level, and return the fault with each program that can have it."""
    family = family or choose.choice(FAMILIES)
    fault = choose.choice([fault for fault in FAULTS.values() if fault.family == family and fault.level == level])
    return [(PROGRAMS[name], (fault,)) for name in fault.edits]


def _two(choose: random.Random, family: str | None) -> list[tuple[TrainingProgram, tuple[Fault, ...]]]:
    """Draw a program, then two families (one of them `family`, if given), and return the possible pairs of faults."""
    program = choose.choice([program for name, program in PROGRAMS.items() if _pairs(name, family)])
    pairs = _pairs(program.name, family)
    families = choose.choice(sorted({(one.family, other.family) for one, other in pairs}))
    return [(program, (one, other)) for one, other in pairs if (one.family, other.family) == families]


@cache
def _pairs(name: str, family: str | None) -> list[tuple[Fault, Fault]]:
    """Return the pairs of faults, of different families and causes, that this program can have together."""
    return [
        (one, other)
        for one, other in combinations([fault for fault in FAULTS.values() if name in fault.edits], 2)
        if one.family != other.family and one.cause != other.cause
        if family in (None, one.family, other.family)
        if _apart(PROGRAMS[name], one, other)
    ]


def _apart(program: TrainingProgram, one: Fault, other: Fault) -> bool:
    """Return whether the faults edit non-adjacent lines, and neither adds a snippet that the other replaces."""
    for a, b in product(one.edits[program.name], other.edits[program.name]):
        (a_start, a_end), (b_start, b_end) = _span(program.source, a[0]), _span(program.source, b[0])
        if (a_start <= b_end + 1 and b_start <= a_end + 1) or a[0] in b[1] or b[0] in a[1]:
            return False
    return True


def _span(source: str, snippet: str) -> tuple[int, int]:
    """Return the first and last line of a snippet, counted from 0."""
    start = source.index(snippet)
    return source.count("\n", 0, start), source.count("\n", 0, start + len(snippet.rstrip("\n")))


def _varied(source: str, constants: Mapping[str, str], names: Mapping[str, str]) -> str:
    """Return the program with these constants and identifiers. Line numbers do not change."""
    for name, value in constants.items():
        source = re.sub(rf"^{name} = [^\s#]+", f"{name} = {value}", source, count=1, flags=re.MULTILINE)
    lines = source.splitlines(keepends=True)
    for token in reversed(list(tokenize.generate_tokens(io.StringIO(source).readline))):
        if token.type == tokenize.NAME and token.string in names:
            (row, start), (_, end) = token.start, token.end
            lines[row - 1] = lines[row - 1][:start] + names[token.string] + lines[row - 1][end:]
    return "".join(lines)


def assemble(
    program: TrainingProgram,
    faults: Sequence[Fault],
    *,
    seed: int,
    level: int,
    attempt: int = 0,
    vary: Callable[[str], str] = str,
) -> Puzzle:
    """Return the puzzle that results from inserting faults into a program and varying it."""
    broken = _break(program, faults)
    without = [_break(program, [each for each in faults if each is not fault]) for fault in faults]
    return Puzzle(
        seed=seed,
        level=level,
        program=program,
        source=vary(broken),
        twin=vary(program.source),
        faults=list(faults),
        lines=[_lines(fixed, broken, fault, program) for fixed, fault in zip(without, faults, strict=True)],
        partly_fixed=list(map(vary, without)) if len(faults) > 1 else [],
        attempt=attempt,
    )


def _break(program: TrainingProgram, faults: Sequence[Fault]) -> str:
    source = program.source
    for fault in faults:
        for healthy, broken in fault.edits[program.name]:
            source = source.replace(healthy, broken)
    return source


def _lines(fixed: str, broken: str, fault: Fault, program: TrainingProgram) -> list[int]:
    """Return the lines of the broken text that differ from the fixed one, are next to a gap, or are in `also`."""
    before, after = fixed.splitlines(), broken.splitlines()
    found: set[int] = set()
    for kind, _, _, start, end in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind in ("replace", "insert"):
            found.update(range(start, end))
        elif kind == "delete":
            found.update((_filled(after, start - 1, -1), _filled(after, start, 1)))
    for snippet in fault.also.get(program.name, ()):
        if snippet in broken:  # a second fault may have changed it
            start, end = _span(broken, snippet)
            found.update(range(start, end + 1))
    return sorted(number + 1 for number in found if after[number].strip())


def _filled(lines: Sequence[str], number: int, step: int) -> int:
    """Return the number of the nearest non-blank line, starting at this one and moving in steps of 1 or -1."""
    while 0 < number < len(lines) - 1 and not lines[number].strip():
        number += step
    return number
