"""An exception of Python or NumPy is followed by a sentence that says what it means and what to do next."""

from __future__ import annotations

import builtins
import linecache
import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graders import Judge
from graders.pytest_plugin.explanation import advice_on, advice_table

X = np.arange(6.0).reshape(2, 3)
READ_ONLY = np.ones(3)
READ_ONLY.flags.writeable = False


def run(line: str) -> Callable[[], Any]:
    names = {"np": np, "X": X, "x": X[0].copy(), "n": np.arange(3), "math": math, "read_only": READ_ONLY}
    linecache.cache["<mistake>"] = len(line), None, line.splitlines(keepends=True), "<mistake>"
    without = {name: value for name, value in vars(builtins).items() if name not in ("exit", "quit")}  # as in a worker
    return lambda: exec(compile(line, "<mistake>", "exec", dont_inherit=True), names | {"__builtins__": without})


MISTAKES = {
    "if x > 0: pass": "np.where(condition, a, b)",
    "max(x, 0)": "np.maximum(z, 0)",
    "X @ X": "Perhaps one array needs .T",
    "np.dot(X, X)": "Perhaps one array needs .T",
    "x @ 2.0": "To multiply by a number, use *",
    "x += X": "use .sum(axis=0)",
    "x[0:2] = np.ones(5)": "only the right side may have axes of length 1",
    "np.ones((2, 3, 4)) @ np.ones((5, 4, 2))": "only the last two axes are multiplied",
    "np.einsum('ij,jk->ik', X, X)": "one letter must mean the same length",
    "X * X.T": "For a matrix product use @",
    "X += np.ones((4, 3))": "For a matrix product use @",
    "np.max(3.0, 5)": "use np.maximum(a, b)",
    "x.sum(axis=1)": "axis=-1: it is the last axis of both",
    "X.sum(axis=2)": "Axes are counted from 0",
    "x[:, 0]": "a single sample has no axis for the batch",
    "x[6 / 2]": "int(i) for one number",
    "x[np.array([0.0, 1.0])]": "i.astype(int) for an array",
    "x[0][0]": "a sum or mean without axis came before",
    "x[3]": "the last index is n - 1",
    "[1, 2][2]": "the last index is n - 1",
    "x.shape[1]": "x.shape[1] needs two axes",
    "None + 1": "A value here is None",
    "a, b = None": "A value here is None",
    "np.exp(None)": "A value here is None",
    "rows = [[1, 2]]\nrows[:, 0]": "np.array(rows)",
    "np.max(0, x)": "use np.maximum(a, b)",
    "np.concatenate(x, x)": "np.concatenate([a, b])",
    "range(n)": "one whole number is expected",
    "np.zeros(2.5)": "Use // or int",
    "x[: 3 / 2]": "Use // or int",
    "math.exp(x)": "use np.exp",
    "float(x)": "use x.item()",
    "x(0)": "you meant brackets (x[0])",
    "X.T()": "X.T without parentheses",
    "y = 1.0\ny[0]": "The value before the bracket",
    "y = 1.0\ny()": "Perhaps a * is missing before it",
    "x.shape(0)": "you meant x.shape[0]",
    "[1.0] - [2.0]": "Use np.array",
    "[1.0] + 1": "Use np.array",
    "[1.0] * 0.5": "Use np.array",
    "'1.5' * 0.5": "float(…) for text",
    "np.zeros(3, 4)": "np.zeros((3, 4))",
    "n -= 0.1 * n": "x = x.astype(float)",
    "(x > 0).__iadd__(1)": "x = x.astype(float)",
    "np.sum(x, dim=0)": "axis and keepdims",
    "sum(x, axis=0)": "Use np.sum",
    "max(x, axis=0)": "Use np.sum",
    "(lambda a: a)(1, 2)": "disagree about the arguments",
    "(lambda a: a)()": "disagree about the arguments",
    "(lambda a: a)(b=1)": "disagree about the arguments",
    "for i, v in range(3): pass": "needs enumerate",
    "[1.0].shape": "use np.array(…)",
    "(1.0).shape": "calls float(…), too early",
    "(1.0).backward()": "only after backward()",
    "None.shape": "A value here is None",
    "x.exp()": "np.exp(x)",
    "np.softmax(x)": "Write softmax, relu and sigmoid yourself",
    "read_only[0] = 1": "Work on a copy",
    "read_only -= 1": "Work on a copy",
    "np.random.default_rng(0).shuffle(read_only)": "Work on a copy",
    "x.reshape(2, 2)": "reshape keeps the number of elements",
    "np.array([[1, 2], [3]])": "the same length",
    "x[0] = X": "one element holds one number",
    "np.concatenate([X, x])": "v[:, None] for a column",
    "np.stack([X, X.T])": "arrays of equal shape",
    "np.concatenate([X, X.T])": "along every other axis",
    "a, b = x": "needs two axes",
    "a, b, c = X.shape": "needs two axes",
    "def f():\n    total += 1\nf()": "needs a value before you read it",
    "del np\nnp.exp(1)": "import numpy as np",
    "soft(x)": "Look for a spelling mistake",
    "def f(): return f()\nf()": "Check the case in which it should stop",
    "math.exp(1000)": "subtract the largest value first",
    "10.0**400": "try a smaller learning rate",
    "np.zeros(1, np.uint8)[0] = -1": "uint8 holds 0 to 255",
    "int(np.inf)": "A value is infinite",
    "1 / 0": "Print the divisor",
    "open('weights.txt')": "your files are alone",
    "```python\nx = 1\n```": "mark code in Markdown",
    "%matplotlib inline": "commands of a notebook",
    "!pip install numpy": "commands of a notebook",
    "get_ipython().run_line_magic('matplotlib', 'inline')": "only in a notebook",
    '{"cells": [{"execution_count": null}]}': "contains a notebook",
    ">>> x = 1": "prompts of Python's console",
    "print(“hello”)": "Type straight ones",
    "y = x − 1": "Delete it and type it again",
    "y = x * 2": "Delete it and type it again",
    "if True:\n    y = 1\n\tz = 2": "Use four spaces in all of them",
    "def f():\nreturn 1": "four more spaces than the line with the colon",
    "y = 1\n  z = 2": "begin in the same column",
    "y = X x + 1": "A product needs a sign",
    "def f():\n    return X x": "A product needs a sign",
    "exit()": "end Python, so that no test could run",
    "raise SystemExit(2)": "Your file ends Python while it is imported",
    "raise PermissionError(1, 'Operation not permitted')": "write the function without async",  # as asyncio.run() does
    "raise ModuleNotFoundError('No module named x (… and the kata\\'s own files)')": "Each exercise is graded alone",
    "raise EOFError('EOF when reading a line')": "waits for a keyboard",  # as input() does without a terminal
}
NEWER = {  # what a newer Python allows
    (3, 12): {
        """y = {'a': 1}\nprint(f'{y['a']}')""": "Use the other kind there",
        "def f[T](y: T): pass": "type parameters",
        "type Y = list": "type parameters",
    },
    (3, 14): {
        "try: pass\nexcept ValueError, TypeError: pass": "in parentheses",
        "y = t'{x}'": "Use f for a formatted one",
        "def f(y: Y): pass": "The name is in an annotation",
    },
}
for version, mistakes in NEWER.items():
    if sys.version_info < version:
        MISTAKES |= mistakes


