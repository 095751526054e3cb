"""Generates broken training programs by varying a healthy program with a seed and inserting one or two faults."""

from __future__ import annotations

import difflib
import io
import random
import re
import tokenize
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations, product

from graders.debugging.faults import FAMILIES, FAULTS, Fault
from graders.debugging.programs import PROGRAMS, TrainingProgram
from graders.debugging.puzzle import Puzzle
from graders.errors import KataError

LEVELS = (1, 2, 3)
TRIES = 20  # variations to try before giving up on a seed


class GenerationError(KataError):
    """Raised if the requested puzzle cannot be made."""


@dataclass(frozen=True)
class Variation:
    """New values for the constants of a program, as source text, and new names for its identifiers."""

    constants: Mapping[str, str]
    names: Mapping[str, str]

    def apply(self, source: str) -> str:
        """Return the program with this variation's constants and identifiers. Line numbers do not change."""
        for name, value in self.constants.items():
            source = re.sub(rf"^{name} = [^\s#]+", f"{name} = {value}", source, count=1, flags=re.MULTILINE)
        lines = source.splitlines(keepends=True)
        found = [
            token for token in tokenize.generate_tokens(io.StringIO(source).readline) if token.string in self.names
        ]
        for token in reversed([token for token in found if token.type == tokenize.NAME]):
            (row, start), (_, end) = token.start, token.end
            line = lines[row - 1]
            lines[row - 1] = line[:start] + self.names[token.string] + line[end:]
        return "".join(lines)


def generate(seed: int, level: int | None = None, family: str | None = None) -> Puzzle:
    """Return the first candidate for a seed that shows its symptom and is healthy once it is fixed.

    If `level` or `family` is None, the seed chooses it. Raises GenerationError for an unknown level or family, or if
    none of TRIES candidates passes its proof.
    """
    from graders.debugging.proof import prove  # needs torch; the rest of this module does not

    reasons = []
    for attempt in range(TRIES):
        puzzle = candidate(seed, level, family, attempt)
        proof = prove(puzzle)
        if proof.proven:
            return replace(puzzle, symptom=proof.symptom)
        reasons.append(f"{'+'.join(fault.name for fault in puzzle.faults)} in {puzzle.program.name}: {proof.reason}")
    raise GenerationError(
        f"seed {seed}: none of {TRIES} variations gives a working puzzle. Choose another seed. "
        f"The last failure: {reasons[-1]}"
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
    return assemble(program, faults, vary(program, choose), seed=seed, level=level, attempt=attempt)


def _one(choose: random.Random, level: int, family: str | None) -> list[tuple[TrainingProgram, tuple[Fault, ...]]]:
    """Draw a family, then one of its faults of this level, and return the fault with each program that can have it."""
    family = family or choose.choice(FAMILIES)
    fault = choose.choice([fault for fault in FAULTS.values() if fault.family == family and fault.level == level])
    return [(PROGRAMS[name], (fault,)) for name in fault.edits]


def _two(choose: random.Random, family: str | None) -> list[tuple[TrainingProgram, tuple[Fault, ...]]]:
    """Draw a program, then two families (one of them `family`, if given), and return the possible pairs of faults."""
    by_program = {name: _pairs(name, family) for name in PROGRAMS}
    name = choose.choice([name for name, pairs in by_program.items() if pairs])
    families = choose.choice(sorted({(one.family, other.family) for one, other in by_program[name]}))
    return [(PROGRAMS[name], (one, other)) for one, other in by_program[name] if (one.family, other.family) == families]


@cache
def _pairs(name: str, family: str | None) -> tuple[tuple[Fault, Fault], ...]:
    """Return the pairs of faults, of different families and causes, that this program can have together."""
    return tuple(
        (one, other)
        for one, other in combinations([fault for fault in FAULTS.values() if name in fault.edits], 2)
        if one.family != other.family and one.cause != other.cause
        if family in (None, one.family, other.family)
        if _apart(PROGRAMS[name], one, other)
    )


def _apart(program: TrainingProgram, one: Fault, other: Fault) -> bool:
    """Return whether the faults edit non-adjacent lines, and neither adds a snippet that the other replaces."""
    ones, others = one.edits[program.name], other.edits[program.name]
    for a, b in product(ones, others):
        (a_start, a_end), (b_start, b_end) = _span(program.source, a[0]), _span(program.source, b[0])
        if a_start <= b_end + 1 and b_start <= a_end + 1:
            return False
        if a[0] in b[1] or b[0] in a[1]:
            return False
    return True


def _span(source: str, snippet: str) -> tuple[int, int]:
    """Return the first and last line of a snippet, counted from 0."""
    start = source.index(snippet)
    return source.count("\n", 0, start), source.count("\n", 0, start + len(snippet.rstrip("\n")))


def vary(program: TrainingProgram, choose: random.Random) -> Variation:
    """Draw a variation of the program. Each identifier keeps its name or gets one of its other names."""
    constants = {name: choose.choice(values) for name, values in program.constants.items()}
    names = {name: choose.choice((name, *others)) for name, others in program.names.items()}
    return Variation(constants, names)


def assemble(
    program: TrainingProgram, faults: Sequence[Fault], variation: Variation, *, seed: int, level: int, attempt: int = 0
) -> Puzzle:
    """Return the puzzle that results from inserting faults into a variation of a program."""
    broken = _break(program, faults)
    lines = tuple(
        _lines(_break(program, [f for f in faults if f is not fault]), broken, fault, program) for fault in faults
    )
    partly = [variation.apply(_break(program, [f for f in faults if f is not fault])) for fault in faults]
    return Puzzle(
        seed=seed,
        level=level,
        program=program,
        source=variation.apply(broken),
        twin=variation.apply(program.source),
        faults=tuple(faults),
        lines=lines,
        partly_fixed=tuple(partly) if len(faults) > 1 else (),
        attempt=attempt,
    )


def _break(program: TrainingProgram, faults: Sequence[Fault]) -> str:
    source = program.source
    for fault in faults:
        for healthy, broken in fault.edits[program.name]:
            if source.count(healthy) != 1:
                raise GenerationError(
                    f"{fault.name}: {program.name} contains {healthy!r} {source.count(healthy)} times, not once"
                )
            source = source.replace(healthy, broken)
    return source


def _lines(fixed: str, broken: str, fault: Fault, program: TrainingProgram) -> tuple[int, ...]:
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
    return tuple(sorted(number + 1 for number in found if after[number].strip()))


def _filled(lines: Sequence[str], number: int, step: int) -> int:
    """Return the number of the nearest non-blank line, starting at this one and moving in steps of 1 or -1."""
    while 0 < number < len(lines) - 1 and not lines[number].strip():
        number += step
    return number
