"""Counterexamples: small programs that run when pasted into Python, and print what the verdict shows."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from graders import Judge, catalogue
from graders.catalogue import Kata
from graders.checks import assert_near, recipes
from graders.checks.draw import Draw
from graders.checks.mismatch import Mismatch
from graders.errors import MachineBusy, WorkerError
from graders.pytest_plugin.cases import Trial
from graders.pytest_plugin.counterexample import named_place, paste, reached
from graders.pytest_plugin.excerpt import excerpt
from graders.pytest_plugin.handle import Call, CallLog, Handle, Probe, parameters
from graders.pytest_plugin.outcome import MAX_ENTRIES, code
from graders.pytest_plugin.parts import access
from graders.verdict import Verdict
from graders.watchdog import OutOfTime, cpu_limit
from graders.wire import DTYPES, generator
from tests import workshop
from tests.observed import result
from tests.workshop import HALF

Graded = Callable[..., Verdict]
Solved = Callable[[str], str]
Pasted = Callable[..., tuple[dict[str, Any], Any]]


@pytest.fixture
def kata(repository: Path) -> Kata:
    return catalogue.load(repository, "scaling")


@pytest.fixture
def pasted() -> Iterator[Callable[..., tuple[dict[str, Any], Any]]]:
    """Return a function: `pasted(text, {module: source})` runs a counterexample; its names, and its last value."""
    before = dict(sys.modules)

    def run(text: str, sources: dict[str, str]) -> tuple[dict[str, Any], Any]:
        for name, source in sources.items():
            sys.modules[name] = module = ModuleType(name)
            exec(source, module.__dict__)
        *lines, shown = ast.parse(text).body
        names: dict[str, Any] = {}
        exec(compile(ast.Module(lines, []), "<pasted>", "exec"), names)
        assert isinstance(shown, ast.Expr)
        assert isinstance(shown.value, ast.Call)
        assert ast.unparse(shown.value.func) == "print"
        return names, eval(compile(ast.Expression(shown.value.args[0]), "<pasted>", "eval"), names)

    path = list(sys.path)
    yield run
    sys.path[:] = path
    for name in set(sys.modules) - set(before):
        del sys.modules[name]


def said(text: str, label: str) -> Any:
    """Return the value after `# expected:` or `# yours   :`."""
    found = re.search(rf"^# {label} *: (.*(?:\n# {{11}}.*)*)", text, re.MULTILINE)
    assert found, text
    return eval(found[1].replace("\n#           ", "\n"), {"np": np})


def sizes(names: dict[str, Any]) -> list[int]:
    return [value.size for value in names.values() if isinstance(value, np.ndarray)]


FIRST_LEFT_OUT = """
import numpy as np

def scale(x, factor):
    if x.ndim != 1:
        raise ValueError("x is no vector")
    return np.concatenate([x[:1], x[1:] * x.dtype.type(factor)])

def noise(rng, count):
    return rng.standard_normal(count)
