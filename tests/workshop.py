"""Write a repository of small katas into a folder."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PRODUCTS = ("katas_course", "katas_page", "katas_practice")  # the packages beside graders
PACKAGES = ("graders", *PRODUCTS)

TOML = """\
format = 1
title = "Twice"
kind = "exercise"
difficulty = 1
minutes = 1
files = ["twice.py"]
supplied = ["factors.py"]
entry_points = ["twice", "half"]
runtime = "numpy"
[limits]
call_s = 3
test_s = 6
memory_mb = 512
[tasks.twice]
title = "Twice a vector"
points = 2
[tasks.half]
title = "Half a number"
points = 1
"""

STUB = '''\
"""Twice and half."""

def twice(x):
    """Twice the vector x."""
    raise NotImplementedError

def half(x):
    """Half the number x."""
    raise NotImplementedError
'''

HALF = "def half(x):\n    return x / 2.0\n"
SOLUTION = "def twice(x):\n    from factors import FACTOR\n    return FACTOR * x\n\n" + HALF
ADDED = "def twice(x):\n    return 2.0 + x\n\n" + HALF
SUMMED = "def twice(x):\n    return x + x\n\n" + HALF

VISIBLE = """\
import numpy as np
from graders.checks import assert_close, cases, task

@task("twice")
def test_two_becomes_four(kata):
    assert_close(kata.twice(np.array([2.0])), np.array([4.0]))

@task("twice")
@cases(4)
def test_every_vector_is_doubled(kata, draw):
    x = draw.normal(draw.sizes("n"))
    assert_close(kata.twice(x), 2.0 * x)
"""

HIDDEN = """\
from graders.checks import assert_close, task

@task("half")
def test_three_is_halved(kata):
    assert_close(kata.half(3.0), 1.5)
"""


AFTER = """\
# After Twice

## Why it works

A **vector** plus itself is twice the vector: $2 x_k = x_k + x_k$, and

$$\\frac{\\partial L}{\\partial x_k} = 2$$

## Other ways

```python
def doubled(vector):
    return vector + vector  # a line of code that only people who have passed may see
```

## In PyTorch
## In practice
## A question to think about

What is twice 0?

<details>
<summary>Answer</summary>

It is 0.

</details>

## Where it comes back
"""


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def edit(path: Path, old: str, new: str) -> Path:
    """Replace a passage of a file, which has to occur in it."""
    text = path.read_text(encoding="utf-8")
    assert old in text, path
    return write(path, text.replace(old, new))


def git(folder: Path, *commands: Sequence[str]) -> None:
    """Run git commands in a folder, such as ["add", "."]."""
    for words in commands:
        subprocess.run(["git", "-c", "user.name=A", "-c", "user.email=a@b.c", *words], cwd=folder, check=True)


def commit(root: Path) -> Path:
    """Commit all files to a new git repository. Return `root`."""
    git(root, ["init", "-q"], ["add", "."], ["commit", "-q", "-m", "katas"])
    return root


def write_kata(root: Path, slug: str, *, toml: str = TOML, stub: str = STUB, solution: str = SOLUTION) -> None:
    """Write a complete kata that can be released, unless an argument changes that."""
    write(root / "katas" / slug / "kata.toml", toml)
    write(root / "katas" / slug / "twice.py", stub)
    write(root / "katas" / slug / "factors.py", "FACTOR = 2.0\n")
    write(root / "katas" / slug / f"test_{slug}.py", VISIBLE)
    write(root / "solutions" / slug / "twice.py", solution)
    write(root / "solutions" / slug / "after.md", AFTER)
    hidden = root / "graders" / "hidden" / slug
    write(hidden / "test_hidden.py", HIDDEN)
    write(hidden / "wrong" / "added.py", f"# two is added\n# task: twice\n{ADDED}")
    write(hidden / "accept" / "summed.py", f"# x + x\n{SUMMED}")


def write_repository(root: Path, slugs: Sequence[str]) -> Path:
    """Write small katas, with this project's pytest settings. Return `root`."""
    for name in ("conftest.py", "tox.ini"):
        write(root / name, (ROOT / name).read_text(encoding="utf-8"))
    for slug in slugs:
        write_kata(root, slug)
    return root


def write_clone(root: Path, slugs: Sequence[str], readme: str) -> Path:
    """Write small katas and commit them all to a new git repository. The first kata gets this README. Return `root`."""
    write_repository(root, slugs)
    write(root / "katas" / slugs[0] / "README.md", readme)
    return commit(root)


def copy_project(to: Path) -> Path:
    """Copy the parts of a learner's clone that the katas need. Return `to`."""
    to.mkdir(parents=True)
    for name in ("conftest.py", "tox.ini"):
        shutil.copy(ROOT / name, to)
    for name in ("graders", "katas", "solutions"):
        shutil.copytree(ROOT / name, to / name, ignore=shutil.ignore_patterns("__pycache__", ".benchmarks"))
    return to


def read_only(*folders: Path) -> list[str]:
    """Return a command prefix that runs a command with these folders mounted read-only."""
    binds = [word for folder in folders for word in ("--ro-bind", str(folder), str(folder))]
    return ["bwrap", "--dev-bind", "/", "/", *binds, "--cap-add", "ALL", "--die-with-parent", "--"]


# Makes a system call fail, as under a container's profile or a limit that is reached, and runs a command.
_REFUSING = """
import os, sys
sys.path.insert(0, {root!r})
from graders.worker import seccomp
from graders.worker.syscalls import prctl
check = (seccomp.LOAD, 0, 0, seccomp.NUMBER), (seccomp.EQUAL, 0, 1, {numbers}[os.uname().machine])
answers = (seccomp.RETURN, 0, 0, seccomp.ERRNO | {errno}), (seccomp.RETURN, 0, 0, seccomp.ALLOW)
prctl("PR_SET_NO_NEW_PRIVS", 38, 1)
seccomp.install(seccomp.FilterProgram((*check, *answers)).for_process(0))
os.execv(sys.argv[1], sys.argv[1:])
"""


def refusing(errno: int, **numbers: int) -> list[str]:
    """Return a command prefix that runs a command without a system call, given its number on each machine."""
    return [sys.executable, "-c", _REFUSING.format(root=str(ROOT), numbers=numbers, errno=errno)]


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    """Return a .zip archive with these files."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()
