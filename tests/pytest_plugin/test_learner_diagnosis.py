"""`pytest katas/…` agrees with the judge on the counterexample and the diagnosis."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from graders import Judge, catalogue, intake
from graders.catalogue import Kata
from graders.pytest_plugin import local_diagnosis
from graders.report import wording
from graders.verdict import TestResult, Verdict
from tests import shell, workshop
from tests.pytest_plugin.test_learner_mode import QUICK, several
from tests.shell import Finished
from tests.workshop import ADDED, HALF, SOLUTION, STUB, edit, write

DIAGNOSIS = "Your code behaves exactly like a known mistake. two is added."
SQUARED = "def twice(x):\n    return x * x\n\n" + HALF
EXAMPLE = """\
import numpy as np
from graders.checks import assert_close, task

@task("twice")
def test_three_becomes_six(kata):
    assert_close(kata.twice(np.array([3.0])), np.array([6.0]))
"""
POINTS = re.compile(
    r"^alpha: \d of \d tasks?, \d of \d points in the tests run here.*; official: katas grade alpha$", re.MULTILINE
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return workshop.write_repository(tmp_path / "my kätas", ["alpha"])


def run(root: Path, text: str, *words: str, typed: str | None = None) -> Finished:
    """Run `pytest words…` without plugins that katas do not use, because importing them takes longer than the tests."""
    return as_typed(root, text, *QUICK, *words, typed=typed)


def as_typed(root: Path, text: str, *words: str, typed: str | None = None) -> Finished:
    """Run `pytest words…` with all installed plugins."""
    write(root / "katas" / "alpha" / "twice.py", text)
    return shell.pytest("-p", "no:cacheprovider", *words, cwd=root, text=typed)


def test_a_misconception_is_named_once_above_the_smallest_case(root: Path) -> None:
    write(root / "katas" / "alpha" / "test_more.py", EXAMPLE)
    done = run(root, ADDED, "katas")
    assert "2 failed" in done.out
    assert done.out.count(DIAGNOSIS) == 1
    assert done.out.index("wrong value") < done.out.index(DIAGNOSIS) < done.out.index("# yours   :")
    assert "graders/" not in done.out


def test_an_unknown_mistake_and_one_of_two_that_behave_alike_are_not_diagnosed(root: Path) -> None:
    done = run(root, SQUARED, "katas")
    assert "1 failed" in done.out
    assert "exactly like a known mistake" not in done.out
    write(root / "graders/hidden/alpha/wrong/also.py", f"# two is put beside it\n# task: twice\n{ADDED}")
    done = run(root, ADDED, "katas")
    assert "yours   :" in done.out
    assert "exactly like a known mistake" not in done.out


@pytest.mark.parametrize("fault", ["ArithmeticError", "NotImplementedError"])
def test_a_blocked_or_unwritten_task_does_not_hide_the_mistake_in_another(root: Path, fault: str) -> None:
    if fault == "ArithmeticError":
        half = 'title = "Half a number"'
        edit(root / "katas" / "alpha" / "kata.toml", half, f'{half}\nafter = ["twice"]')
    begun = ADDED.replace("return x / 2.0", f"raise {fault}")
    assert DIAGNOSIS in run(root, begun, "katas").out
    with Judge(root, resident=False) as judge:
        verdict = judge.grade_files("alpha", {"twice.py": begun.encode()}, diagnosing=True)
    assert [test.task for test in verdict.tests if test.diagnosis] == ["twice"]
    assert diagnosis_of(verdict) == DIAGNOSIS


def test_hidden_tests_distinguish_similar_misconceptions(root: Path) -> None:
    hidden = root / "graders" / "hidden" / "alpha"
    also = ADDED.replace("x / 2.0", "x / 3.00")  # another length: Python recognises bytecode by length and time
    write(hidden / "wrong" / "thirds.py", f"# two is added, and thirds are taken\n# task: twice\n{also}")
    assert DIAGNOSIS in run(root, ADDED, "katas").out
    assert "exactly like a known mistake. two is added, and thirds are taken." in run(root, also, "katas").out
    shutil.rmtree(hidden / "wrong")
    assert "known mistake" not in run(root, ADDED, "katas").out


@pytest.mark.deep
def test_importing_hidden_tests_uses_no_diagnosis_time(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = root / "graders" / "hidden" / "alpha" / "test_hidden.py"
    busy = "import time\nend = time.process_time() + 1.0\nwhile time.process_time() < end:\n    pass\n"
    write(hidden, busy + workshop.VISIBLE)
    write(root / "katas" / "alpha" / "twice.py", ADDED)
    kata = catalogue.load(root, "alpha")
    monkeypatch.setattr(local_diagnosis, "CPU_S", 0.8)
    tests = list(local_diagnosis.local_tests(kata, hidden))
    assert local_diagnosis.diagnosis_by(tests, kata, kata.folder, tmp_path) == ("two is added", {})


def test_an_unwritten_function_is_not_diagnosed(root: Path) -> None:
    wrong = root / "graders" / "hidden" / "alpha" / "wrong" / "nothing.py"
    write(wrong, f"# nothing is written\n# task: twice\n{STUB}")
    done = run(root, STUB, "katas")
    assert "twice is not written yet: katas/alpha/twice.py, line 5" in done.out
    assert "nothing is written" not in done.out


def test_a_student_bundle_without_solutions_and_variants_works(root: Path) -> None:
    shutil.rmtree(root / "solutions")
    shutil.rmtree(root / "graders")
    done = run(root, ADDED, "katas")
    assert "The smallest failing case, as code:" in done.out
    assert "; the official result comes from your course, which has further tests\n" in done.out


def test_a_diagnosis_prints_warns_and_stops_nowhere(root: Path) -> None:
    noisy = ADDED.replace("    return 2.0", "    print('loud')\n    breakpoint()\n    return 2.0")
    done = run(root, noisy, "katas", typed="p 40 + 2\nc\nc\nc\nc\n")
    assert done.out.count("PDB set_trace") == 2  # one per test, in the learner's own run
    assert "42" in done.out
    assert DIAGNOSIS in done.out


TROUBLES = ["raise SystemExit(3)", "raise KeyError(x.size)", "import pytest; pytest.fail('late')"]


def test_a_failed_diagnosis_keeps_the_report_complete(tmp_path: Path) -> None:
    late = "    if x.size == 700: {}\n    return 2.0"
    texts = {
        f"trouble{number}": ADDED.replace("    return 2.0", late.format(trouble))
        for number, trouble in enumerate(TROUBLES)
    }
    root = several(tmp_path, texts)
    for slug in texts:
        hidden = workshop.HIDDEN.replace("kata.half(3.0)", "kata.twice(np.ones(700))")
        write(root / "graders/hidden" / slug / "test_hidden.py", f"import numpy as np\n{hidden}")
    words = ("-p", "no:cacheprovider", *QUICK, "katas", "-k", "becomes_four or every_vector")
    done = shell.pytest(*words, cwd=root)
    assert f"{len(texts)} failed, {len(texts)} passed" in done.out
    assert done.out.count("# yours   :") == len(texts)
    assert "late" not in done.out


@pytest.mark.parametrize(
    ("words", "counts"),
    [
        (("-k", "every_vector"), "1 failed, 1 deselected"),
        pytest.param(("-n", "2"), "1 failed, 1 passed", marks=pytest.mark.deep),
        pytest.param(("-n", "1", "--dist", "loadfile"), "1 failed, 1 passed", marks=pytest.mark.deep),
        (("-q", "-x"), "1 failed, 1 passed"),
        (("--tb=short", "-W", "error"), "1 failed, 1 passed"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, tuple) else "",
)
def test_pytests_own_options_work(root: Path, words: tuple[str, ...], counts: str) -> None:
    done = (as_typed if "-n" in words else run)(root, ADDED, "katas", *words)
    assert done.status == 1
    assert re.search(rf"{counts}(, \d+ \w+)* in ", done.out), done.out
    assert DIAGNOSIS in done.out
    assert len(POINTS.findall(done.out)) == 1
    assert "warning" not in done.said.lower()


@pytest.mark.parametrize("words", [("--collect-only",), ("--collect-only", "-q", "-n", "1")])
def test_tests_can_be_listed_as_an_editor_does(root: Path, words: tuple[str, ...]) -> None:
    done = as_typed(root, "import numpi\n" + ADDED, "katas", *words)
    assert done.status == 0, done.said
    assert "test_two_becomes_four" in done.out
    assert "test_every_vector_is_doubled" in done.out
    assert "points, unofficial" not in done.out
    assert "warning" not in done.said.lower()


def test_a_pass_prints_only_a_line_of_points(root: Path) -> None:
    done = as_typed(root, SOLUTION, "katas")
    assert done.status == 0
    assert len(POINTS.findall(done.out)) == 1
    assert "warning" not in done.said.lower()
    assert "the same inputs" not in done.out


def test_a_shipped_misconception_is_named(tmp_path: Path) -> None:
    project = workshop.write_repository(tmp_path / "Übung 9", [])
    for place in ("katas", "solutions", "graders/hidden"):
        shutil.copytree(workshop.ROOT / place / "exercise09", project / place / "exercise09")
    kata = catalogue.load(project, "exercise09")
    wrong = next(each for each in kata.wrong if each.path.stem == "absolute_deviation")
    mistaken = wrong.applied(intake.shipped(kata, kata.solution))
    (project / "katas" / "exercise09" / wrong.replaces).write_bytes(mistaken)
    done = shell.pytest("katas/exercise09", "-p", "no:cacheprovider", *QUICK, cwd=project, torch=True)
    assert "Your code behaves exactly like a known mistake. The mean of |x - mean| is used" in done.out
    assert "exercise09: 0 of 3 tasks, extras 0 of 4, 0 of 11 points in the tests run here; official: " in done.out
    assert "graders/" not in done.out


# ----------------------------------------------------------------------- pytest says what the judge says

AFFINE = "import numpy as np\n\n\ndef affine(W, x, b):\n    return {}\n"
GRADIENT = """\
import numpy as np


