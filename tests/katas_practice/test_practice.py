"""`katas debug`: puzzles in a learner's folder, graded by the real judge."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from graders.checks import Mismatch
from graders.checks.diagnosis_file import assert_named
from graders.errors import KataError
from graders.judge.client import Judge
from graders.verdict import Verdict
from katas_practice import practice
from katas_practice.faults import FAMILIES, FAULTS
from katas_practice.generate import assemble, candidate
from katas_practice.programs import PROGRAMS
from katas_practice.puzzle import HINTS, Puzzle, hints
from tests import shell, workshop
from tests.late import Late
from tests.shell import katas_cold
from tests.workshop import ROOT

# These import PyTorch.
judging, readings = (Late(f"katas_practice.{name}") for name in ("judging", "readings"))


def puzzle(*names: str, program: str = "spirals") -> Puzzle:
    """Return a puzzle with these faults in an unvaried program."""
    faults = [FAULTS[name] for name in names]
    return assemble(PROGRAMS[program], faults, seed=0, level=1 if len(faults) == 1 else 3)


Graded = Callable[..., Verdict]  # grades a program, with the right diagnosis by default


@contextmanager
def desk(puzzle: Puzzle) -> Iterator[Graded]:
    """Yield a judge of one puzzle."""
    with practice.repository(puzzle) as (root, slug), Judge(root, first=slug, resident=False) as judge:

        def graded(program: str, diagnosis: str = answer(puzzle), tasks: Sequence[str] = ()) -> Verdict:
            files = {"program.py": program.encode(), "diagnosis.toml": diagnosis.encode()}
            return judge.grade_files(slug, files, tasks=tasks)

        yield graded


def answer(puzzle: Puzzle) -> str:
    """Return a right diagnosis."""
    return practice.solution(puzzle)["diagnosis.toml"]


def scores(verdict: Verdict) -> dict[str, float]:
    """Return the points of each task; print the verdict in case the test fails."""
    print(verdict.status, verdict.message, [test.message for test in verdict.tests if test.status != "passed"])
    return {task.name: task.score for task in verdict.tasks}


def with_change(puzzle: Puzzle, before: str, after: str) -> str:
    """Return the twin with one more change."""
    assert puzzle.twin.count(before) == 1
    return puzzle.twin.replace(before, after)


ONE = puzzle("gradients-never-zeroed")
NESTED = "a = " + "[" * 10_000  # deeper than Python's recursion limit


@pytest.fixture(scope="module")
def one() -> Iterator[Graded]:
    """A judge of the puzzle ONE."""
    with desk(ONE) as found:
        yield found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository without katas and with one puzzle, seed 8, not graded yet."""
    made = replace(candidate(8, 1, "evaluation"), symptom="Something is off.")
    practice.write(made, tmp_path, 1, "evaluation")
    return tmp_path


@pytest.fixture
def folder(root: Path) -> Path:
    """The puzzle's folder."""
    return root / "katas" / "debug" / "8"


def solve(folder: Path) -> Puzzle:
    """Write the solution into a puzzle's folder."""
    found = practice.puzzle_in(folder)
    for name, text in practice.solution(found).items():
        (folder / name).write_text(text, encoding="utf-8")
    return found


# ---------------------------------------------------------------------------------------- the judge


@pytest.mark.deep
def test_broken_program_fails_but_its_diagnosis_counts(one: Graded) -> None:
    assert scores(one(ONE.source)) == {"heals": 0, "program": 0, "diagnosis": 2}


@pytest.mark.deep
def test_two_faults_need_both_tables_in_any_order() -> None:
    two = puzzle("errors-counted", "scale-never-fitted")
    found = tomllib.loads(answer(two))
    named = answer(puzzle("scale-never-fitted"))
    assert found["fault2"]["cause"] == tomllib.loads(named)["fault1"]["cause"]
    named = re.sub("^line.*$", f"line = {found['fault2']['line']}", named, flags=re.MULTILINE)
    swapped = answer(two).replace("fault1", "other").replace("fault2", "fault1").replace("other", "fault2")
    with desk(two) as bench:
        # the proof of every puzzle tries each half
        assert scores(bench(two.partly_fixed[0], named)) == {"heals": 0, "program": 0, "diagnosis": 1}
        assert scores(bench(two.twin, swapped)) == {"heals": 5, "program": 3, "diagnosis": 2}