"""

# Right for the worked example, so that the first failure of the task is on a drawn vector, and is reduced.
FIRST_LEFT_OUT_OF_DRAWN = FIRST_LEFT_OUT.replace(
    "    return np.conc", "    if factor == 3.0:\n        return x * 3.0\n    return np.conc"
)


# -------------------------------------------------------------------------------------------- end to end


def test_a_counterexample_runs_and_shows_both_answers(graded: Graded, solved: Solved, pasted: Pasted) -> None:
    text = result(graded("scaling", FIRST_LEFT_OUT), "test_a_vector").counterexample
    _, right = pasted(text, {"scaling": solved("scaling")})
    np.testing.assert_allclose(right, said(text, "expected"), rtol=1e-4)
    _, wrong = pasted(text, {"scaling": FIRST_LEFT_OUT})
    np.testing.assert_allclose(wrong, said(text, "yours"), rtol=1e-4)
    assert not np.allclose(right, wrong)
    example = result(graded("scaling", FIRST_LEFT_OUT), "test_the_example").counterexample
    names, _ = pasted(example, {"scaling": solved("scaling")})
    assert {"x", "factor", "scale"} <= set(names)  # as in the stub
    np.testing.assert_array_equal(names["x"], [1.0, 2.0])
    assert names["factor"] == 3.0


@pytest.mark.parametrize("seed", [bytes([number]) * 16 for number in range(4)], ids=["0", "1", "2", "3"])
def test_a_counterexample_is_small(graded: Graded, solved: Solved, pasted: Pasted, seed: bytes) -> None:
    text = result(graded("scaling", FIRST_LEFT_OUT_OF_DRAWN, seed), "test_a_vector").counterexample
    names, _ = pasted(text, {"scaling": solved("scaling")})
    assert sizes(names) == [1]
    assert set(names["x"]) <= {0, 1}
    assert names["factor"] in (0, 1)
    last_left_out = FIRST_LEFT_OUT_OF_DRAWN.replace(
        "[x[:1], x[1:] * x.dtype.type(factor)]", "[x[:1] * x.dtype.type(factor), x[1:]]"
    )
    text = result(graded("scaling", last_left_out, seed), "test_a_vector").counterexample
    assert sizes(pasted(text, {"scaling": solved("scaling")})[0]) == [2]  # a fault that needs two entries keeps two


def test_a_generator_is_written_out(graded: Graded, solved: Solved, pasted: Pasted) -> None:
    wrong = solved("scaling").replace("rng.standard_normal(count)", "rng.random(count)")
    text = result(graded("scaling", wrong), "test_noise_comes_from_the_generator").counterexample
    assert "np.random.default_rng(" in text
    _, right = pasted(text, {"scaling": solved("scaling")})
    np.testing.assert_allclose(right, said(text, "expected"), rtol=1e-4)


def test_a_relevant_dtype_is_written_out(graded: Graded, solved: Solved, pasted: Pasted) -> None:
    wrong = solved("scaling").replace("x * x.dtype.type(factor)", "x.astype(float) * factor")
    text = result(graded("scaling", wrong), "test_the_dtype_stays").counterexample
    names, _ = pasted(text, {"scaling": solved("scaling")})
    assert names["x"].dtype == np.float32
    assert text.endswith(".dtype)\n# expected: float32\n# yours   : float64")


def test_an_exception_is_shown_and_raised_again(graded: Graded, solved: Solved, pasted: Pasted) -> None:
    wrong = solved("scaling").replace("return x *", "return x @ [1, 2, 3, 4, 5, 6, 7, 8, 9] *")
    text = result(graded("scaling", wrong), "test_a_vector").counterexample
    assert "# raises ValueError" in text
    with pytest.raises(ValueError):
        pasted(text, {"scaling": wrong})


def test_a_probe_is_shown_with_its_first_line(graded: Graded, solved: Solved, pasted: Pasted) -> None:
    wrong = solved("scaling").replace("return x *", "x += 1; return (x - 1) *")
    verdict = graded("scaling", wrong)
    passed = {(test.counterexample, test.expected, test.actual) for test in verdict.tests if test.status == "passed"}
    assert passed == {("", "", "")}
    text = result(verdict, "test_the_arguments_are_left_alone").counterexample
    assert "# The arguments as they are once the function was called with them." in text
    _, value = pasted(text, {"scaling": wrong})
    for printed, told in zip(value, said(text, "yours   "), strict=True):
        np.testing.assert_allclose(printed, told)


PROBES = '''
from __future__ import annotations

import math
import statistics as stats
from collections.abc import Sequence

FACTORS: dict[str, float] = {"two": 2.0}
UNUSED = math.pi


def means(submission: Any, x: Sequence[Number], scaled: str) -> list[float]:
    """Return the mean of the scaled numbers, and of the numbers."""
    return [_mean(submission.scale(x, FACTORS[scaled])), _mean(x)]


def _mean(numbers: np.ndarray) -> float:
    """Return the mean."""

    # of floats
    return stats.fmean(numbers)


def another(submission: Any) -> None:
    """Do nothing."""
'''


def test_a_probe_is_shown_with_all_that_it_needs(kata: Kata, pasted: Pasted) -> None:
    probe = Probe("probes.py", "means", PROBES, ("x", "scaled"), "Return the mean.")
    call = Call("means", (np.array([1.0, 2.0]), "two"), probe, value=[2.5, 1.5])
    text = paste(kata, call, Mismatch("wrong", 3.0, call.value[0])).text
    assert "import statistics as stats" in text
    for unused in ("UNUSED", "import math", "another", "Sequence\n", '"""'):
        assert unused not in text
    assert "# of floats" in text
    _, value = pasted(text, {"scaling": "def scale(x, factor):\n    return x + 1\n"})
    assert value == 2.5


