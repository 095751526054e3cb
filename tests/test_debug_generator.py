"""The generator of broken programs: a catalogue whose every entry fits, and puzzles that are proven."""

from __future__ import annotations

import ast
import difflib
import re
import tokenize
from io import StringIO

import pytest

from graders.debugging.causes import CAUSES
from graders.debugging.diagnosis import LEAST_CHARACTERS
from graders.debugging.faults import FAMILIES, FAULTS
from graders.debugging.generate import LEVELS, GenerationError, Puzzle, candidate
from graders.debugging.programs import PROGRAMS, Program

SEEDS = range(200)
EVERY_PROGRAM = pytest.mark.parametrize("program", PROGRAMS.values(), ids=lambda program: program.name)
PROVEN = [(2, 1), (4, 2), (8, 3)]  # seed and level; their program trains fastest
MORE_PROVEN = [(1, 1), (3, 1), (5, 2), (6, 2), (7, 3)]


@pytest.fixture(scope="module")
def candidates() -> list[Puzzle]:
    """What 200 seeds come to, unproven."""
    return [candidate(seed) for seed in SEEDS]


def test_there_are_thirty_faults_or_more_and_each_family_has_some_of_both_levels() -> None:
    assert len(FAULTS) >= 30
    found = {(fault.family, fault.level) for fault in FAULTS.values()}
    assert found == {(family, level) for family in FAMILIES for level in (1, 2)}


def test_every_fault_has_a_known_cause() -> None:
    assert {fault.name: fault.cause for fault in FAULTS.values() if fault.cause not in CAUSES} == {}


def test_every_fault_is_told_in_sentences() -> None:
    for fault in FAULTS.values():
        for text in (fault.why, fault.fix, fault.prevention):
            assert len(text) >= LEAST_CHARACTERS, fault.name
            assert text.endswith("."), fault.name


def test_every_edit_of_a_fault_fits_its_programs_exactly_once() -> None:
    for fault in FAULTS.values():
        assert fault.edits, fault.name
        for name, edits in fault.edits.items():
            found = [PROGRAMS[name].source.count(healthy) for healthy, _ in edits]
            assert found == [1] * len(edits), (fault.name, name)


def test_a_line_that_counts_as_well_is_in_the_broken_program_exactly_once() -> None:
    for fault in FAULTS.values():
        assert fault.also.keys() <= fault.edits.keys(), fault.name
        for name, snippets in fault.also.items():
            source = PROGRAMS[name].source
            for healthy, broken in fault.edits[name]:
                source = source.replace(healthy, broken)
            assert [source.count(snippet) for snippet in snippets] == [1] * len(snippets), (fault.name, name)


def test_no_fault_adds_a_comment() -> None:
    for fault in FAULTS.values():
        assert not [broken for edits in fault.edits.values() for _, broken in edits if "#" in broken], fault.name


@EVERY_PROGRAM
def test_the_constants_that_vary_are_in_the_program_with_one_of_their_values(program: Program) -> None:
    for name, values in program.constants.items():
        found = re.search(rf"^{name} = ([^\s#]+)", program.source, flags=re.MULTILINE)
        assert found is not None, name
        assert found[1] in values


@EVERY_PROGRAM
def test_a_new_name_is_no_name_that_the_program_or_a_fault_already_has(program: Program) -> None:
    broken = [snippet for fault in FAULTS.values() for _, snippet in fault.edits.get(program.name, ())]
    words = set(re.findall(r"\w+", "\n".join([program.source, *broken])))
    others = [name for names in program.names.values() for name in names]
    assert program.names.keys() <= names_in(program.source)
    assert not words & set(others)
    assert len(set(others)) == len(others)


def names_in(source: str) -> set[str]:
    """The identifiers of a program."""
    return {
        token.string for token in tokenize.generate_tokens(StringIO(source).readline) if token.type == tokenize.NAME
    }


def test_two_hundred_seeds_give_two_hundred_programs(candidates: list[Puzzle]) -> None:
    assert len({puzzle.source for puzzle in candidates}) == len(candidates)


