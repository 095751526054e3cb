"""A small course with two exercises and a milestone that builds on both."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.workshop import ROOT, commit, write

EARLIER_TOML = """
format = 1
title = "Earlier"
kind = "exercise"
difficulty = 1
minutes = 1
files = ["{name}.py"]
entry_points = ["{name}"]
runtime = "numpy"
[tasks.all]
title = "All"
points = 1
"""
TOML = """
format = 1
title = "Together"
kind = "milestone"
difficulty = 1
minutes = 1
files = ["network.py"]
supplied = ["training.py"]
entry_points = ["both"]
builds_on = ["one", "two"]
runtime = "numpy"
[tasks.parts]
title = "The earlier functions"
points = 1
[tasks.both]
title = "Both"
points = 2
after = ["parts"]
"""
TEST = """
from graders.checks import assert_equal, task

@task("parts")
def test_parts(kata, probes):
    assert_equal(kata.run(probes.earlier, 1), 2)

@task("both")
def test_both(kata):
    assert_equal(kata.both(3), 8)
"""
PROBES = '''
def earlier(submission, x):
    """Call the function of an earlier kata.

    Shown as:
        from double import double
        double({x})
    """
    import double

    return double.double(x)
'''
DOUBLE = "def double(x):\n    return 2 * x\n"
ADD = "def add_two(x):\n    return x + 2\n"
NETWORK = "from training import combined\n\ndef both(x):\n    return combined(x)\n"
TRAINING = "from add_two import add_two\nfrom double import double\n\ndef combined(x):\n    return add_two(double(x))\n"
STUB = "def {name}(x):\n    raise NotImplementedError\n"
FLAT = {"network.py": NETWORK, "double.py": DOUBLE, "add_two.py": ADD}
WHOLE = {"katas/milestone/network.py": NETWORK, "katas/one/double.py": DOUBLE, "katas/two/add_two.py": ADD}
MIXED = {"network.py": NETWORK, "katas/one/double.py": DOUBLE, "katas/two/add_two.py": ADD}


def write_files(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        write(folder / name, text)
    return folder


def write_course(root: Path) -> Path:
    """Write the course and commit it to a new git repository. Return `root`."""
    for name in ("conftest.py", "tox.ini"):
        write(root / name, (ROOT / name).read_text(encoding="utf-8"))
    for slug, name, solution in (("one", "double", DOUBLE), ("two", "add_two", ADD)):
        files = {"kata.toml": EARLIER_TOML.format(name=name), f"{name}.py": STUB.format(name=name)}
        write_files(root / "katas" / slug, files)
        write(root / "solutions" / slug / f"{name}.py", solution)
    own = {"kata.toml": TOML, "network.py": STUB.format(name="both"), "training.py": TRAINING, "probes.py": PROBES}
    write_files(root / "katas/milestone", {**own, "test_milestone.py": TEST})
    write(root / "solutions/milestone/network.py", NETWORK)
    hidden = root / "graders/hidden/milestone"
    write_files(hidden, {"test_hidden.py": TEST.replace("3), 8", "4), 10"), "probes.py": PROBES})
    write(
        hidden / "wrong/halved.edit", '# Halved.\n# task: parts\nfile = "one/double.py"\nold = "2 *"\nnew = "0.5 *"\n'
    )
    return commit(root)
