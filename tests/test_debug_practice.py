"""`katas debug`: puzzles as a learner has them, graded by the real judge."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from graders.cli.debug import app
from graders.debugging import practice
from graders.debugging.faults import FAMILIES, FAULTS
from graders.debugging.generate import Puzzle, Variation, assemble, candidate
from graders.debugging.hints import FIRST, SECOND, hints
from graders.debugging.programs import PROGRAMS
from graders.debugging.proof import SPEED, SYMPTOMS
from graders.errors import KataError
from graders.judge.api import Judge
from graders.verdict import Verdict
from tests.workshop import KATAS, PATIENCE_S, ROOT, katas

COMMANDS = [str(each.name or getattr(each.callback, "__name__", "")).rstrip("_") for each in app.registered_commands]


def puzzle(*names: str, program: str = "spirals") -> Puzzle:
    """A puzzle with these faults in a program that is not varied."""
    faults = [FAULTS[name] for name in names]
    return assemble(PROGRAMS[program], faults, Variation({}, {}), seed=0, level=1 if len(faults) == 1 else 3)


@dataclass
class Desk:
    """A judge that keeps the puzzle it has."""

    puzzle: Puzzle
    judge: Judge
    slug: str

    def graded(self, program: str, diagnosis: str | None = None, tasks: Sequence[str] = ()) -> Verdict:
        """The verdict on a program and a diagnosis, the right one if none is given."""
        files = {"program.py": program, "diagnosis.toml": diagnosis or practice.answer(self.puzzle)}
        return self.judge.grade_files(self.slug, {name: text.encode() for name, text in files.items()}, tasks=tasks)


@contextmanager
def desk(puzzle: Puzzle) -> Iterator[Desk]:
    with practice.repository(puzzle) as (root, slug), Judge(root, first_runtime="torch", resident=False) as judge:
        yield Desk(puzzle, judge, slug)


def scores(verdict: Verdict) -> dict[str, float]:
    """The points of each task; the verdict is shown when a test fails."""
    print(verdict.status, verdict.message, [test.message for test in verdict.tests if test.status != "passed"])
    return {task.name: task.score for task in verdict.tasks}


def mended(puzzle: Puzzle, before: str, after: str) -> str:
    """The twin with one more change."""
    assert puzzle.twin.count(before) == 1
    return puzzle.twin.replace(before, after)


ONE = puzzle("gradients-never-zeroed")


@pytest.fixture(scope="module")
def one() -> Iterator[Desk]:
    """A judge of the puzzle ONE."""
    with desk(ONE) as found:
        yield found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with no kata, and with one puzzle, seed 8, that was never graded."""
    made = replace(candidate(8, 1, "evaluation"), symptom="Something is off.")
    practice.write(made, tmp_path, 1, "evaluation")
    return tmp_path


# ---------------------------------------------------------------------------------------- the judge


def test_the_twin_with_the_right_diagnosis_has_all_points(one: Desk) -> None:
    assert scores(one.graded(ONE.twin)) == {"heals": 5, "program": 3, "diagnosis": 2}


def test_the_broken_program_does_not_heal_and_its_diagnosis_counts_all_the_same(one: Desk) -> None:
    assert scores(one.graded(ONE.source)) == {"heals": 0, "program": 0, "diagnosis": 2}


def test_of_two_faults_one_is_not_enough_and_any_order_of_both_is_right() -> None:
    two = puzzle("errors-counted", "scale-never-fitted")
    found = tomllib.loads(practice.answer(two))
    named = practice.answer(puzzle("scale-never-fitted"))
    assert found["fault2"]["cause"] == tomllib.loads(named)["fault1"]["cause"]
    line = found["fault2"]["line"]
    named = "\n".join(f"line = {line}" if row.startswith("line") else row for row in named.splitlines())
    swapped = practice.answer(two).replace("fault1", "other").replace("fault2", "fault1").replace("other", "fault2")
    with desk(two) as judging:
        for half in two.partly_mended:
            assert scores(judging.graded(half, named)) == {"heals": 0, "program": 0, "diagnosis": 1}
        assert scores(judging.graded(two.twin, swapped)) == {"heals": 5, "program": 3, "diagnosis": 2}


def test_a_right_cause_in_a_wrong_line_is_no_diagnosis(one: Desk) -> None:
    line = tomllib.loads(practice.answer(ONE))["fault1"]["line"]
    verdict = one.graded(ONE.twin, practice.answer(ONE).replace(f"line = {line}", "line = 1"), ["diagnosis"])
    assert scores(verdict)["diagnosis"] == 0
    assert any("it is not in line 1" in test.message for test in verdict.tests)