def test_right_cause_in_a_wrong_line_fails(one: Graded) -> None:
    line = tomllib.loads(answer(ONE))["fault1"]["line"]
    verdict = one(ONE.twin, answer(ONE).replace(f"line = {line}", "line = 1"), ["diagnosis"])
    assert scores(verdict)["diagnosis"] == 0
    assert any("it is not on line 1" in test.message for test in verdict.tests)


def test_cause_and_line_count_without_prose(one: Graded) -> None:
    short = re.sub(r'^(why|fix|prevention) = ".*"$', r'\1 = "gain 1"', answer(ONE), flags=re.MULTILINE)
    assert short != answer(ONE)
    assert scores(one(ONE.twin, short, ["diagnosis"]))["diagnosis"] == 2


TRUTHS = [{"cause": "step-missing", "lines": [108]}, {"cause": "metric-wrong", "lines": [141, 142]}]


def said(which: int, *tables: tuple[str, int]) -> str:
    """Return the message of the test of one of two faults for these (cause, line) tables; empty if it passes."""
    words = dict.fromkeys(("why", "fix", "prevention"), "A sentence that is long enough.")
    given = {
        f"fault{number}": {"cause": cause, "file": "program.py", "line": line, **words}
        for number, (cause, line) in enumerate(tables, start=1)
    }
    try:
        assert_named(given, ["fault1", "fault2"], TRUTHS, which, lines=150)
    except Mismatch as fault:
        return str(fault)
    return ""


RIGHT, ASIDE, WRONG, EMPTY = ("step-missing", 108), ("step-missing", 112), ("wrong-axis", 20), ("", 0)
OTHER = ("metric-wrong", 142)


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("right", [RIGHT, ASIDE])
@pytest.mark.parametrize("bad", [WRONG, EMPTY])
def test_right_table_is_not_blamed_for_the_other_fault(
    place: int, right: tuple[str, int], bad: tuple[str, int]
) -> None:
    tables = [right, bad] if place == 0 else [bad, right]
    good, rest = f"[fault{place + 1}]", f"[fault{2 - place}]"
    own, other = said(0, *tables), said(1, *tables)
    assert own == ("" if right is RIGHT else f"{good}: the cause is right, but it is not on line 112")
    assert other.startswith("one of the two faults is not named: ")
    assert rest in other
    assert good not in other


def test_each_test_names_one_of_two_wrong_tables() -> None:
    for which, wrong in enumerate((WRONG, ("graph-kept", 30))):
        told = f"one of the two faults is not named: [fault{which + 1}]: {wrong[0]} is neither of the two causes"
        assert said(which, WRONG, ("graph-kept", 30)) == told


def test_two_tables_for_one_fault_are_reported() -> None:
    assert said(0, ASIDE, RIGHT) == ""
    assert said(1, ASIDE, RIGHT) == "one of the two faults is not named: [fault1] is about the same fault as [fault2]"
    assert said(0, OTHER, RIGHT) == said(1, OTHER, RIGHT) == ""