def of_several(repository: Path) -> dict[str, str]:
    files = [*(repository / "solutions/several").glob("*.py"), repository / "katas/several/constants.py"]
    # In the order of their imports.
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(files)}


@pytest.mark.parametrize(
    ("module", "old", "new", "test"),
    [
        ("layers", "2 * x", "3 * x", "test_double"),
        ("model", "+ SHIFT", "- SHIFT", "test_predict"),
    ],
)
def test_a_function_is_imported_from_its_own_module(
    graded: Graded, repository: Path, pasted: Pasted, module: str, old: str, new: str, test: str
) -> None:
    right = of_several(repository)
    wrong = right | {module: right[module].replace(old, new)}
    submitted = {f"{name}.py": text for name, text in wrong.items() if name != "constants"}
    text = result(graded("several", submitted), test).counterexample
    assert f"from {module} import" in text
    _, value = pasted(text, right)
    np.testing.assert_allclose(value, said(text, "expected"))


def test_a_value_without_code_is_left_to_the_message(graded: Graded) -> None:
    verdict = graded("ten", "def answer(number):\n    return {number}\n")
    shown = result(verdict, "test_one")
    assert shown.counterexample == (
        'import sys; sys.path.insert(0, "katas/ten")\nfrom ten import answer\n\nnumber = 1\nprint(answer(number))'
    )
    assert "a set, which is not a plain value" in shown.message


@pytest.mark.parametrize("seed", [bytes(16), b"another sixteen "])
def test_the_verdict_has_the_values_that_the_comments_show(graded: Graded, seed: bytes) -> None:
    shown = result(graded("scaling", FIRST_LEFT_OUT, seed), "test_a_vector")
    assert shown.expected
    assert f"\n# expected: {shown.expected}\n# yours   : {shown.actual}" in shown.counterexample


# ------------------------------------------------------------------------------------------ values as code


def read(text: str) -> Any:
    return eval(text, {"np": np})


def alike(left: Any, right: Any) -> bool:
    if type(left) is not type(right):
        return False
    if isinstance(left, np.ndarray | np.generic):
        return left.dtype == right.dtype and left.shape == right.shape and np.array_equal(left, right, equal_nan=True)
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(alike, left, right))
    if isinstance(left, dict):
        return alike(list(left.items()), list(right.items()))
    return bool(left == right) or (left != left and right != right)