@pytest.mark.parametrize(("line", "said"), MISTAKES.items())
@pytest.mark.filterwarnings("ignore")
def test_a_natural_mistake_gets_advice(line: str, said: str) -> None:
    with pytest.raises((Exception, SystemExit)) as raised:
        run(line)()
    assert said in advice_on(raised.value), str(raised.value)


def test_every_advice_is_given_to_one_of_these_mistakes() -> None:
    given = set()
    for line in MISTAKES:
        try:
            run(line)()
        except (Exception, SystemExit) as fault:  # noqa: BLE001 (each of them is another)
            given.add(advice_on(fault))
    assert given == {entry.sentence for entry in advice_table() if entry.type != "Observation"}


def test_an_exception_that_the_learner_raises_gets_none() -> None:
    assert advice_on(ValueError("x is no vector")) == ""


def test_the_verdict_says_what_an_exception_means(judge: Judge) -> None:
    source = (
        "import numpy as np\n\ndef scale(x, factor):\n    return np.max(0, x)\n\ndef noise(rng, count):\n    return 0\n"
    )
    verdict = judge.grade_files("scaling", {"scaling.py": source.encode()})
    message = next(test.message for test in verdict.tests if test.status == "failed")
    assert message.splitlines()[0].startswith("scale raised TypeError: ")
    assert message.splitlines()[-1].endswith("np.concatenate([a, b]).")