STEP = "            optimizer.step()\n"
# Programs that are fixed in another place than they were broken: a fault's `also` lines are right answers.
ELSEWHERE = {
    ("probabilities-for-logits", "spirals"): (
        "F.cross_entropy(model(X), y)",
        "F.nll_loss(model(X).clamp_min(1e-12).log(), y)",
    ),
    ("probabilities-for-logits", "glyphs"): (
        "log_p = F.log_softmax(logits, dim=1)",
        "log_p = logits.clamp_min(1e-12).log()",
    ),
    ("probabilities-for-logits", "dialects"): (
        "F.cross_entropy(model(X), smoothed(y))",
        "-(smoothed(y) * model(X).clamp_min(1e-12).log()).sum(dim=1).mean()",
    ),
    ("compared-in-other-units", "heating"): (
        "((model(X) - y) ** 2).mean()",
        "((model(X) - model.y_scale.apply(y)) ** 2).mean()",
    ),
    ("column-against-row", "heating"): ("((model(X) - y) ** 2).mean()", "((model(X) - y.squeeze(1)) ** 2).mean()"),
    ("gradients-zeroed-once", "heating"): (STEP, STEP + STEP.replace("step", "zero_grad")),
    ("gradients-never-zeroed", "sensors"): (STEP, STEP + STEP.replace("step", "zero_grad")),
    ("batch-taken-for-time", "dialects"): (
        "        states, _ = self.recurrent(self.embedding(X))\n",
        "        states = self.recurrent(self.embedding(X).transpose(0, 1))[0].transpose(0, 1)\n",
    ),
    ("shares-swapped", "dialects"): (
        "    return Data(X[:n_train], y[:n_train], X[n_train:], y[n_train:])\n",
        "    return Data(X[n_train:], y[n_train:], X[:n_train], y[:n_train])\n",
    ),
}


@pytest.mark.parametrize(
    ("name", "program", "trained"),
    [
        *((*each, False) for each in ELSEWHERE),
        *(pytest.param(*each, True, marks=pytest.mark.deep) for each in ELSEWHERE),
    ],
)
def test_alternative_fix_line_counts(name: str, program: str, trained: bool) -> None:
    broken = puzzle(name, program=program)
    before, after = ELSEWHERE[name, program]
    assert broken.source.count(before) == 1
    assert broken.source.count("\n", 0, broken.source.index(before)) + 1 in broken.lines[0]
    assert not trained or ills(broken.source.replace(before, after), broken.twin) == []


def ills(source: str, twin: str, seed: int = 0) -> list[str]:
    """Return the complaints about a training of one of our own programs."""
    truth = readings.truth_of(twin, seed)
    run, healthy = readings.measure(source, seed, truth), readings.measure(twin, seed, truth)
    return judging.complaints([run], [healthy], len(healthy.losses), [seed])


@pytest.mark.deep
@pytest.mark.parametrize(
    ("name", "program", "seed", "epoch"),
    # the metric is inverted, so that the claim and the truth add up to one; the best epoch is not the last one
    [("errors-counted", "dialects", 0, "last"), ("variance-around-zero", "heating", 2, "best")],
)
def test_claims_are_compared_for_the_epoch_that_a_program_keeps(name: str, program: str, seed: int, epoch: str) -> None:
    broken = puzzle(name, program=program)
    told = [told for told in ills(broken.source, broken.twin, seed) if told.startswith("The history claims")]
    assert told
    assert all(f"{epoch} epoch" in sentence for sentence in told)
    if name == "errors-counted":
        assert [sum(map(float, re.findall(r"\d\.\d\d", each))) for each in told] == pytest.approx([1, 1], abs=0.011)


def reading(*losses: float, fresh: float) -> readings.Reading:
    """Return a training run with these losses and this score on all data."""
    claims = (fresh, fresh)
    scores = dict.fromkeys(("train", "validation", "fresh", "pieces"), fresh) | dict.fromkeys(
        ("last", "best", "true"), claims
    )
    return readings.Reading(losses, (len(losses),), 1, **scores, rows_seen=1.0, graphs_kept=0)


def test_program_is_healthy_if_its_twin_scores_alike() -> None:
    judging.assert_healthy([reading(1.0, 0.2, fresh=0.9)], [reading(1.0, 0.2, fresh=0.9)], 2)
    with pytest.raises(Mismatch, match=r"The score on fresh data is 0\.70"):
        judging.assert_healthy([reading(1.0, 0.2, fresh=0.7)], [reading(1.0, 0.2, fresh=0.9)], 2)


