"""Programs of failures: whether what they print is what the report says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from graders.authoring.programs import output_of, runs_as_told
from graders.pytest_plugin.outcome import compared

LOSSES = [0.5 + 0.001 * i for i in range(300)]


def comments(actual: object) -> str:
    return "\n".join(["print(f(x))", *compared(0.0, actual).comments])


@pytest.mark.parametrize(
    ("program", "printed", "ended", "agrees"),
    [
        (comments(1.25), "1.25\n", "", True),
        (comments(1.25), "1.2\n", "", False),
        (comments(True), "True\n", "", True),
        (comments(True), "False\n", "", False),
        (comments(None), "None\n", "", True),
        (comments(None), "[1.0]\n", "", False),
        (comments(None), "nan\n", "", False),
        (comments("up"), "up\n", "", True),
        (comments("up"), "down\n", "", False),
        (comments([True, None, 2.0]), "[True, None, 2.0]\n", "", True),
        (comments(np.array([1.0, np.nan], np.float32)), "[ 1. nan]\n", "", True),
        (comments(np.array([1.0, np.nan], np.float32)), "[ 1. 2.]\n", "", False),
        (comments(np.empty((1, 0))), "[]\n", "", True),
        (comments(np.empty((1, 0))), "[[1.]]\n", "", False),
        (comments(LOSSES), f"{LOSSES}\n", "", True),  # the comment is cut
        (comments(LOSSES), f"{[1.0, *LOSSES[1:]]}\n", "", False),
        (comments(LOSSES), f"{LOSSES[:20]}\n", "", False),
        (comments(1.25), "Traceback …\nNameError: 1.25\n", "NameError", False),
        ("print(f(x))\nprint(f(x))\n# yours   : 2.0", "1.0\n2.0\n", "", True),
        ("print(f(x))\nprint(f(x))\n# yours   : 2.0", "2.0\n1.0\n", "", False),
        ("print(f(x))", "[0.1, 0.2]\n", "", True),  # the message says what is wrong
        ("print(f(x))", "NameError: np\n", "NameError", False),
        ("print(f(x))\n# raises ValueError", "ValueError: no\n", "ValueError", True),
        ("print(f(x))\n# raises ValueError", "TypeError: ValueError\n", "TypeError", False),
        ("print(f(x))\n# raises ValueError", "ValueError\n", "", False),
    ],
)
def test_a_program_must_print_what_is_told(program: str, printed: str, ended: str, agrees: bool) -> None:
    assert runs_as_told(program, printed, ended) is agrees


@pytest.mark.parametrize(
    ("program", "ended"),
    [
        ("print(1)", ""),
        ("import json; json.loads('')", "JSONDecodeError"),
        ("raise ValueError('x: 1\\nKeyError: y')", "ValueError"),
        ("try:\n    {}[0]\nexcept KeyError:\n    raise TypeError", "TypeError"),
        ("print(", "SyntaxError"),
    ],
)
def test_the_exception_that_ends_a_program_is_named(program: str, ended: str, tmp_path: Path) -> None:
    assert output_of(program, tmp_path)[1] == ended
