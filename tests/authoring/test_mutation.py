"""Mutants of a solution, and repeated grading runs of right answers."""

from __future__ import annotations

import ast
import re
import signal
from pathlib import Path

import pytest

from graders.authoring.mutation import mutants_of, read_equivalents
from graders.errors import CatalogueError
from tests import workshop
from tests.at_terminal import AtTerminal
from tests.authoring.test_check import of
from tests.shell import KATAS, Finished, katas_cold
from tests.workshop import HALF, write

MODULE = '''\
"""A module."""

import numpy as np


def clip(x: np.ndarray, low: float = 0.0) -> np.ndarray:
    """At least low."""
    if x.size > 1 and low != 2:
        return np.maximum(x, low)
    total = x.sum(axis=0, keepdims=True)
    return -total


if __name__ == "__main__":
    print(clip(1 + 1))
'''


def changes_of(source: str) -> list[str]:
    return [mutant.change for mutant in mutants_of(source)]


CONDITION, RETURNED, TOTAL = (
    "if x.size > 1 and low != 2:",
    "return np.maximum(x, low)",
    "total = x.sum(axis=0, keepdims=True)",
)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (CONDITION, "if x.size > 1 or low != 2:"),
        (CONDITION, "if x.size >= 1 and low != 2:"),
        (CONDITION, "if x.size > 1 and low == 2:"),
        (CONDITION, "if x.size > 2 and low != 2:"),
        (CONDITION, "if False:"),
        (CONDITION, "if True:"),
        (RETURNED, "return np.minimum(x, low)"),
        (RETURNED, "return np.maximum(low, x)"),
        (RETURNED, "return np.maximum(x)"),
        (RETURNED, "return x"),
        (TOTAL, "total = x.mean(axis=0, keepdims=True)"),
        (TOTAL, "total = x.sum(axis=1, keepdims=True)"),
        (TOTAL, "total = x.sum(axis=0)"),
        (TOTAL, "total = x.sum(axis=0, keepdims=False)"),
        (TOTAL, "total = x"),
        (TOTAL, ""),
        ("return -total", "return total"),
    ],
)
def test_mutants_have_one_small_fault(before: str, after: str) -> None:
    assert f"clip: `{before}` becomes {f'`{after}`' if after else 'nothing'}" in changes_of(MODULE)


def test_texts_annotations_imports_and_scripts_stay() -> None:
    for mutant in mutants_of(MODULE):
        assert mutant.source.startswith('"""A module."""\nimport numpy as np\n')
        assert "-> np.ndarray:" in mutant.source
        assert '"""At least low."""' in mutant.source
        assert mutant.source.endswith("if __name__ == '__main__':\n    print(clip(1 + 1))")


def test_the_words_of_an_error_stay() -> None:
    source = 'def f(x):\n    if x > 1:\n        raise ValueError(f"{x} is too large")\n    return "large"\n'
    changes = changes_of(source)
    assert not [change for change in changes if "_ is too large" in change or "too large_" in change]
    assert "f: `return 'large'` becomes `return 'large_'`" in changes
    assert "f: `raise ValueError(f'{x} is too large')` becomes nothing" in changes


def test_mutants_differ_from_each_other_in_text_and_words() -> None:
    mutants = mutants_of(MODULE + "\n\ndef f(x):\n    x = x + 1\n    x = x + 1\n    return x\n")
    assert len({mutant.source for mutant in mutants} | {ast.unparse(ast.parse(MODULE))}) == len(mutants) + 1
    assert len({mutant.change for mutant in mutants}) == len(mutants)
    assert "f: `x = x + 1` becomes `x = x - 1` (2)" in [mutant.change for mutant in mutants]
    assert any("low: float=1.0" in mutant.change for mutant in mutants)  # a default
    method = "class A:\n    def f(self, x):\n        return -x\n"
    assert changes_of(method) == ["A.f: `return -x` becomes `return x`"]


def test_an_equivalent_without_a_reason_is_refused(tmp_path: Path) -> None:
    listing = write(tmp_path / "equivalent.toml", '"f: `a` becomes `b`" = " "\n')
    with pytest.raises(CatalogueError, match="has no reason"):
        read_equivalents(listing)


# The command

COMPARED = "def twice(x):\n    from factors import FACTOR\n    return max(FACTOR, 0) * x\n\n" + HALF
EQUAL = "twice: `return max(FACTOR, 0) * x` becomes `return max(0, FACTOR) * x`"
# 1 or -1 instead of 0 does not exceed the factor either, so max still returns the factor
OTHERS = [f"twice: `return max(FACTOR, 0) * x` becomes `return {other} * x`" for other in ("max(FACTOR, 1)", "FACTOR")]


WRONGLY_LISTED = {
    "half: `return x / 2.0` becomes `return x * 2.0`": "is listed in equivalent.toml, but is failed",
    "half: `return x` becomes `return y`": "is listed in equivalent.toml, but is not a mutant of the solution",
}