def affine_weight_gradient(dz, x):
    return np.atleast_2d(dz).T @ np.atleast_2d(x){}


def affine_backward(dz, x, W):
    return affine_weight_gradient(dz, x), dz @ W, np.atleast_2d(dz).sum(axis=0)
"""
TYPED = {  # as a learner writes them, without attention to dtypes
    "W transposed": ("exercise01", AFFINE.format("x @ W + b"), "W is used as (in, out)"),
    "no bias": ("exercise01", AFFINE.format("x @ W.T"), "The bias is missing"),
    "vectors only": ("exercise01", AFFINE.format("W @ x + b"), "W @ x works for one vector only"),
    "averaged": ("exercise05", GRADIENT.format(" / len(np.atleast_2d(x))"), "The batch is averaged"),
}
SEED = bytes(range(16))
NOTHING = TestResult(name="", task="", visibility="visible", status="failed")
COMPARED = ["exercise01", "exercise04", "exercise05"]
JUDGE_ALONE = {  # visible tests catch these, but pytest names no misconception
    "answer_kept_by_x": "only the second of two calls is wrong",
    "long_batches_cut": "only the large batch in a race is wrong",
    "loss_of_the_last_softmax": "only a call after another function's is wrong",
}


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    """A judge on a copy of some shipped katas, whose files the tests replace."""
    root = workshop.write_repository(tmp_path_factory.mktemp("shipped"), [])
    for slug in COMPARED:
        for place in ("katas", "solutions", "graders/hidden"):
            shutil.copytree(workshop.ROOT / place / slug, root / place / slug)
    with Judge(root) as judge:
        yield judge


def in_pytest(judge: Judge, slug: str, files: dict[str, bytes]) -> Finished:
    """Run `pytest katas/slug` on these files."""
    for name, content in files.items():
        (judge.root / "katas" / slug / name).write_bytes(content)
    words = (f"katas/{slug}", "-p", "no:cacheprovider", "--seed", SEED.hex(), *QUICK)
    return shell.pytest(*words, cwd=judge.root, torch=True)


def diagnosis_of(verdict: Verdict) -> str:
    """Return a verdict's diagnosis, in the words of a report."""
    return next((wording.diagnosis(test) for test in verdict.tests if test.diagnosis), "")


