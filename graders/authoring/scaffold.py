"""Write the template files of a new kata. They mark the places that the author still has to fill in."""

from __future__ import annotations

import keyword
import re
from pathlib import Path

from graders.errors import KataError

_SLUG = re.compile(r"[a-z][a-z0-9_]*")

TOML = """\
format = 1
title = "{title}"
kind = "exercise"
difficulty = 1
minutes = 15
concepts = []
files = ["{module}.py"]
entry_points = ["{function}"]
runtime = "numpy"

[tasks.value]
title = "The value"
points = 2

[tasks.inputs]
title = "Arguments left alone"
points = 1
after = ["value"]
"""

README = """\
# {title}

Write `{function}(x)` in `{module}.py`: say here what it is for.

## The maths

$$y = f(x)$$

| symbol | what | shape |
|---|---|---|
| `x` | the input | `(n,)` |
| `y` | the answer | `(n,)` |

## Worked example

    x = [1, 2]
    y = [?, ?]

## Pitfalls

- Say what goes wrong most often.

<details>
<summary>Hint 1</summary>

A small one first.

</details>
"""

STUB = '''\
"""{title}."""

import numpy as np


def {function}(x):
    """Say what it returns.

    Args:
        x: the input, shape (n,).

    Returns:
        y, shape (n,), with the dtype of x.
    """
    raise NotImplementedError
'''

SOLUTION = STUB.replace("raise NotImplementedError", 'raise NotImplementedError("write the solution here")')

VISIBLE = '''\
"""{function} on numbers that can be checked by hand."""

import numpy as np

from graders.checks import assert_close, task

X = np.array([1.0, 2.0])
Y = np.array([0.0, 0.0])  # write the result of the README's worked example here


@task("value")
def test_the_worked_example(kata):
    assert_close(kata.{function}(X), Y, scale=1.0)
'''

HIDDEN = '''\
"""{function} compared with a reference, on fresh inputs.

Tolerance: state the magnitude of intermediate values, and the length of sums.
"""

import numpy as np

from graders.checks import assert_close, assert_equal, cases, task


def reference(x):
    """Return the right answer in float64, from PyTorch if it has the function."""
    return np.zeros_like(x)  # write the reference here


@task("value")
@cases(16)
def test_every_vector_has_its_value(kata, draw):
    x = draw.normal(draw.sizes("n"))
    assert_close(kata.{function}(x), reference(x), scale=1.0)


@task("inputs")
@cases(4)
def test_the_arguments_are_left_alone(kata, draw, probes):
    x = draw.normal(draw.sizes("n"))
    _, after = kata.run(probes.call_with_layout, "{function}", "contiguous", x)
    assert_equal(after, x)
'''

ACCEPT = """\
# say what is different here: a loop, another formula, another NumPy function
import numpy as np


def {function}(x):
    raise NotImplementedError("write the right answer in a different style here")
"""

UNSAID = "say in one sentence, to the learner, what is wrong here"
WRONG = """\
# {unsaid}
# task: value
import numpy as np


def {function}(x):
    return np.asarray(x) * 0.0 - 1.0  # write the learner's mistake here
"""

PLACES = (
    "say here what it is for.",
    "$$y = f(x)$$",
    "y = [?, ?]",
    "- Say what goes wrong most often.",
    "A small one first.",
)  # lines of the template that no finished README contains

STEPS = """\
written: katas/{slug}/, solutions/{slug}/, graders/hidden/{slug}/

Next steps (run `katas check {slug}` after each):
  1. solutions/{slug}/{module}.py: the solution
  2. katas/{slug}/test_{slug}.py: the worked example, as in the README
  3. graders/hidden/{slug}/test_hidden.py: the reference, and more tests
  4. graders/hidden/{slug}/accept/another_way.py: a right answer in a different style
  5. graders/hidden/{slug}/wrong/first.py: a misconception (one file for each)
Add as many files to the last two folders as you can think of. The guide is docs/authoring.md.

Replace these lines of katas/{slug}/README.md by hand:
{places}
"""


def scaffold(root: Path, slug: str, function: str) -> str:
    """Write a kata's files and return the next steps. Raises KataError if a name is invalid or a folder exists."""
    if not _SLUG.fullmatch(slug):
        raise KataError(f"{slug}: not a valid slug. Use lower-case letters, digits and _, starting with a letter.")
    if not function.isidentifier() or keyword.iskeyword(function):
        raise KataError(f"--function {function}: not a valid name for a Python function")
    words = {"slug": slug, "module": slug, "function": function, "title": slug.replace("_", " ").capitalize()}
    words["unsaid"] = UNSAID
    folders = (f"katas/{slug}", f"solutions/{slug}", f"graders/hidden/{slug}")
    for folder in folders:
        if (root / folder).exists():
            raise KataError(f"{folder}: the folder exists already. Choose another slug, or remove the folder.")
    files = {
        f"{folders[0]}/kata.toml": TOML,
        f"{folders[0]}/README.md": README,
        f"{folders[0]}/{slug}.py": STUB,
        f"{folders[0]}/test_{slug}.py": VISIBLE,
        f"{folders[1]}/{slug}.py": SOLUTION,
        f"{folders[2]}/test_hidden.py": HIDDEN,
        f"{folders[2]}/accept/another_way.py": ACCEPT,
        f"{folders[2]}/wrong/first.py": WRONG,
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text.format(**words), encoding="utf-8")
    return STEPS.format(**words, places="\n".join(f"> {place}" for place in PLACES))