reals = [name for name in DTYPES if not name.startswith("complex")]
arrays = st.sampled_from(reals).flatmap(
    lambda name: hnp.arrays(np.dtype(name), hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
)
scalars = st.sampled_from(reals).flatmap(lambda name: hnp.arrays(np.dtype(name), ())).map(lambda array: array[()])
atoms = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.binary(max_size=9)


@given(
    st.recursive(
        atoms | arrays | scalars,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.lists(inner, max_size=3).map(tuple)
            | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_a_plain_value_as_code_is_that_value(value: Any) -> None:
    assert alike(read(code(value)), value)


@pytest.mark.parametrize(
    "value",
    [
        np.array([np.nan, np.inf, -np.inf]),
        np.array([[np.nan, 1.0]], np.float32),
        np.float16(np.nan),
        np.float32(-np.inf),
        np.bool_(True),
        np.uint64(2**64 - 1),
        float("inf"),
        float("nan"),
        complex(1, 2),
        np.complex64(1 - 2j),
        np.array([1 + 2j, -3j]),
        np.array([complex(np.nan, 1)]),
        np.array([complex(1, np.inf), complex(0, np.nan)]),
        np.complex128(complex(np.nan, np.inf)),
        np.array([[np.inf], [-np.inf]]),
        np.empty((0, 3), np.float32),
        np.array([True, False]),
        np.resize(np.array([[1.5, -0.0, np.nan]], np.float32), (200, 7)),
        np.zeros((30, 30), np.int8),
        list(range(5, 3000)),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_an_awkward_value_as_code_is_that_value(value: Any) -> None:
    assert alike(read(code(value)), value)


def test_a_part_that_an_answer_has_twice_is_found_if_the_first_is_wanted() -> None:
    answer = ([np.ones(2)], [np.ones(2)])
    assert access(answer, np.ones(2)) is None
    assert access(answer, np.ones(2), first=True) == "[0][0]"
    assert access(answer, np.zeros(2), first=True) is None


def test_short_rows_share_a_line() -> None:
    cube = np.arange(60.0).reshape(3, 5, 4)
    text = code(cube)
    assert alike(read(text), cube)
    assert text.count("\n") < 7
    assert max(map(len, text.splitlines())) < 80


def test_a_generator_and_a_tensor_as_code_are_that_generator_and_an_array() -> None:
    torch = pytest.importorskip("torch")
    assert alike(read(code(torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True))), np.array([1.0, 2.0]))
    assert read(code(generator(5))).random() == np.random.default_rng(5).random()


def test_a_large_array_is_left_out_and_the_code_still_parses() -> None:
    large = np.arange(MAX_ENTRIES + 1.0)
    values = [large, [large, 1], (1, large), {"a": large}]
    assert read(code(values)) == [..., [..., 1], (1, ...), {"a": ...}]
    assert read(code(large)) is ...


def test_a_call_with_a_large_array_is_only_described(kata: Kata) -> None:
    large = np.arange(MAX_ENTRIES + 1, dtype=np.float32)
    text = paste(kata, Call("scale", (large, 2.0), value=large), AssertionError()).text
    assert text.splitlines() == [
        "# scale(x, factor)",
        "# factor = 2.0",
        "# x = an array of shape (401,), dtype float32",
        "# yours   : an array of shape (401,), dtype float32",
    ]


def pasting(kata: Kata, value: Any, fault: Exception | None = None) -> Any:
    """Return the case of a call scale(1.0, 2.0) that returned a value, and of the fault that a check found."""
    return paste(kata, Call("scale", (1.0, 2.0), value=value), fault or Mismatch("wrong", "", value))


@pytest.mark.parametrize(
    ("value", "part", "shown"),
    [
        (np.ones(2), np.ones(2), "scale(x, factor)"),
        ((np.zeros(2), np.ones(2)), np.ones(2), "scale(x, factor)[1]"),
        ({"dx": 1.5, "dW": 2.5}, 2.5, "scale(x, factor)['dW']"),
        (np.ones((3, 1)), (3, 1), "scale(x, factor).shape"),
        ([(1.5, 2.5), 3.5], 2.5, "scale(x, factor)[0][1]"),
    ],
)
def test_the_wrong_element_is_printed(kata: Kata, value: Any, part: Any, shown: str) -> None:
    assert f"\nprint({shown})\n" in pasting(kata, value, Mismatch("wrong", None, part)).text


def test_expected_and_yours_are_kept_without_comment_signs(kata: Kata) -> None:
    case = pasting(kata, "a")
    assert case.text.endswith("\n# expected: \n# yours   : 'a'")
    assert (case.expected, case.actual) == ("", "'a'")
    fault = ZeroDivisionError()
    case = paste(kata, Call("scale", (1.0, 2.0), fault=fault), fault)
    assert case.text.endswith("\n# raises ZeroDivisionError")
    assert (case.expected, case.actual) == ("", "")
    case = pasting(kata, np.ones((2, 12)), Mismatch("wrong", np.zeros((2, 12)), np.ones((2, 12))))
    assert case.expected.startswith("np.array([[0.0, 0.0")
    assert "\n" in case.expected
    assert "#" not in case.expected + case.actual
    whole = f"# expected: {case.expected}\n# yours   : {case.actual}".replace("\n ", "\n#            ")
    assert case.text.endswith(whole)
    close = 1 / 3 + 1e-9  # there are enough digits to show the difference
    text = pasting(kata, close, Mismatch("wrong", 1 / 3, close)).text
    assert text.endswith("# expected: 0.333333333333\n# yours   : 0.333333334333")


def test_a_large_array_of_few_numbers_is_made_by_a_program(kata: Kata, pasted: Pasted) -> None:
    large = np.zeros(900)
    large[[7, 30]] = 1.0, -0.0
    call = Call("scale", (large, 2.0), value=large)
    text = paste(kata, call, Mismatch("wrong", 2 * large, large)).text
    assert "x = np.zeros((900,))\nx[7] = 1.0\nx[30] = -0.0\n" in text
    _, answer = pasted(text, {"scaling": "def scale(x, factor):\n    return x\n"})
    assert answer == 1.0
    assert text.endswith(
        "# an array of shape (900,), dtype float64, wrong in 1 of 900 entries, first at [7]\n"
        "# expected: 2.0\n# yours   : 1.0"
    )


def test_runs_of_equal_numbers_are_assigned_at_once(kata: Kata, pasted: Pasted) -> None:
    large = np.ones((30, 40), np.float32)
    large[2:, 5:8] = large[0, 0] = 0.0
    few = np.zeros(900, np.int64)
    few[300:700], few[800:] = 1, -2
    text = paste(kata, Call("scale", (few, 2.0), value=few), Mismatch("wrong", 2 * few, few)).text
    assert "x = np.zeros((900,), dtype=np.int64)\nx.flat[300:700] = 1\nx.flat[800:900] = -2\n" in text
    names, _ = pasted(text, {"scaling": "def scale(x, factor):\n    return x\n"})
    np.testing.assert_array_equal(names["x"], few)
    # too many runs
    assert paste(kata, Call("scale", (large, 2.0), value=large), Mismatch("", 2 * large, large)).text.startswith("#")


MANY = """from graders.checks import assert_close, task

@task("twice")
def test_many_numbers(kata, draw):
    x = draw.normal(300, 4)
    assert_close(kata.twice(x), 2.0 * x)
"""
ONLY_FEW = "import numpy as np\n\ndef twice(x):\n    return x if np.unique(x).size > 1000 else 2.0 * x\n\n" + HALF


def test_numbers_that_cannot_be_made_simpler_are_drawn_by_the_program(tmp_path: Path, pasted: Pasted) -> None:
    root = workshop.write_repository(tmp_path, ["alpha"])
    workshop.write(root / "graders/hidden/alpha/test_many.py", MANY)
    with Judge(root) as judge:
        verdict = judge.grade_files("alpha", {"twice.py": ONLY_FEW.encode()})
    text = result(verdict, "test_many_numbers").counterexample
    names, _ = pasted(text, {"twice": ONLY_FEW})
    assert np.unique(names["x"]).size == names["x"].size == 1200
    assert "standard_normal((300, 4))" in text


@pytest.mark.parametrize(
    "end",
    [
        WorkerError("it was stopped"),
        MachineBusy("later"),
        OutOfTime(),
        Mismatch("other"),
        Mismatch("wrong value at [1]"),  # a smaller case of the same failure
    ],
)
def test_what_happens_while_a_case_is_reduced_changes_no_failure(
    kata: Kata, monkeypatch: pytest.MonkeyPatch, end: BaseException
) -> None:
    fault = Mismatch("wrong value at [0]")
    calls: list[Call] = []

    def fault_of(_: Trial, draw: Draw) -> BaseException:
        if not calls:
            recipes.forget()
            calls.append(Call("scale", (draw.normal(300), 2.0), value=1.0))
            log.last = calls[0]
            return fault
        recipes.forget()
        log.last = Call("scale", (np.arange(MAX_ENTRIES + 1.0), 2.0), value=1.0)  # no program can have it
        if isinstance(end, Mismatch):
            return end
        raise end

    monkeypatch.setattr(Trial, "fault_of", fault_of)
    handle = SimpleNamespace(call_log=(log := CallLog()), kata=kata, afresh=None)
    with cpu_limit(60):  # as in a grading: after OutOfTime, the judge grants itself more time
        failure = Trial(lambda *_: None, handle, bytes(16), "test", 1).failure()  # type: ignore[arg-type]
    assert failure is not None
    assert failure.fault is fault
    assert log.last is calls[0]
    assert "standard_normal((300,))" in failure.counterexample.text


def test_large_values_of_the_visible_tests_are_imported(kata: Kata, pasted: Pasted) -> None:
    tests = ModuleType("test_scaling")
    tests.__file__ = "katas/scaling/test_scaling.py"
    exec(
        "import functools\nimport numpy as np\nx = np.random.default_rng(1).normal(size=500)\n"
        "settings = {'factor': [x * 2]}\n"
        "@functools.cache\ndef data():\n    return x * 3, x * 4\n",
        vars(tests),
    )
    x = tests.x
    for value, shown in ((x, "x"), (x * 2, "settings['factor'][0]"), (tests.data()[1][:60], "data()[1][:60]")):
        call = Call("scale", (value.copy(), 2.0), value=value)
        text = paste(kata, call, Mismatch("wrong", 2 * value, value), tests=tests).text
        assert "import test_scaling as given\n" in text
        assert f"\nx = given.{shown}\n" in text
        sys.modules["test_scaling"] = tests
        names, answer = pasted(text, {"scaling": "def scale(x, factor):\n    return x\n"})
        np.testing.assert_array_equal(names["x"], value)
        assert answer == value[0]
    call = Call("scale", (x + 1, 2.0), value=x)
    assert paste(kata, call, Mismatch("wrong", x, x), tests=tests).text.startswith("#")
    rows = tests.data()[1][60:90]
    text = paste(kata, Call("scale", (rows, 2.0), value=rows), Mismatch("wrong", 2 * rows, rows), tests=tests).text
    assert "\nx = given.data()[1][60:90]\n" in text
    probe = Probe("probes.py", "look", "def look(submission, x):\n    return x[0]\n", ("x",), "")
    text = paste(kata, Call("look", (x,), probe, value=x[0]), Mismatch("wrong", 0.0, x[0]), tests=tests).text
    lines = text.splitlines()  # the folder of the katas has to be known before the test file is imported
    assert [line.partition(" as ")[0].partition(";")[0] for line in lines[1:3]] == ["import sys", "import test_scaling"]
    call = Call("scale", (x[:2], 2.0), value=x[:2])
    assert "given" not in paste(kata, call, Mismatch("wrong", x, x), tests=tests).text  # it is short


def test_a_large_answer_to_the_call_before_is_computed_again(
    kata: Kata, pasted: Pasted, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = np.linspace(0.0, 1.0, 3)
    large = np.outer(x, np.arange(300.0))
    before = Call("spread", (x,), value={"wide": large})
    monkeypatch.setattr(Kata, "entry_points", {"scale": "scaling", "spread": "scaling"})
    call = Call("scale", (large, 2.0), value=large, before=before)
    text = paste(kata, call, Mismatch("wrong", 2 * large, large)).text
    assert "\nx = spread(np.array([0.0, 0.5, 1.0]))['wide']\n" in text
    read = replace(call, before=replace(before, name="weights.bin"))  # a file of the submission
    assert paste(kata, read, Mismatch("wrong", 2 * large, large)).text.startswith("#")
    source = "import numpy as np\ndef spread(x):\n    return {'wide': np.outer(x, np.arange(300.0))}\n"
    names, _ = pasted(text, {"scaling": source + "def scale(x, factor):\n    return x\n"})
    np.testing.assert_array_equal(names["x"], large)


def test_large_arrays_in_a_dict_have_a_line_each(kata: Kata, pasted: Pasted) -> None:
    a, b = np.zeros((30, 40)), np.ones((2, 3))
    a[7, 2] = 0.5
    text = shown_as(kata, "np.sum(x['a']) + x['b'][0, 1]", x={"a": a, "b": b})
    assert "\nx = {}\nx['a'] = np.zeros((30, 40))\nx['a'][7, 2] = 0.5\nx['b'] = np.array(" in text
    assert pasted(text, {})[1] == 1.5
    short = {f"parameter_{number}": float(number) for number in range(20)}
    assert f"\nx = {short}\n" in shown_as(kata, "x['parameter_1']", x=short)


def test_an_excerpt_keeps_the_settings_of_its_modules() -> None:
    source = "import random, torch\ntorch.set_num_threads(1)\nrandom.seed(1)\ndef look(x):\n    return torch.relu(x)\n"
    imports, lines = excerpt(source, "look")
    assert [*imports, *lines] == [
        "import torch",
        "torch.set_num_threads(1)",
        "",
        "def look(x):",
        "    return torch.relu(x)",
        "",
    ]


def test_large_values_are_made_again_by_the_visible_tests(kata: Kata, pasted: Pasted) -> None:
    tests = ModuleType("test_scaling")
    tests.__file__ = "katas/scaling/test_scaling.py"
    exec(
        "import numpy as np\nfrom graders.checks import remade\n@remade\ndef drawn(seed, *, n):\n"
        "    return np.random.default_rng(seed).normal(size=(2, n))\n",
        vars(tests),
    )
    recipes.forget()
    x = recipes.made(tests.drawn(5, n=500)[1] * 2, "given.drawn(5, n=500)[1] * 2")
    for value, shown in ((tests.drawn(4, n=500), "drawn(4, n=500)"), (x, "drawn(5, n=500)[1] * 2")):
        text = paste(kata, Call("scale", (value, 2.0), value=value), Mismatch("", 2 * value, value), tests=tests).text
        assert f"\nx = given.{shown}\n" in text
        sys.modules["test_scaling"] = tests
        names, _ = pasted(text, {"scaling": "def scale(x, factor):\n    return x\n"})
        np.testing.assert_array_equal(names["x"], value)
    recipes.forget()
    assert paste(kata, Call("scale", (x, 2.0), value=x), Mismatch("", 2 * x, x), tests=tests).text.startswith("#")


def shown_as(kata: Kata, shown: str, source: str = "", **given: Any) -> str:
    """Return the program of a probe that returned 1.0."""
    probe = Probe("probes.py", "look", source, tuple(given), "Look.", shown)
    return paste(kata, Call("look", tuple(given.values()), probe, value=1.0), Mismatch("wrong", 2.0, 1.0)).text


def test_numpy_is_imported_before_the_arguments(kata: Kata, pasted: Pasted) -> None:
    text = shown_as(kata, "import numpy as np\nnp.sum(x)", x=np.array([0.5, 0.5]))
    assert text.count("import numpy as np") == 1
    assert pasted(text, {})[1] == 1.0


def test_values_in_shown_code_are_code(kata: Kata, pasted: Pasted) -> None:
    text = shown_as(kata, "sum({parts}['x'])", parts={"x": np.array([0.5, 0.5], np.float32)})
    assert pasted(text, {})[1] == 1.0
    assert shown_as(kata, "sum({parts}['x'])", parts={"x": np.arange(900.0)}).startswith("#")


def test_a_function_in_shown_code_has_what_it_needs(kata: Kata, pasted: Pasted) -> None:
    source = "import math\n\nONE = 1.0\n\ndef root(x):\n    return ONE * math.sqrt(x)\n"
    assert pasted(shown_as(kata, "{name:def}\nroot(x)", source, name="root", x=1), {})[1] == 1.0


def test_an_expected_value_that_the_check_does_not_name_is_left_out(kata: Kata) -> None:
    text = pasting(kata, 0.0, Mismatch("scale must be positive", None, 0.0)).text
    assert text.endswith("\nprint(scale(x, factor))\n# yours   : 0.0")
    assert "# expected: None" in pasting(kata, 0.0, Mismatch("expected None, got 0.0", None, 0.0)).text


def test_a_long_probe_of_the_visible_tests_is_imported(kata: Kata) -> None:
    source = "def look(submission, x):\n    y = x\n" + "    y += 1.0\n" * 50 + "    return y\n"
    call = Call("look", (1.0,), Probe("katas/scaling/probes.py", "look", source, ("x",), "Look."), value=1.0)
    lines = paste(kata, call, Mismatch("wrong", 2.0, 1.0)).text.splitlines()
    assert "from probes import look" in lines
    assert "print(look(scaling, x))" in lines
    hidden = replace(call, probe=replace(call.probe, file="hidden/scaling/probes.py"))
    assert "    y += 1.0" in paste(kata, hidden, Mismatch("wrong", 2.0, 1.0)).text


def test_a_fault_found_in_what_a_probe_reports_is_no_exception_of_the_program(kata: Kata) -> None:
    probe, fault = Probe("probes.py", "look", "", (), "Look.", "scale(1, 2)"), Mismatch("wrong")
    call = Call("look", (), probe, fault=fault)
    assert paste(kata, call, fault).text.endswith("\nprint(scale(1, 2))")
    fault.__cause__ = OSError()
    assert paste(kata, call, fault).text.endswith("\nprint(scale(1, 2))\n# raises OSError")


def test_parameters_come_from_the_stub(kata: Kata, repository: Path) -> None:
    assert parameters(kata, "scale") == ("x", "factor")
    assert parameters(catalogue.load(repository, "several"), "predict") == ("x",)
    assert parameters(catalogue.load(repository, "ten"), "no_such_function") == ()


@pytest.mark.parametrize(("entries", "told"), [(3, True), (300, False)])
def test_a_long_report_of_a_probe_is_left_out(kata: Kata, entries: int, told: bool) -> None:
    probe = Probe("probes.py", "look", "", ("n",), "Look at everything.")
    call = Call("look", (entries,), probe, value={"weights": np.ones(entries)})
    text = paste(kata, call, AssertionError("too many")).text
    assert ("# yours" in text) is told
    assert f"n = {entries}" in text


@pytest.mark.parametrize("lines", [["zeros(2)", "zeros(2) + zeros(3)"], {"zeros(2)": "", "zeros(2) + zeros(3)": ""}])
@pytest.mark.parametrize("message", ["key 'zeros(2) + zeros(3)': expected 1", "`zeros(2) + zeros(3)`: expected 1"])
def test_a_description_shows_the_expression_that_failed(kata: Kata, lines: Any, message: str) -> None:
    probe = Probe("probes.py", "values", "", ("code", "lines"), "Run lines.", "# {code}\n# {lines:failing}")
    call = Call("values", ("", lines), probe, value={})
    text = paste(kata, call, Mismatch(message)).text
    assert text == "# zeros(2) + zeros(3)"
    text = paste(kata, call, Mismatch("wrong")).text  # it names none, so all are shown
    assert text == "# zeros(2), zeros(2) + zeros(3)"


def test_what_stays_with_the_judge_is_shown_and_not_sent(kata: Kata) -> None:
    sent = []

    class Side:
        def run(self, _: Probe, arguments: tuple[Any, ...]) -> float:
            sent.append(arguments)
            return 1.0

    probe = Probe("probes.py", "answer", "", ("x",), "Call scale.", "scale(x, factor)")
    handle = Handle(kata, cast(Any, Side()))
    assert handle.run(probe, 3.0, factor=2.0) == 1.0
    assert sent == [(3.0,)]
    text = paste(handle.kata, handle.call_log.last, Mismatch("wrong", 6.0, 1.0)).text
    assert "x = 3.0" in text
    assert "factor = 2.0" in text


def test_a_diagnosis_forgets_a_call_that_asked_for_input(kata: Kata) -> None:
    log = CallLog(recorded=[])
    handle = Handle(kata, cast(Any, None), None, log)
    log.ask(Call("scale", (1.0, 2.0), ask=lambda _: 2.0), cast(Any, None))
    log.ask(Call("scale", (1.0, 3.0), ask=lambda _: 3.0), cast(Any, None))
    handle.forget()
    assert [call.value for call in log.recorded or []] == [2.0]


@pytest.mark.parametrize(
    ("expression", "access", "selected"),
    [
        ("f(x)", "[1]", "f(x)[1]"),
        ("f(x), g(y)", "[1]", "g(y)"),
        ("{'y': y, 'x.grad': x.grad}", "['x.grad']", "x.grad"),
        ("{'y': f(x), 'x.grad': x.grad}", "['x.grad'][1]", "{'y': f(x), 'x.grad': x.grad}['x.grad'][1]"),
        ("f(x)[0], x", "[1]", "(f(x)[0], x)[1]"),
        ("[[f(x), {'x': g(x)}]]", "[0][1]['x'][2]", "g(x)[2]"),
        ("f(x), g(y)", ".shape", "(f(x), g(y)).shape"),
        ("a + b", "[0]", "(a + b)[0]"),
        ("f(x)", "", "f(x)"),
    ],
)
def test_a_part_of_a_literal_is_selected_in_the_program(expression: str, access: str, selected: str) -> None:
    assert reached(expression, access) == selected


def test_the_entry_that_the_message_names_is_printed_not_one_that_is_only_rounded() -> None:
    expected = np.linspace(0.1, 1.0, 900).reshape(30, 30)
    answer = expected.astype(np.float16)
    answer[20, 21] += 1
    with pytest.raises(Mismatch) as caught:
        assert_near(answer, expected, relative=1e-2, name="dW")
    assert named_place(caught.value, answer) == ((20, 21), 1)
    assert named_place(caught.value, answer[0]) is None
    assert named_place(caught.value, answer[:20]) is None
