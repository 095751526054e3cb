"""What a learner reads about real failures: the messages, and the programs to paste.

Wrong variants of the katas are graded as by `katas grade`. Their programs run in a folder like a learner's: the kata
with the learner's files.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from graders import Judge, catalogue, intake
from graders.authoring.programs import handed_out, output_of, runs_as_told
from graders.catalogue import Kata
from graders.checks.mismatch import Missing
from graders.pytest_plugin.cases import Failure
from graders.pytest_plugin.explanation import message, without_source
from graders.pytest_plugin.handle import Handle
from graders.report import terminal, wording
from graders.verdict import TestResult, Verdict
from tests import shell, workshop

ROOT = Path(__file__).parents[2]
SEED = b"0123456789abcdef"
EXERCISES = [f"exercise{number:02}" for number in range(1, 11)]
PROGRAMS = [
    ("exercise01", "batch_transposed"),  # another shape
    ("exercise02", "derivative_of_z_dtype"),  # another dtype, arrays of zeros
    ("exercise03", "memory_order_read"),  # a memory layout, a tuple
    ("exercise05", "weights_updated"),  # a triple
    ("exercise06", "f_of_a_flat_array"),  # a function as an argument, an exception
    ("exercise06", "divided_by_f"),  # a function as an argument, a number
    ("exercise08", "large_allowed"),  # an exception that was not raised
    ("exercise09", "answer_remembered"),  # arrays that hold other numbers later
    ("exercise10", "output_layer_left_out"),  # a network
]
FIRST = 1  # the others are in deep runs only


@pytest.fixture(scope="module")
def katas() -> Iterator[Judge]:
    with Judge(ROOT) as judge:
        yield judge


def pasted(kata: Kata, files: dict[str, bytes], program: str) -> tuple[str, str]:
    """Return a program's output and "", or its traceback and the exception's name."""
    with handed_out(kata, files) as folder:
        return output_of(program, folder)


def graded(judge: Judge, slug: str, name: str) -> tuple[Kata, dict[str, bytes], Verdict]:
    kata = catalogue.load(ROOT, slug)
    solution = intake.shipped(kata, kata.solution)
    variant = next(each for each in kata.wrong if each.path.stem == name)
    files = solution | {variant.replaces: variant.applied(solution)}
    return kata, files, judge.grade_files(slug, files, seed=SEED)


def offered(verdict: Verdict) -> list[str]:
    """Return the programs of a verdict as a terminal of 80 columns shows them."""
    page = terminal.render([verdict]).split("\n")
    starts = [number for number, line in enumerate(page) if line.endswith("to paste:")]
    found = []
    for start in starts:
        end = next(
            (n for n in range(start, len(page)) if page[n].startswith(("✗", "  Printed", "  This", "Also "))), len(page)
        )
        found.append("\n".join(page[start + 1 : end]))
    return found


@pytest.mark.parametrize(
    ("slug", "name"), [*PROGRAMS[:FIRST], *(pytest.param(*each, marks=pytest.mark.deep) for each in PROGRAMS[FIRST:])]
)
def test_a_pasted_program_prints_the_reported_values(katas: Judge, slug: str, name: str) -> None:
    kata, files, verdict = graded(katas, slug, name)
    programs = offered(verdict)
    assert programs
    for program in programs:
        printed, ended = pasted(kata, files, program)
        assert runs_as_told(program, printed, ended), f"{program}\n--- printed\n{printed}"


@pytest.mark.deep
@pytest.mark.parametrize("slug", EXERCISES)
def test_every_program_of_a_kata_prints_reported_values(katas: Judge, slug: str) -> None:
    kata = catalogue.load(ROOT, slug)
    for task in kata.tasks:
        for variant in [each for each in kata.wrong if each.task == task.name][:2]:
            _, files, verdict = graded(katas, slug, variant.path.stem)
            for program in offered(verdict):
                printed, ended = pasted(kata, files, program)
                assert runs_as_told(program, printed, ended), f"{variant.path.stem}\n{program}\n--- printed\n{printed}"


def test_a_wrong_answer_in_a_race_has_a_program(katas: Judge) -> None:
    kata, files, verdict = graded(katas, "exercise12", "always_the_same_size")
    for race in [test for test in verdict.tests if test.task == "speed" and test.status == "failed"]:
        assert wording.can_be_pasted(race.counterexample)
        assert runs_as_told(race.counterexample, *pasted(kata, files, race.counterexample))


def test_a_mistake_is_recognised_by_any_number_of_its_family(katas: Judge) -> None:
    kata = catalogue.load(ROOT, "exercise04")
    variant = next(each for each in kata.wrong if each.path.stem == "epsilon_in_the_logarithm")
    files = {name: data.replace(b"1e-12", b"1e-8") for name, data in variant.submission(intake.solved(kata)).items()}
    verdict = katas.grade_files(kata.slug, files, diagnosing=True)
    assert variant.sentence in {test.diagnosis for test in verdict.tests}


@pytest.mark.parametrize(
    ("slug", "name"),
    [
        ("exercise05", "added_to_the_last_answer"),
        ("exercise05", "answer_kept_by_dz"),
        ("exercise01", "weights_of_the_first_call"),  # raises, because the shapes of a later call don't fit
        ("exercise08", "masks_kept"),
        ("exercise09", "learnt_in_the_first_call"),
        ("exercise11", "steps_never_reset"),
        ("exercise18", "new_generator"),
    ],
)
def test_a_program_makes_the_calls_that_a_wrong_answer_depends_on(katas: Judge, slug: str, name: str) -> None:
    kata, files, verdict = graded(katas, slug, name)
    said = [test.message for test in verdict.tests if "your code keeps something from earlier calls" in test.message]
    assert said or name == "answer_kept_by_dz"
    for program in offered(verdict):
        printed, ended = pasted(kata, files, program)
        assert runs_as_told(program, printed, ended), f"{program}\n--- printed\n{printed}"


@pytest.mark.parametrize(
    ("slug", "name", "test", "first_line"),
    [
        (
            "exercise05",
            "weights_updated",
            "test_all_three_gradients_of_a_sample_and_of_a_batch",
            "affine_backward: dW is wrong at [0, 0]: expected 6.0, got -5.0 (4 of 4 elements are wrong)",
        ),
        (
            "exercise08",
            "large_allowed",
            "test_probabilities_outside_0_to_1_are_value_errors",
            "dropout: expected ValueError to be raised; nothing was raised",
        ),
    ],
)
def test_a_message_names_the_function_and_the_element(
    katas: Judge, slug: str, name: str, test: str, first_line: str
) -> None:
    _, _, verdict = graded(katas, slug, name)
    assert next(each.message for each in verdict.tests if each.name == test).partition("\n")[0] == first_line


@pytest.mark.parametrize(
    ("slug", "name", "test", "lines"),
    [
        (
            "exercise01",
            "batch_centred",
            "test_each_row_of_any_batch_is_mapped_on_its_own",
            ["x = np.array([[0.0, 0.1]])"],
        ),
        ("exercise03", "constant_added", "test_a_positive_factor_passes_through", ["x = np.array([0.0, 0.0])"]),
        (
            "exercise05",
            "bias_gradient_averaged",
            "test_a_batch_adds_up_its_rows",
            ["dz = np.array([[0.0, 0.0], [0.0, 0.1]])", "x = np.array([[0.0, 0.0], [0.0, 0.0]])"],
        ),
        ("exercise06", "others_at_zero", "test_any_array_of_row_sums", ["w = np.array([0.0, 0.1])"]),
        (
            "exercise06",
            "relative_to_a",
            "test_any_relative_error",
            ["a = np.array([0.0])", "b = np.array([0.1])", "# expected: a number between 0 and 1"],
        ),
        ("exercise07", "array_of_one", "test_the_squares_for_any_layer", ["fan_in = 1", "fan_out = 1"]),
        pytest.param(
            "meta",
            "ones_not_summed",
            "test_any_two_shapes_broadcast",
            ["a = np.array([1.0])", "b = np.array([1.0, 2.0])"],
            marks=pytest.mark.deep,
        ),
    ],
)
def test_a_property_that_does_not_hold_is_shown_by_a_small_example(
    katas: Judge, slug: str, name: str, test: str, lines: list[str]
) -> None:
    _, _, verdict = graded(katas, slug, name)
    (found,) = (each for each in verdict.tests if each.name == test)
    assert found.status == "failed"
    assert [line for line in lines if line not in found.counterexample.splitlines()] == []


def test_a_drawn_network_is_described_in_words(katas: Judge) -> None:
    _, _, verdict = graded(katas, "exercise10", "other_samples_predicted")
    visible, hidden = wording.not_passed(verdict)
    assert visible.message == "can_overfit_tiny_batch, relu network, fault: none: expected True, got False"
    assert hidden.message.startswith("can_overfit_tiny_batch: expected True for a ")
    assert "\nfrom probes import answer\n" in visible.counterexample
    assert hidden.counterexample.startswith("# can_overfit_tiny_batch of a network with ")
    assert len(hidden.counterexample.splitlines()) < 9
    assert "0." not in hidden.counterexample.partition("expected")[0].replace("1.0", "")


@pytest.mark.deep
def test_no_probe_is_named_and_no_float_has_seventeen_digits(katas: Judge) -> None:
    for slug, name in PROGRAMS:
        kata, _, verdict = graded(katas, slug, name)
        known = "|".join(re.findall(r"def (\w+)\(submission", "".join(_probes(kata))))
        for test in wording.not_passed(verdict):
            assert not re.match(rf"({known})\b", test.message), test.message
            outcome = test.message + test.counterexample.partition("# expected")[2]
            assert not re.search(r"\d\.\d{13,}", outcome), outcome


def _probes(kata: Kata) -> Iterator[str]:
    for folder in (kata.folder, kata.hidden, ROOT / "graders" / "checks"):
        if (folder / "probes.py").is_file():
            yield (folder / "probes.py").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("results/experiment_log.csv", "create it with `katas run challenge2`"),
        ("results/recommendations.md", "write katas/challenge2/results/recommendations.md"),
    ],
)
def test_a_missing_file_is_named_once_with_its_command(name: str, said: str) -> None:
    handle = Handle(catalogue.load(ROOT, "challenge2"), None)  # type: ignore[arg-type]  # the side is not used
    assert message(Failure(0, Missing(name)), handle) == f"{name} is missing: {said} and submit it with the other files"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("two seeds take the same rows\nassert not True", "two seeds take the same rows"),
        ("assert 3 == 15\n +  where 3 = len([])", "expected 15, got 3"),
        (
            "\nNot equal to tolerance rtol=0.02, atol=0\n\nMismatched elements: 1 / 8 (12.5%)\n"
            "Mismatch at index:\n [0]: 8.563861774746329e-05 (ACTUAL), 0.00010589514134396819 (DESIRED)\n",
            "wrong value at [0]: expected 0.0001059, got 8.5639e-05",
        ),
        ("assert False", "the answer is not what the task asks for"),
        ("", "the answer is not what the task asks for"),
        ("the columns are in another order", "the columns are in another order"),
    ],
)
def test_the_message_of_an_assert_is_shown_without_its_source(said: str, told: str) -> None:
    assert without_source(said) == told


def test_a_test_is_called_by_its_title() -> None:
    test = TestResult(name="test_bug4_a_run_takes_a_healthy_runs_time", task="t", visibility="hidden", status="failed")
    titled = TestResult(name=test.name, title="Bug 4: fast", task="t", visibility="hidden", status="failed")
    assert wording.title(test) == "Bug4 a run takes a healthy runs time"
    assert wording.title(titled) == "Bug 4: fast"


def test_the_title_of_a_hidden_test_is_hidden_with_its_name() -> None:
    test = TestResult(name="test_x", title="A title", task="t", visibility="hidden", status="failed")
    verdict = Verdict(kata="k", status="failed", hidden_detail="status", tests=(test,))
    assert [each.title for each in verdict.for_audience("learner").tests] == [""]


@pytest.mark.deep
def test_the_suites_give_titles(katas: Judge) -> None:
    verdict = katas.grade("challenge5", ROOT / "solutions" / "challenge5", seed=SEED, tasks=["bug1_diagnosis"])
    assert {test.title for test in verdict.tests} == {"Bug 1: cause and line", "Bug 1: the diagnosis is filled in"}


# ------------------------------------------------------------------------------------ answers typed in a hurry

IN_PLACE = """\
import numpy as np


