"""The generator of broken programs: every entry of the catalogue fits, and puzzles are proven."""

from __future__ import annotations

import ast
import difflib
import re
import tokenize
from io import StringIO

import pytest

from graders.checks.diagnosis_file import CAUSES
from katas_practice.faults import FAMILIES, FAULTS, Fault
from katas_practice.generate import LEVELS, GenerationError, candidate
from katas_practice.programs import PROGRAMS, TrainingProgram
from katas_practice.puzzle import Puzzle

SEEDS = range(200)
EVERY_PROGRAM = pytest.mark.parametrize("program", PROGRAMS.values(), ids=lambda program: program.name)
PROVEN = [(2, 1)]  # seed and level of the program that trains fastest
MORE_PROVEN = [(4, 2), (8, 3), (1, 1), (3, 1), (5, 2), (6, 2), (7, 3)]


@pytest.fixture(scope="module")
def candidates() -> list[Puzzle]:
    """The unproven puzzles of 200 seeds."""
    return [candidate(seed) for seed in SEEDS]


def test_every_family_has_faults_of_both_levels() -> None:
    assert len(FAULTS) >= 30
    found = {(fault.family, fault.level) for fault in FAULTS.values()}
    assert found == {(family, level) for family in FAMILIES for level in (1, 2)}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_is_explained_and_fits_its_programs(fault: Fault) -> None:
    assert fault.cause in CAUSES
    assert all(len(text) >= 20 and text.endswith(".") for text in (fault.why, fault.fix, fault.prevention))
    assert fault.edits
    assert fault.also.keys() <= fault.edits.keys()
    for name, edits in fault.edits.items():
        source = PROGRAMS[name].source
        for healthy, broken in edits:
            assert PROGRAMS[name].source.count(healthy) == 1
            assert "#" not in broken
            source = source.replace(healthy, broken)
        assert all(source.count(snippet) == 1 for snippet in fault.also.get(name, ()))


@EVERY_PROGRAM
def test_varied_constants_have_one_of_their_values(program: TrainingProgram) -> None:
    for name, values in program.constants.items():
        found = re.search(rf"^{name} = ([^\s#]+)", program.source, flags=re.MULTILINE)
        assert found is not None, name
        assert found[1] in values


@EVERY_PROGRAM
def test_new_name_is_unused_in_program_and_faults(program: TrainingProgram) -> None:
    broken = [snippet for fault in FAULTS.values() for _, snippet in fault.edits.get(program.name, ())]
    words = set(re.findall(r"\w+", "\n".join([program.source, *broken])))
    others = [name for names in program.names.values() for name in names]
    tokens = tokenize.generate_tokens(StringIO(program.source).readline)
    assert program.names.keys() <= {token.string for token in tokens if token.type == tokenize.NAME}
    assert not words & set(others)
    assert len(set(others)) == len(others)


@pytest.mark.deep
def test_two_hundred_seeds_cover_everything_and_differ(candidates: list[Puzzle]) -> None:
    assert len({puzzle.source for puzzle in candidates}) == len(candidates)
    assert {puzzle.program.name for puzzle in candidates} == set(PROGRAMS)
    assert {fault.family for puzzle in candidates for fault in puzzle.faults} == set(FAMILIES)
    assert {puzzle.level for puzzle in candidates} == set(LEVELS)


@pytest.mark.parametrize("seeds", [SEEDS[::10], pytest.param(SEEDS, marks=pytest.mark.deep)], ids=["some", "all"])
def test_the_same_seed_gives_the_same_puzzle(candidates: list[Puzzle], seeds: range) -> None:
    assert [candidate(seed) for seed in seeds] == [candidates[seed] for seed in seeds]


def test_candidates_are_programs_with_known_faults(candidates: list[Puzzle]) -> None:
    for puzzle in candidates:
        broken = puzzle.source.splitlines()
        defined = {node.name for node in ast.parse(puzzle.source).body if isinstance(node, ast.FunctionDef)}
        assert {"build_model", "load_data", "train", "predict"} <= defined
        assert max(map(len, broken)) <= 120
        steps = difflib.SequenceMatcher(None, puzzle.twin.splitlines(), broken, autojunk=False).get_opcodes()
        changed = {number + 1 for kind, _, _, start, end in steps if kind != "equal" for number in range(start, end)}
        assert {number for number in changed if broken[number - 1].strip()} <= set().union(*puzzle.lines)
        assert all(lines for lines in puzzle.lines)
        n_faults = 2 if puzzle.level == 3 else 1
        assert len({fault.family for fault in puzzle.faults}) == len(puzzle.faults) == n_faults
        assert len(puzzle.partly_fixed) == (2 if puzzle.level == 3 else 0)


@pytest.mark.parametrize("level", LEVELS)
def test_level_and_family_can_be_requested(level: int) -> None:
    for family in FAMILIES:
        puzzle = candidate(0, level, family)
        assert puzzle.level == level
        assert family in {fault.family for fault in puzzle.faults}


@pytest.mark.parametrize(("level", "family"), [(0, None), (4, None), (1, "spelling")])
def test_unknown_level_or_family_is_rejected_with_choices(level: int, family: str | None) -> None:
    with pytest.raises(GenerationError, match=r"unknown (level|family)"):
        candidate(0, level, family)


def test_every_fault_shows_in_symptoms_that_can_be_measured() -> None:
    proof = pytest.importorskip("katas_practice.proof")
    for fault in FAULTS.values():
        assert fault.symptoms, fault.name
        assert set(fault.symptoms) <= {*proof.SYMPTOMS, proof.SPEED}, fault.name


@pytest.mark.parametrize(
    ("seed", "level"), [*PROVEN, *(pytest.param(*each, marks=pytest.mark.deep) for each in MORE_PROVEN)]
)
def test_generated_puzzle_is_proven_with_a_numeric_symptom(seed: int, level: int) -> None:
    pytest.importorskip("torch")
    from katas_practice.generate import generate

    puzzle = generate(seed, level)
    assert puzzle.level == level
    assert re.search(r"\d", puzzle.symptom)


@pytest.mark.parametrize(
    "name", ["spirals", *(pytest.param(name, marks=pytest.mark.deep) for name in PROGRAMS if name != "spirals")]
)
def test_healthy_program_is_not_a_puzzle(candidates: list[Puzzle], name: str) -> None:
    proof = pytest.importorskip("katas_practice.proof")
    puzzle = next(puzzle for puzzle in candidates if puzzle.program.name == name and puzzle.level < 3)
    found = proof.prove(Puzzle(**{**vars(puzzle), "source": puzzle.twin}))
    assert not found.symptom
    assert found.reason