def test_a_slow_program_is_told_by_the_judges_clock() -> None:
    slow = puzzle("metric-row-by-row")
    with desk(slow) as judging:
        assert scores(judging.graded(slow.twin, tasks=["heals"]))["heals"] == 5
        verdict = judging.graded(slow.source, tasks=["heals"])
    assert scores(verdict)["heals"] == 0
    assert any("times the reference's time" in test.message for test in verdict.tests)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("WIDTH = 32", "WIDTH = 33", "shapes"),
        ("BATCH_SIZE = 24", "BATCH_SIZE = 12", "steps"),
        ("EPOCHS = 24", "EPOCHS = 25", "EPOCHS is 25"),
        ("NOISE = 0.18", "NOISE = 0.17", "not the data"),
    ],
)
def test_another_program_is_not_the_same(one: Desk, before: str, after: str, told: str) -> None:
    verdict = one.graded(mended(ONE, before, after), tasks=["program"])
    assert scores(verdict)["program"] == 0
    assert any(told in test.message for test in verdict.tests)


def test_answers_that_do_not_come_from_the_network_are_found_out(one: Desk) -> None:
    before = "    return model(X).argmax(dim=1)\n"
    after = "    return model(X).argmax(dim=1) + (X[:, 0] > 320)\n"
    verdict = one.graded(mended(ONE, before, after), tasks=["program"])
    assert scores(verdict)["program"] == 0
    assert any("come from something else" in test.message for test in verdict.tests)


def test_an_invented_history_does_not_heal(one: Desk) -> None:
    before = "    history = History()\n    for epoch in range(epochs):\n"
    lie = "    return History([2.0 / (k + 1) for k in range(epochs)], [0.99] * epochs, [0.97] * epochs)\n"
    assert scores(one.graded(mended(ONE, before, lie + before), tasks=["heals"]))["heals"] == 0


# ------------------------------------------------------------------------------------- the commands


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_its_purpose_in_a_line(command: str) -> None:
    done = katas("debug", command, "--help")
    usage, purpose = done.out.split("\n\n")[:2]
    assert usage.startswith(f"Usage: katas debug {command}")
    assert purpose.startswith("  ")
    assert purpose.endswith(".")
    assert "\n" not in purpose
    assert max(map(len, done.out.splitlines())) <= 80


def test_a_new_puzzle_has_all_that_a_learner_needs(tmp_path: Path) -> None:
    (tmp_path / "katas").mkdir()
    done = katas("debug", "new", "--seed", "1", "--level", "1", "--family", "update", cwd=tmp_path)
    assert done.status == 0, done.said
    folder = tmp_path / "katas" / "debug" / "1"
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        ["README.md", "diagnosis.toml", "program.py", "puzzle.toml", "test_debug.py"]
    )
    found = practice.puzzle_in(folder)
    assert (folder / "program.py").read_text(encoding="utf-8") == found.source
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert found.symptom
    assert found.symptom in readme
    assert found.symptom in done.out
    assert readme.count("<details>") == 3
    assert "@" not in readme


def test_a_repository_that_has_a_folder_katas_debug_still_lists_its_katas(root: Path) -> None:
    assert katas("list", cwd=root).status == 0


def test_pytest_shows_the_symptom_and_what_the_diagnosis_lacks(root: Path) -> None:
    folder = root / "katas" / "debug" / "8"
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(root), str(folder)]
    done = subprocess.run(words, cwd=root, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert done.returncode == 1, done.stdout
    assert "The history claims a score of" in done.stdout
    assert "[fault1]: cause is not filled in" in done.stdout


def test_what_is_mended_is_green_in_process(root: Path) -> None:
    folder = root / "katas" / "debug" / "8"
    found = practice.puzzle_in(folder)
    (folder / "program.py").write_text(found.twin, encoding="utf-8")
    (folder / "diagnosis.toml").write_text(practice.answer(found), encoding="utf-8")
    assert practice.symptoms(folder) == []
    assert practice.form(folder) == []


def test_a_graded_try_is_recorded_listed_and_opens_the_solution(root: Path) -> None:
    folder = root / "katas" / "debug" / "8"
    found = practice.puzzle_in(folder)
    assert "no try has been graded yet" in katas("debug", "solution", "8", cwd=root).err
    assert "not graded yet" in katas("debug", "list", cwd=root).out
    (folder / "program.py").write_text(found.twin, encoding="utf-8")
    (folder / "diagnosis.toml").write_text(practice.answer(found), encoding="utf-8")
    done = katas("debug", "grade", cwd=root)
    assert done.status == 0, done.said
    assert "10 of 10" in done.out
    assert "Ignored" not in done.out
    assert practice.attempts(folder) == [10]
    assert "best 10 of 10 in 1 graded" in katas("debug", "list", cwd=root).out
    shown = katas("debug", "solution", "8", cwd=root).out
    fault = found.faults[0]
    assert all(text in shown for text in (fault.cause, fault.why, fault.fix, fault.prevention, "\n@@ "))


def test_who_gives_up_sees_the_solution(root: Path) -> None:
    done = katas("debug", "solution", "8", "--give-up", cwd=root)
    assert done.status == 0, done.said
    assert practice.puzzle_in(root / "katas" / "debug" / "8").faults[0].why in done.out


def test_a_missing_diagnosis_cannot_be_graded_and_is_no_try(root: Path) -> None:
    folder = root / "katas" / "debug" / "8"
    (folder / "diagnosis.toml").unlink()
    done = katas("debug", "grade", "8", cwd=root)
    assert done.status == 1
    assert "diagnosis.toml: not found in" in " ".join(done.out.split())
    assert practice.attempts(folder) == []


def test_a_diagnosis_that_is_no_toml_is_told(root: Path) -> None:
    folder = root / "katas" / "debug" / "8"
    (folder / "diagnosis.toml").write_text("[fault1\n", encoding="utf-8")
    assert any("diagnosis.toml cannot be read" in said for said in practice.form(folder))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["new", "--seed", "8"], "there is a puzzle already"),
        (["new", "--level", "7"], "level 7: there are the levels 1, 2, 3"),
        (["new", "--family", "karma"], "family 'karma': there are update, "),
        (["new", "--seed", "-1"], "greater than or equal to 0"),
        (["grade", "99"], "there is no such puzzle"),
        (["solution", "99"], "there is no such puzzle"),
        (["check", "--level", "0"], "level 0"),
    ],
)
def test_what_cannot_be_is_refused_in_one_message(root: Path, words: list[str], told: str) -> None:
    done = katas("debug", *words, cwd=root)
    assert done.status == 2, done.said
    assert told in " ".join(done.err.split())
    assert "Traceback" not in done.err