def relu(z):
    z[z < 0] = 0
    return z


def relu_derivative(z):
    return (z > 0).astype(z.dtype)
"""
ONE_LINER = "def affine(W, x, b):\n    return x @ W.T + b\n"


def program_of(judge: Judge, slug: str, text: str, name: str) -> str:
    """Return the counterexample of one test, for an answer of one file."""
    (file,) = catalogue.load(ROOT, slug).files
    verdict = judge.grade_files(slug, {file: text.encode()}, seed=SEED)
    return next(test.counterexample for test in verdict.tests if test.name == name and test.status == "failed")


def test_a_changed_argument_is_printed(katas: Judge) -> None:
    verdict = katas.grade_files("exercise02", {"relu.py": IN_PLACE.encode()}, seed=SEED)
    changed = [test for test in verdict.tests if ", after " in test.message and "relu(z)" in test.counterexample]
    assert changed, [(test.name, test.message) for test in verdict.tests if test.status == "failed"]
    for test in changed:
        assert "\nrelu(z)\nprint(z" in test.counterexample, test.counterexample


def test_a_wrong_dtype_is_printed(katas: Judge) -> None:
    program = program_of(katas, "exercise01", ONE_LINER, "test_integers_give_float64")
    assert program.endswith("print(affine(W, x, b).dtype)\n# expected: float64\n# yours   : int64")


def test_wrong_numbers_are_printed_although_the_dtype_differs(katas: Judge) -> None:
    text = "import numpy as np\n\n\ndef affine(W, x, b):\n    return (x @ W.T).astype(np.float32)\n"
    program = program_of(katas, "exercise01", text, "test_the_weights_need_not_be_square")
    assert program.endswith(
        "print(affine(W, x, b))\n# expected: np.array([3.5])\n# yours   : np.array([3.0], dtype=np.float32)"
    )


def test_a_failing_extra_is_marked_and_has_no_harness_frames(tmp_path: Path) -> None:
    root = workshop.write_repository(tmp_path, [])
    for slug, text in (("exercise01", ONE_LINER), ("exercise02", IN_PLACE)):
        shutil.copytree(ROOT / "katas" / slug, root / "katas" / slug)
        (file,) = catalogue.load(ROOT, slug).files
        (root / "katas" / slug / file).write_text(text, encoding="utf-8")
        done = shell.pytest(f"katas/{slug}", cwd=root)
        assert done.status == 1, done.said
        assert "This task is extra: it earns points, but you can pass without it." in done.out
        assert "contextlib" not in done.out
        assert "the core passes" in done.out


def test_a_matrix_comes_with_advice_to_make_an_array(katas: Judge) -> None:
    text = "import numpy as np\n\ndef affine(W, x, b):\n    return np.matrix(x @ W.T + b)\n"
    verdict = katas.grade_files("exercise01", {"affine.py": text.encode()}, seed=SEED)
    assert "np.asarray turns it into an array" in verdict.tests[0].message