@pytest.fixture(scope="module")
def mutated(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """Three katas: equivalent mutants unlisted, all listed, and other mutants listed."""
    listed = {
        "unlisted": [],
        "listed": [
            f"mutant twice.py, line 3, {OTHERS[0]}:",
            OTHERS[1],
            EQUAL,
            EQUAL.replace("max(0, FACTOR)", "max(FACTOR, -1)"),
        ],
        "wrongly": list(WRONGLY_LISTED),
    }
    root = workshop.write_repository(tmp_path_factory.mktemp("mutated"), [])
    for slug, changes in listed.items():
        workshop.write_kata(root, slug, solution=COMPARED)
        text = "".join(f'"{change}" = "there is no telling"\n' for change in changes)
        write(root / "graders" / "hidden" / slug / "equivalent.toml", text)
    return katas_cold("check", "--mutation", "--flakes", "0", cwd=root)


def test_surviving_mutant_is_named(mutated: Finished) -> None:
    assert (mutated.status, mutated.left) == (1, []), mutated.said
    told = f"  mutant twice.py, line 3, {EQUAL}: survives: no test distinguishes it from the solution"
    assert told in of(mutated, "unlisted")


def test_listed_equivalent_mutant_is_not_a_fault(mutated: Finished) -> None:
    told = of(mutated, "listed")
    assert "\n" not in told
    assert "equivalent 4" in told


@pytest.mark.parametrize(("change", "fault"), WRONGLY_LISTED.items())
def test_wrongly_listed_mutants_are_named(mutated: Finished, change: str, fault: str) -> None:
    assert f"{change}: {fault}" in of(mutated, "wrongly")


@pytest.mark.deep
def test_false_alarms_are_counted_and_reproducible(tmp_path: Path) -> None:
    root = workshop.write_repository(tmp_path, ["alpha"])
    test = '\n@task("half")\ndef test_by_chance(kata, draw):\n    assert kata.half(draw.uniform(0.0, 2.0)) < 0.5\n'
    path = root / "graders" / "hidden" / "alpha" / "test_hidden.py"
    write(path, path.read_text(encoding="utf-8") + test)
    done = katas_cold("check", "alpha", "--flakes", "60", cwd=root)
    assert done.status == 1, done.said
    alarms = done.out.partition("false alarms ")[2].splitlines()[0]
    number = int(alarms.removesuffix("/60"))
    assert 0 < number < 60  # each of 60 gradings fails with probability 1/2; all or none with 2e-18
    told = [line for line in done.out.splitlines() if line.startswith("  flake ")]
    assert len(told) == number
    assert all("must pass: test_by_chance: " in line and "(--seed " in line for line in told)


@pytest.mark.deep
def test_false_alarms_are_measured_by_default(tmp_path: Path) -> None:
    root = workshop.write_repository(tmp_path, ["alpha"])
    assert katas_cold("check", "alpha", cwd=root).out.splitlines()[0].endswith(", false alarms 0/20")


@pytest.mark.deep
def test_the_figures_of_a_share_are_written_as_a_table(tmp_path: Path) -> None:
    root = workshop.write_repository(tmp_path, ["alpha", "beta"])
    for number in range(4):
        write(root / "graders" / "hidden" / "alpha" / "accept" / f"again{number}.py", f"# x + x\n{workshop.SUMMED}")
    done = katas_cold("check", "--every", "2", "--flakes", "2", "--table", "table.md", cwd=root)
    assert done.status == 0, done.said
    assert "alpha: wrong rejected 1/1, seen by visible tests 1/1, accepted 3/3, diagnosed 1/1" in done.out
    table = (root / "table.md").read_text(encoding="utf-8")
    assert "| alpha | 1/1 | 1/1 | 3/3 | none | 1/1 | not run | not run | 0/2 |" in table
    again = katas_cold("check", "beta", "--flakes", "3", "--table", "table.md", cwd=root)
    assert again.status == 0, again.said
    assert (root / "table.md").read_text(encoding="utf-8") == table.replace(
        "| beta | 1/1 | 1/1 | 1/1 | none | 1/1 | not run | not run | 0/2 |",
        "| beta | 1/1 | 1/1 | 1/1 | none | 1/1 | not run | not run | 0/3 |",
    )


@pytest.mark.deep
def test_interrupted_check_prints_its_findings(tmp_path: Path) -> None:
    root = workshop.write_repository(tmp_path, ["alpha", "beta"])
    with AtTerminal([KATAS, "check", "--flakes", "100000"], root, columns=200) as terminal:
        terminal.wait(lambda text: re.search(r"[1-9]\d\d/\d{6}", text) is not None)  # in the middle of the flakes
        terminal.kill(signal.SIGINT)
        done = terminal.end()
    assert done.status == 130
    assert "katas: interrupted" in done.out
    assert "alpha: interrupted after " in done.out
    assert "wrong rejected 1/1, seen by visible tests 1/1, accepted 1/1, diagnosed 1/1, false alarms 0/" in done.out


@pytest.mark.deep
def test_the_bar_has_a_rate_and_the_time_left(tmp_path: Path) -> None:
    root = workshop.write_repository(tmp_path, ["alpha"])
    with AtTerminal([KATAS, "check", "--flakes", "600"], root) as terminal:
        terminal.wait(lambda text: re.search(r"\d+/610 \d+\.\d/s \d+:\d+:\d+", text) is not None)
        assert terminal.end().status == 0