def test_without_any_puzzle_the_remedy_is_told(tmp_path: Path) -> None:
    (tmp_path / "katas").mkdir()
    done = katas("debug", "grade", cwd=tmp_path)
    assert done.status == 2
    assert "`katas debug new` makes one" in done.err
    assert "no puzzle yet" in katas("debug", "list", cwd=tmp_path).out


def test_a_folder_that_cannot_be_made_is_told_before_the_proof(tmp_path: Path) -> None:
    (tmp_path / "katas").mkdir()
    (tmp_path / "katas" / "debug").write_text("", encoding="utf-8")
    with pytest.raises(KataError, match="make katas/ writable"):
        practice.check_free(tmp_path, 1)


@pytest.mark.parametrize("damage", ["seed = ", "seed = 8", 'seed = "8"\nattempt = 0\nsha256 = ""\nsymptom = ""'])
def test_a_damaged_record_is_told_with_its_remedy(root: Path, damage: str) -> None:
    (root / "katas" / "debug" / "8" / "puzzle.toml").write_text(damage, encoding="utf-8")
    with pytest.raises(KataError, match=r"puzzle\.toml: it is damaged .*katas debug new"):
        practice.puzzle_in(root / "katas" / "debug" / "8")


def test_a_puzzle_of_another_version_is_not_graded_by_this_one(root: Path) -> None:
    path = root / "katas" / "debug" / "8" / "puzzle.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('sha256 = "', 'sha256 = "0'), encoding="utf-8")
    with pytest.raises(KataError, match="this version of katas makes another program"):
        practice.puzzle_in(path.parent)


def test_checking_ends_with_what_was_found(tmp_path: Path) -> None:
    (tmp_path / "katas").mkdir()
    done = katas("debug", "check", "--seeds", "1", "--level", "1", cwd=tmp_path)
    assert done.status == 0, done.said
    assert "1 of 1 proven, 1 distinct" in done.out
    assert "families 1 of 8" in done.out


def test_ctrl_c_ends_checking_with_what_is_done(tmp_path: Path) -> None:
    (tmp_path / "katas").mkdir()
    words = [KATAS, "debug", "check", "--seeds", "1000"]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    # An interrupt is ignored in what a shell has put into the background, these tests for instance.
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(words, cwd=tmp_path, preexec_fn=heard, **pipes) as process:
        deadline = time.monotonic() + PATIENCE_S
        while "torch" not in _mapped(process.pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130, err
    assert "distinct" in out
    assert "Traceback" not in err


def _mapped(pid: int) -> str:
    """The files that a process has mapped, by which one sees how far it has come."""
    try:
        return Path("/proc", str(pid), "maps").read_text(encoding="utf-8")
    except OSError:
        return ""


# ---------------------------------------------------------------------------------------- the texts


def test_every_symptom_and_every_family_has_a_hint() -> None:
    assert set(FIRST) == {*SYMPTOMS, SPEED}
    assert set(SECOND) == set(FAMILIES)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=lambda fault: fault.name)
def test_hints_name_no_line(fault: object) -> None:
    assert not any(char.isdigit() for char in "".join(hints([fault])) if char not in "0")  # type: ignore[list-item]


def test_puzzles_stay_out_of_the_repository() -> None:
    assert "katas/debug/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