def test_compared_numbers_are_of_the_same_named_training() -> None:
    found = [reading(1.0, 0.2, fresh=0.9), reading(2.0, 1.9, fresh=0.5)]
    twins = [reading(1.0, 0.15, fresh=0.91), reading(2.5, 0.25, fresh=0.92)]
    assert judging.complaints(found, twins, 2, (0, 1)) == [
        "The loss goes from 2 to 1.9 (seed 1, 2 epochs); in a healthy run it goes from 2.5 to 0.25.",
        "The score on fresh data is 0.90 and 0.50 (seeds 0 and 1); a healthy run reaches 0.91 and 0.92.",
    ]
    hidden = judging.complaints(found, twins, 2)
    assert "one of 2 training runs, 2 epochs" in hidden[0]
    assert "(2 training runs)" in hidden[1]
    assert not any("seed" in sentence for sentence in hidden)


def test_pytest_shows_the_seed_whose_numbers_the_readme_gives() -> None:
    from katas_practice.proof import SEEDS

    assert practice.SHOWN_SEEDS[0] == SEEDS[0] == 0
    assert set(practice.SHOWN_SEEDS) <= set(SEEDS)


def test_a_slow_program_fails_and_a_healed_one_is_fast_enough() -> None:
    slow = puzzle("metric-row-by-row")
    with desk(slow) as bench:
        verdict = bench(slow.source, tasks=["heals"])
        assert scores(verdict)["heals"] == 0
        assert any("times the reference's time" in test.message for test in verdict.tests)
        assert scores(bench(slow.twin, tasks=["heals"]))["heals"] == 5


@pytest.mark.deep
@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("WIDTH = 32", "WIDTH = 33", "shapes"),
        ("BATCH_SIZE = 24", "BATCH_SIZE = 12", "steps"),
        ("EPOCHS = 24", "EPOCHS = 25", "EPOCHS is 25"),
        ("NOISE = 0.18", "NOISE = 0.17", "differ from the original"),
    ],
)
def test_another_program_is_not_the_same(one: Graded, before: str, after: str, told: str) -> None:
    verdict = one(with_change(ONE, before, after), tasks=["program"])
    assert scores(verdict)["program"] == 0
    assert any(told in test.message for test in verdict.tests)


def test_answers_not_from_the_network_are_detected(one: Graded) -> None:
    before = "    return model(X).argmax(dim=1)\n"
    after = "    return model(X).argmax(dim=1) + (X[:, 0] > 320)\n"
    verdict = one(with_change(ONE, before, after), tasks=["program"])
    assert scores(verdict)["program"] == 0
    assert any("do not come from the network" in test.message for test in verdict.tests)


@pytest.mark.deep
def test_an_invented_history_does_not_heal(one: Graded) -> None:
    before = "    history = History()\n    for epoch in range(epochs):\n"
    lie = "    return History([2.0 / (k + 1) for k in range(epochs)], [0.99] * epochs, [0.97] * epochs)\n"
    assert scores(one(with_change(ONE, before, lie + before), tasks=["heals"]))["heals"] == 0


# ------------------------------------------------------------------------------------- the commands


@pytest.mark.deep
def test_a_new_puzzle_has_all_that_a_learner_needs(tmp_path: Path) -> None:
    (tmp_path / "katas").mkdir()
    done = katas_cold("debug", "new", "--seed", "1", "--level", "1", "--family", "update", cwd=tmp_path)
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
    assert "<details>" not in readme
    assert not any(hint in readme for hint in hints(found.faults))
    assert "katas debug hint 1 " in readme
    assert f"with seed 0 and {found.epochs} epochs shows this symptom:" in readme
    assert "(../../../docs/debugging.md)" in readme
    assert "the line of the fault" in readme
    assert all(task in readme for task in ("(`heals`)", "(`program`)", "(`diagnosis`)"))
    assert "@" not in readme


