"""An exception of Python or NumPy is followed by a sentence that says what it means and what to do next."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graders import Judge
from graders.pytest_plugin.advice import advice_on, table

X = np.arange(6.0).reshape(2, 3)
READ_ONLY = np.ones(3)
READ_ONLY.flags.writeable = False


def run(line: str) -> Callable[[], Any]:
    return lambda: exec(
        line, {"np": np, "X": X, "x": X[0].copy(), "n": np.arange(3), "math": math, "read_only": READ_ONLY}
    )


MISTAKES = {
    "if x > 0: pass": "np.where(condition, a, b)",
    "X @ X": "perhaps one array needs .T",
    "np.dot(X, X)": "perhaps one array needs .T",
    "x @ 2.0": "A number is multiplied with *",
    "X * X.T": "A matrix product is @",
    "X += np.ones((4, 3))": "A matrix product is @",
    "x.sum(axis=1)": "axis=-1 is the last axis of both",
    "X.sum(axis=2)": "Axes are counted from 0",
    "x[:, 0]": "more indices in the brackets",
    "x[6 / 2]": "use // or .astype(int)",
    "x[np.array([0.0, 1.0])]": "use // or .astype(int)",
    "x[3]": "the length minus 1",
    "[1, 2][2]": "the length minus 1",
    "np.max(0, x)": "np.maximum(0, z) compares element by element",
    "np.zeros(x)": "np.maximum(0, z) compares element by element",
    "range(n)": "An array or a fraction stands where one whole number belongs",
    "math.exp(x)": "NumPy has the same functions for arrays",
    "float(x)": "NumPy has the same functions for arrays",
    "None + 1": "A function without `return` returns None",
    "x(0)": "taken with brackets: x[0], not x(0)",
    "y = 1.0\ny[0]": "a number is taken for an array",
    "y = 1.0\ny()": "a variable has the name of a function",
    "[1.0] - [2.0]": "with np.array(…)",
    "[1.0] * 0.5": "with np.array(…)",
    "[1.0].shape": "np.array(…) makes an array of it",
    "(1.0).shape": "np.asarray(…) makes an array of it",
    "None.shape": "A function without `return` returns None",
    "np.softmax(x)": "Softmax, relu and sigmoid are yours to write",
    "n -= 0.1 * n": "x = x - … makes a new array",
    "read_only[0] = 1": "it belongs to the caller",
    "read_only -= 1": "it belongs to the caller",
    "x.reshape(2, 2)": "reshape keeps every element",
    "np.array([[1, 2], [3]])": "all rows need the same length",
    "x[0] = X": "one place holds one number",
    "np.concatenate([X, X.T])": "agree in every axis but the one",
    "np.stack([X, X.T])": "agree in every axis but the one",
    "a, b = x": "exactly two axes",
    "a, b, c = X.shape": "exactly two axes",
    "(lambda a: a)(1, 2)": "disagree about its arguments",
    "(lambda a: a)()": "disagree about its arguments",
    "(lambda a: a)(b=1)": "disagree about its arguments",
    "def f():\n    total += 1\nf()": "it must get its value there",
    "del np\nnp.exp(1)": "import numpy as np",
    "soft(x)": "Look for a spelling mistake",
    "def f(): return f()\nf()": "has it no case in which it ends?",
    "math.exp(1000)": "Subtract the largest value before exp",
    "1 / 0": "Which divisor can be 0 here",
}


@pytest.mark.parametrize(("line", "said"), MISTAKES.items())
@pytest.mark.filterwarnings("ignore")
def test_a_natural_mistake_gets_advice(line: str, said: str) -> None:
    with pytest.raises(Exception) as raised:
        run(line)()
    assert said in advice_on(raised.value), str(raised.value)


def test_every_advice_is_given_to_one_of_these_mistakes() -> None:
    given = set()
    for line in MISTAKES:
        try:
            run(line)()
        except Exception as fault:  # noqa: BLE001 (each of them is another)
            given.add(advice_on(fault))
    assert given == {" ".join(entry["say"].split()) for entry in table()}


def test_an_exception_that_the_learner_raises_gets_none() -> None:
    assert advice_on(ValueError("x is no vector")) == ""


def test_the_verdict_says_what_an_exception_means(judge: Judge) -> None:
    source = (
        "import numpy as np\n\ndef scale(x, factor):\n    return np.max(0, x)\n\ndef noise(rng, count):\n    return 0\n"
    )
    verdict = judge.grade_files("scaling", {"scaling.py": source.encode()})
    message = next(test.message for test in verdict.tests if test.status == "failed")
    assert message.splitlines()[0].startswith("scale raised TypeError: ")
    assert message.splitlines()[-1].endswith("np.maximum(0, z) compares element by element.")