def named_in(done: Finished, kata: Kata) -> str:
    """Return the diagnoses that a run of pytest prints."""
    said = " ".join(done.out.replace("\nE ", " ").split())
    worded = [wording.diagnosis(replace(NOTHING, diagnosis=variant.sentence)) for variant in kata.wrong]
    return " ".join(dict.fromkeys(sentence for sentence in worded if " ".join(sentence.split()) in said))


@pytest.mark.deep
@pytest.mark.parametrize("name", TYPED)
def test_a_misconception_is_named_as_by_the_judge(shipped: Judge, name: str) -> None:
    slug, text, start = TYPED[name]
    kata = catalogue.load(shipped.root, slug)
    (file,) = kata.files
    files = {file: text.encode()}
    official = diagnosis_of(shipped.grade_files(slug, files, seed=SEED, diagnosing=True))
    assert official.startswith(f"Your code behaves exactly like a known mistake. {start}")
    assert named_in(in_pytest(shipped, slug, files), kata) == official


@pytest.mark.deep
@pytest.mark.timeout(3600)  # about seventy runs of pytest
@pytest.mark.parametrize("slug", COMPARED)
def test_every_caught_variant_is_named_as_by_the_judge(shipped: Judge, slug: str) -> None:
    kata = catalogue.load(shipped.root, slug)
    solution = intake.shipped(kata, kata.solution)
    different = {}
    for variant in kata.wrong:
        files = variant.submission(solution)
        done = in_pytest(shipped, slug, files)
        if done.status:
            official = diagnosis_of(shipped.grade_files(slug, files, seed=SEED, diagnosing=True))
            if official != named_in(done, kata) and (named_in(done, kata) or variant.path.stem not in JUDGE_ALONE):
                different[variant.path.name] = (official, named_in(done, kata))
    assert not different