def test_hints_are_shown_one_after_the_other_and_any_again(root: Path, folder: Path) -> None:
    texts = hints(practice.puzzle_in(folder).faults)
    for number, text in enumerate(texts, start=1):
        done = shell.katas("debug", "hint", *(["8"] if number > 1 else []), cwd=root)
        assert done.status == 0, done.said
        assert done.out.startswith(f"Hint {number} of 3: ")
        assert text in done.out
    done = shell.katas("debug", "hint", "8", cwd=root)
    assert done.status == 2
    assert "all 3 hints have been shown" in done.err
    assert texts[1] in shell.katas("debug", "hint", "8", "2", cwd=root).out
    done = shell.katas("debug", "hint", "8", "4", cwd=root)
    assert done.status == 2
    assert "less than or equal to 3" in done.err


def test_the_next_hint_is_the_first_that_was_not_shown(folder: Path) -> None:
    assert [practice.hint(folder, number)[0] for number in (2, None, None, 2)] == [2, 1, 3, 2]
    (folder / practice.SHOWN).write_text("9" * 5_000 + "\n1\n", encoding="utf-8")  # a number too long for Python
    assert practice.hint(folder)[0] == 2


def test_folder_katas_debug_does_not_disturb_the_list(root: Path) -> None:
    assert shell.katas("list", cwd=root).status == 0
    (root / "empty" / "katas").mkdir(parents=True)
    assert "no puzzles yet" in shell.katas("debug", "list", cwd=root / "empty").out


@pytest.mark.deep
def test_pytest_shows_the_symptom_and_what_the_diagnosis_lacks(root: Path, folder: Path) -> None:
    done = shell.pytest("-q", "-p", "no:cacheprovider", "--rootdir", str(root), str(folder), cwd=root, torch=True)
    assert done.status == 1, done.out
    assert "The history claims a" in done.out
    assert "[fault1]: cause is not filled in" in done.out


@pytest.mark.deep
def test_fixed_program_passes_pytest(folder: Path) -> None:
    solve(folder)
    assert practice.symptoms(folder) == []
    assert practice.form(folder) == []


@pytest.mark.deep
def test_graded_attempt_is_recorded_and_opens_the_solution(root: Path, folder: Path) -> None:
    assert "no attempt has been graded yet" in shell.katas("debug", "solution", "8", cwd=root).err
    assert "not graded yet" in shell.katas("debug", "list", cwd=root).out
    (fault,) = solve(folder).faults
    done = katas_cold("debug", "grade", cwd=root)
    assert done.status == 0, done.said
    assert "10 of 10" in done.out
    assert "Ignored" not in done.out
    assert practice.attempts(folder) == [10]
    assert "best 10 of 10; graded attempts: 1" in shell.katas("debug", "list", cwd=root).out
    shown = shell.katas("debug", "solution", "8", cwd=root).out
    assert all(text in shown for text in (fault.cause, fault.why, fault.fix, fault.prevention, "\n@@ "))


def test_giving_up_shows_the_solution(root: Path, folder: Path) -> None:
    done = shell.katas("debug", "solution", "8", "--give-up", cwd=root)
    assert done.status == 0, done.said
    assert practice.puzzle_in(folder).faults[0].why in done.out


@pytest.mark.deep
def test_verdict_names_the_title_of_the_blocking_task(root: Path) -> None:
    done = katas_cold("debug", "grade", "8", cwd=root)
    assert done.status == 1, done.said
    assert 'blocked by "The program is healthy"' in " ".join(done.out.split())


@pytest.mark.parametrize(("program", "recorded"), [("return\n", []), (None, [0.0])], ids=["nothing", "program"])
def test_attempt_without_a_diagnosis_counts_if_the_program_runs(
    root: Path, folder: Path, program: str | None, recorded: list[float]
) -> None:
    (folder / "diagnosis.toml").unlink()
    if program is not None:
        (folder / "program.py").write_text(program, encoding="utf-8")
    done = shell.katas("debug", "grade", "8", cwd=root)
    assert done.status == 1
    told = " ".join(done.out.split())
    assert "diagnosis.toml: not found in" in told
    assert ("The program is healthy" in told) or program is not None
    assert practice.attempts(folder) == recorded


