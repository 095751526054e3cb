"""Broken training programs without end: a healthy program, varied by a seed, with a fault or two put in."""

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
from graders.debugging.programs import PROGRAMS, Program
from graders.errors import KataError

LEVELS = (1, 2, 3)
TRIES = 20  # variations that are tried before a seed is given up


class GenerationError(KataError):
    """No puzzle can be made as asked."""


@dataclass(frozen=True)
class Puzzle:
    """A broken program, `source`, beside `twin`, the same one in health.

    `lines` has, for each of `faults` (two at level 3, else one), the lines of `source`, counted from 1, that are a
    right answer to where it is; for something left out these are the lines beside the gap. `symptom` is what a README
    says, in numbers; it is empty before the proof. `partly_mended` has, at level 3, for each fault the program that is
    left when it alone is mended.
    """

    seed: int
    level: int
    program: Program
    source: str
    twin: str
    faults: tuple[Fault, ...]
    lines: tuple[tuple[int, ...], ...]
    partly_mended: tuple[str, ...] = ()
    symptom: str = ""
    attempt: int = 0


@dataclass(frozen=True)
class Variation:
    """What a seed changes in a program: values of constants as they are written, and other identifiers."""

    constants: Mapping[str, str]
    names: Mapping[str, str]

    def apply(self, source: str) -> str:
        """The program with the constants and the identifiers of this variation; its lines stay where they are."""
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
    """The proven puzzle of a seed: the first of its candidates whose symptom shows and whose cure works.

    Without a level or a family the seed chooses. Raises GenerationError if there is no such level or family, or if none
    of TRIES candidates can be proven.
    """
    from graders.debugging.proof import prove  # needs torch, which a catalogue does not

    reasons = []
    for attempt in range(TRIES):
        puzzle = candidate(seed, level, family, attempt)
        proof = prove(puzzle)
        if proof.proven:
            return replace(puzzle, symptom=proof.symptom)
        reasons.append(f"{'+'.join(fault.name for fault in puzzle.faults)} in {puzzle.program.name}: {proof.reason}")
    raise GenerationError(
        f"seed {seed}: none of {TRIES} variations is proven; take another seed. The last one was {reasons[-1]}"
    )


def candidate(seed: int, level: int | None = None, family: str | None = None, attempt: int = 0) -> Puzzle:
    """The puzzle that a seed comes to in an attempt, not proven. Raises GenerationError as generate does."""
    if level is not None and level not in LEVELS:
        raise GenerationError(f"level {level}: there are the levels {', '.join(map(str, LEVELS))}")
    if family is not None and family not in FAMILIES:
        raise GenerationError(f"family {family!r}: there are {', '.join(FAMILIES)}")
    choose = random.Random(f"katas debug {seed} {level} {family} {attempt}")
    level = level or choose.choice(LEVELS)
    program, faults = choose.choice(_two(choose, family) if level == 3 else _one(choose, level, family))
    return assemble(program, faults, vary(program, choose), seed=seed, level=level, attempt=attempt)


def _one(choose: random.Random, level: int, family: str | None) -> list[tuple[Program, tuple[Fault, ...]]]:
    """The programs that a fault of this level, drawn family first, can be put into."""
    family = family or choose.choice(FAMILIES)
    fault = choose.choice([fault for fault in FAULTS.values() if fault.family == family and fault.level == level])
    return [(PROGRAMS[name], (fault,)) for name in fault.edits]


def _two(choose: random.Random, family: str | None) -> list[tuple[Program, tuple[Fault, ...]]]:
    """Pairs of faults in a program: drawn first is the program, then two families, one of them this one if given."""
    by_program = {name: _pairs(name, family) for name in PROGRAMS}
    name = choose.choice([name for name, pairs in by_program.items() if pairs])
    families = choose.choice(sorted({(one.family, other.family) for one, other in by_program[name]}))
    return [(PROGRAMS[name], (one, other)) for one, other in by_program[name] if (one.family, other.family) == families]


@cache
def _pairs(name: str, family: str | None) -> tuple[tuple[Fault, Fault], ...]:
    """The pairs of faults, of two families and causes, that can be put into this program together."""
    return tuple(
        (one, other)
        for one, other in combinations([fault for fault in FAULTS.values() if name in fault.edits], 2)
        if one.family != other.family and one.cause != other.cause
        if family in (None, one.family, other.family)
        if _apart(PROGRAMS[name], one, other)
    )


def _apart(program: Program, one: Fault, other: Fault) -> bool:
    """Whether neither edits a line of the other, nor one beside it, nor adds what the other looks for."""
    ones, others = one.edits[program.name], other.edits[program.name]
    for a, b in product(ones, others):
        (a_start, a_end), (b_start, b_end) = _span(program.source, a[0]), _span(program.source, b[0])
        if a_start <= b_end + 1 and b_start <= a_end + 1:
            return False
        if a[0] in b[1] or b[0] in a[1]:
            return False
    return True


def _span(source: str, snippet: str) -> tuple[int, int]:
    """The first and the last line, counted from 0, that a snippet is on."""
    start = source.index(snippet)
    return source.count("\n", 0, start), source.count("\n", 0, start + len(snippet.rstrip("\n")))


def vary(program: Program, choose: random.Random) -> Variation:
    """A variation of the program, drawn at random; a name stays as it is as often as it becomes one of the others."""
    constants = {name: choose.choice(values) for name, values in program.constants.items()}
    names = {name: choose.choice((name, *others)) for name, others in program.names.items()}
    return Variation(constants, names)


def assemble(
    program: Program, faults: Sequence[Fault], variation: Variation, *, seed: int, level: int, attempt: int = 0
) -> Puzzle:
    """Put faults into a variation of a program."""
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
        partly_mended=tuple(partly) if len(faults) > 1 else (),
        attempt=attempt,
    )


def _break(program: Program, faults: Sequence[Fault]) -> str:
    """The program, before any variation, with these faults in it."""
    source = program.source
    for fault in faults:
        for healthy, broken in fault.edits[program.name]:
            if source.count(healthy) != 1:
                raise GenerationError(f"{fault.name}: {program.name} has {source.count(healthy)} places {healthy!r}")
            source = source.replace(healthy, broken)
    return source


def _lines(mended: str, broken: str, fault: Fault, program: Program) -> tuple[int, ...]:
    """The lines of the broken text that differ from the mended one, or lie beside a gap, or count as well."""
    before, after = mended.splitlines(), broken.splitlines()
    found: set[int] = set()
    for kind, _, _, start, end in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind in ("replace", "insert"):
            found.update(range(start, end))
        elif kind == "delete":
            found.update((_filled(after, start - 1, -1), _filled(after, start, 1)))
    for snippet in fault.also.get(program.name, ()):
        if snippet in broken:  # and not where a second fault stands as well
            start, end = _span(broken, snippet)
            found.update(range(start, end + 1))
    return tuple(sorted(number + 1 for number in found if after[number].strip()))


def _filled(lines: Sequence[str], number: int, step: int) -> int:
    """The next line from this one on, in steps of 1 or -1, that is not blank."""
    while 0 < number < len(lines) - 1 and not lines[number].strip():
        number += step
    return number