def test_two_hundred_seeds_break_all_programs_in_all_families_and_at_all_levels(candidates: list[Puzzle]) -> None:
    assert {puzzle.program.name for puzzle in candidates} == set(PROGRAMS)
    assert {fault.family for puzzle in candidates for fault in puzzle.faults} == set(FAMILIES)
    assert {puzzle.level for puzzle in candidates} == set(LEVELS)


@pytest.mark.parametrize("seeds", [SEEDS[::10], pytest.param(SEEDS, marks=pytest.mark.deep)], ids=["some", "all"])
def test_the_same_seed_gives_the_same_puzzle(candidates: list[Puzzle], seeds: range) -> None:
    assert [candidate(seed) for seed in seeds] == [candidates[seed] for seed in seeds]


def test_every_candidate_is_a_program_with_the_four_entry_points_and_short_lines(candidates: list[Puzzle]) -> None:
    for puzzle in candidates:
        defined = {node.name for node in ast.parse(puzzle.source).body if isinstance(node, ast.FunctionDef)}
        assert {"build_model", "load_data", "train", "predict"} <= defined
        assert max(map(len, puzzle.source.splitlines())) <= 120


def test_the_lines_of_a_fault_are_where_broken_and_healthy_program_differ(candidates: list[Puzzle]) -> None:
    for puzzle in candidates:
        healthy, broken = puzzle.twin.splitlines(), puzzle.source.splitlines()
        steps = difflib.SequenceMatcher(None, healthy, broken, autojunk=False).get_opcodes()
        changed = {number + 1 for kind, _, _, start, end in steps if kind != "equal" for number in range(start, end)}
        named = set().union(*puzzle.lines)
        assert {number for number in changed if broken[number - 1].strip()} <= named
        assert all(lines for lines in puzzle.lines)


def test_level_three_has_two_faults_of_two_families(candidates: list[Puzzle]) -> None:
    for puzzle in candidates:
        families = {fault.family for fault in puzzle.faults}
        assert len(families) == len(puzzle.faults) == (2 if puzzle.level == 3 else 1)
        assert len(puzzle.partly_mended) == (2 if puzzle.level == 3 else 0)


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_and_a_family_can_be_asked_for(level: int) -> None:
    for family in FAMILIES:
        puzzle = candidate(0, level, family)
        assert puzzle.level == level
        assert family in {fault.family for fault in puzzle.faults}


@pytest.mark.parametrize(("level", "family"), [(0, None), (4, None), (1, "spelling")])
def test_an_unknown_level_or_family_is_refused_with_those_that_there_are(level: int, family: str | None) -> None:
    with pytest.raises(GenerationError, match="there are"):
        candidate(0, level, family)


def test_every_fault_shows_in_symptoms_that_can_be_measured() -> None:
    proof = pytest.importorskip("graders.debugging.proof")
    for fault in FAULTS.values():
        assert fault.symptoms, fault.name
        assert set(fault.symptoms) <= {*proof.SYMPTOMS, proof.SPEED}, fault.name


@pytest.mark.parametrize(
    ("seed", "level"), [*PROVEN, *(pytest.param(*each, marks=pytest.mark.deep) for each in MORE_PROVEN)]
)
def test_a_puzzle_is_handed_out_proven_with_its_symptom_in_numbers(seed: int, level: int) -> None:
    pytest.importorskip("torch")
    from graders.debugging.generate import generate

    puzzle = generate(seed, level)
    assert puzzle.level == level
    assert re.search(r"\d", puzzle.symptom)


@pytest.mark.parametrize(
    "name", ["spirals", *(pytest.param(name, marks=pytest.mark.deep) for name in PROGRAMS if name != "spirals")]
)
def test_a_healthy_program_is_no_puzzle(candidates: list[Puzzle], name: str) -> None:
    proof = pytest.importorskip("graders.debugging.proof")
    puzzle = next(puzzle for puzzle in candidates if puzzle.program.name == name and puzzle.level < 3)
    found = proof.prove(Puzzle(**{**vars(puzzle), "source": puzzle.twin}))
    assert not found.proven
    assert found.reason