def test_every_gap_of_a_diagnosis_is_reported_at_once(folder: Path) -> None:
    path = folder / "diagnosis.toml"
    told = " ".join(practice.form(folder))
    assert "cause is not filled in" in told
    assert "line is 0" in told
    workshop.edit(path, 'cause = ""', "couse = 1")
    assert "the key `cause` is missing (is it `couse`?)" in " ".join(practice.form(folder))
    for damage, fault in (("[fault1\n", "diagnosis.toml is not TOML"), (NESTED, "nested too deeply")):
        path.write_text(damage, encoding="utf-8")
        (said,) = practice.form(folder)
        assert fault in said


def test_missing_prose_is_not_a_fault(folder: Path) -> None:
    words = re.sub(r"^(why|fix|prevention) = .*\n", "", answer(practice.puzzle_in(folder)), flags=re.M)
    (folder / "diagnosis.toml").write_text(words, encoding="utf-8")
    assert practice.form(folder) == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["new", "--seed", "8"], "this puzzle exists already"),
        (["new", "--level", "7"], "level 7: unknown level. Choose one of 1, 2, 3"),
        (["new", "--family", "karma"], "family 'karma': unknown family. Choose one of update, "),
        (["new", "--seed", "-1"], "greater than or equal to 0"),
        (["grade", "99"], "there is no such puzzle"),
        (["solution", "99"], "there is no such puzzle"),
        (["hint", "99"], "there is no such puzzle"),
        (["grade", "--root", "empty"], "`katas debug new` makes one"),
    ],
)
def test_invalid_arguments_are_rejected_in_one_message(root: Path, words: list[str], told: str) -> None:
    (root / "empty" / "katas").mkdir(parents=True)
    done = shell.katas("debug", *words, cwd=root)
    assert done.status == 2, done.said
    assert told in " ".join(done.err.split())
    assert "Traceback" not in done.err


def test_unwritable_folder_is_reported_before_the_proof(tmp_path: Path) -> None:
    (tmp_path / "katas").mkdir()
    (tmp_path / "katas" / "debug").write_text("", encoding="utf-8")
    with pytest.raises(KataError, match="Make katas/ writable"):
        practice.check_free(tmp_path, 1)


DAMAGES = ["seed = ", "seed = 8", 'seed = "8"\nattempt = 0\nsha256 = ""\nsymptom = ""', NESTED]


@pytest.mark.parametrize("damage", DAMAGES, ids=["half", "little", "text", "nested"])
def test_damaged_record_is_reported_with_its_fix(folder: Path, damage: str) -> None:
    (folder / "puzzle.toml").write_text(damage, encoding="utf-8")
    with pytest.raises(KataError, match=r"puzzle\.toml: the file is damaged .*katas debug new"):
        practice.puzzle_in(folder)


def test_a_puzzle_of_another_version_is_not_graded_by_this_one(folder: Path) -> None:
    path = folder / "puzzle.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('sha256 = "', 'sha256 = "0'), encoding="utf-8")
    with pytest.raises(KataError, match="this version of katas makes a different program"):
        practice.puzzle_in(path.parent)


# ---------------------------------------------------------------------------------------- the texts


def test_every_symptom_and_every_family_has_a_hint() -> None:
    from katas_practice.proof import SPEED, SYMPTOMS

    assert set(HINTS["symptoms"]) == {*SYMPTOMS, SPEED}
    assert set(HINTS["families"]) == set(FAMILIES)


def test_hints_name_no_line() -> None:
    told = {fault.name: "".join(hints([fault])) for fault in FAULTS.values()}
    assert [name for name, text in told.items() if re.search(r"[1-9]", text)] == []


def test_puzzles_stay_out_of_the_repository() -> None:
    assert "katas/debug/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
