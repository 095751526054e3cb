"""Z69 to Z73, Z80, Z81 and Z83: how challenge6's kernels could hide what they load, or compute their results elsewhere.

meter.py counts in the submission's process. So a submission must not be able to name it, Triton's interpreter or any
other thing outside the list `allowed` in kata.toml. Each submission here is the solution with one passage replaced.
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOLUTION = (ROOT / "solutions/challenge6/kernels.py").read_text(encoding="utf-8")
TOP = "import triton.language as tl\n"
LOAD = 'tl.load(x_ptr + row * x_stride + columns, mask=inside, other=-float("inf"))'
TOTAL = "    total = tl.sum(exponentials, axis=0)\n"
LAUNCH = "softmax_kernel[(m,)](x, out, x.stride(0), out.stride(0), n, BLOCK=triton.next_power_of_2(n))"

TO_COPY = LAUNCH.replace("x, out, x.stride(0), out.stride(0)", "x, copy, x.stride(0), n")

pytestmark = pytest.mark.security
attack = pytest.mark.attack


@pytest.fixture
def kernels(tmp_path):
    """Return kernels(old, new, …), which writes the solution with these passages replaced and returns the folder."""

    def written(*passages):
        text = SOLUTION
        for old, new in zip(passages[::2], passages[1::2], strict=True):
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        (tmp_path / "kernels.py").write_text(text, encoding="utf-8")
        return tmp_path

    return written


@attack("Z69")
@pytest.mark.parametrize(
    ("code", "named"),
    [
        ("from triton.runtime import interpreter", "triton.runtime.interpreter"),
        ("import triton.runtime.interpreter as hidden", "triton.runtime.interpreter"),
        ("from meter import *", "meter.*"),
        ("meter.Meter.loads = lambda *_: 0", "assigning to meter.Meter.loads"),
        ("counts = meter.Meter", "meter.Meter"),
        ("tl.load = tl.store", "assigning to tl.load"),
        ("builder = interpreter_builder", "interpreter_builder"),
        ("hidden = getattr(triton, 'run' + 'time')", "getattr"),
        ("hidden = vars()['__builtins__']", "vars"),
        ("names = add_kernel.__globals__", ".__globals__"),
        ("hidden = tl.core.sys", ".sys"),
        ("@tl.math.wraps(tl)\ndef hidden():\n    pass", "triton.language.math.wraps"),
        ("def plain(tl):\n    return tl.numpy()", "tl, which is also an import,"),
        ("def never():\n    import meter as tl", "tl, which is also an import,"),
        ("match 1:\n    case tl:\n        pass", "tl, which is also an import,"),
        ("def never():\n    __builtins__ = 0\nhidden = __builtins__['__import__']", "__builtins__"),
        ("from .hidden import sys", "a relative import"),
        ('TEXT = """\n  def evil(x):\n"""', "a text with a line that begins with def"),
        ("hidden = '{0.runtime}'.format(triton)", ".format"),
        ("match tl.float32:\n    case int(real=hidden):\n        pass", "a class pattern"),
        ("from torch import softmax as ready", "torch.softmax"),
        ("ready = torch.nn.functional.softmax", "torch.nn.functional.softmax"),
        ("import numpy as np", "numpy"),
        ("known = torch\nready = known.softmax", "torch"),
    ],
)
def test_what_counts_cannot_be_named(grade, kernels, code, named):
    said = rf"kernels\.py, line \d+: {re.escape(named)} may not be used in this kata"
    grade("challenge6", kernels(TOP, f"{TOP}\n{code}\n"), tasks=["softmax"]).cannot_be_imported(said)


@attack("Z70")
@pytest.mark.parametrize(
    ("code", "operator"),
    [
        ("x = x - x.max()", "max"),
        ("out = x.exp()\n    return out", "exp"),
        ("x = x.to(torch.float64)", "_to_copy"),
        ("x = x.T.contiguous().T", "clone"),
        ("first = float(x[0, 0])", "_local_scalar_dense"),
    ],
)
def test_torch_does_not_compute_outside_the_kernels(grade, kernels, code, operator):
    graded = grade("challenge6", kernels(f"    {LAUNCH}", f"    {code}\n    {LAUNCH}"), tasks=["softmax"])
    graded.fails(rf"torch ran `{operator}` outside the kernels|blocked")


@attack("Z71")
@pytest.mark.parametrize("name", ["interpreter_builder", "_interpreter", "np", "inspect", "getattr", "vars"])
def test_the_interpreters_own_names_are_not_there(grade, kernels, name):
    # The interpreter gives every kernel its own global names. The list takes a name that is bound somewhere, also a
    # built-in one.
    folder = kernels(
        TOP, f"{TOP}\nif __name__ == 'never':\n    {name} = None\n", TOTAL, f"    hidden = {name}\n{TOTAL}"
    )
    grade("challenge6", folder, tasks=["softmax"]).fails(f"name '{name}' is not defined|blocked")


@attack("Z72")
@pytest.mark.parametrize(
    "passages",
    [
        (LOAD, LOAD.replace("columns,", "columns + 1_000_000_000,")),
        (LOAD, LOAD.replace("x_ptr", "out_ptr - 64")),
        (LAUNCH, LAUNCH.replace("](x,", "](x.as_strided((m, n), (1, 1), 0),")),
    ],
    ids=["far away", "before the result", "the whole storage"],
)
def test_loads_outside_the_given_tensors_stop_the_kernel(grade, kernels, passages):
    folder = kernels(*passages)
    grade("challenge6", folder, tasks=["softmax"]).fails(r"outside (every tensor|the elements of)|wrong value")


@attack("Z73")
@pytest.mark.parametrize(
    ("more", "said"),
    [
        (f"copy = torch.empty_like(x)\n    {TO_COPY}\n    {LAUNCH}", "the kernels of softmax have .* in all"),
        (
            f"{LAUNCH}\n    {LAUNCH}\n    softmax_kernel[(0,)](x, out, 0, 0, n, BLOCK=16)",
            "loads .* from x, expected at",
        ),
    ],
    ids=["a copy", "launches"],
)
def test_no_load_is_left_out_of_the_count(grade, kernels, observed, more, said):
    graded = grade("challenge6", kernels(LAUNCH, more), tasks=["traffic"])
    assert {re.search(f"{said}|softmax loads .* from x", message) is not None for message in graded.messages} == {True}
    assert (graded.verdict["status"], len(graded.failed)) == ("failed", 2)
    observed("F")


@attack("Z80")
@pytest.mark.parametrize("never", ["__import__ = None", "from math import sqrt as __import__"])
def test_a_definition_that_never_runs_frees_no_import(grade, kernels, never):
    code = f"if __name__ == 'never':\n    {never}\nhidden = __import__('triton.runtime.interpreter')\n"
    said = r"__import__ may not be used in this kata"
    grade("challenge6", kernels(TOP, f"{TOP}\n{code}"), tasks=["softmax"]).cannot_be_imported(said)


KEPT = [
    ("tiles = {}\n", "tiles.get(row, 0.0) + total"),
    ("@functools.cache\ndef tiles(row):\n    return 0.0\n", "tiles(row) + total"),
    ("def tiles(row):\n    return 0.0\n", "tiles(row) + total"),
    ("class tiles:\n    pass\n", "total if tiles else 0.0"),
    ("tiles = tl.constexpr([])\n", "total if tiles.value else 0.0"),
    ("class Number(int):\n    pass\n\ntiles = Number(1)\n", "total * tiles"),
    ("@triton.jit\ndef tiles(row, *, kept={}):\n    return 0.0\n", "tiles(row) + total"),
]


@attack("Z83")
@pytest.mark.parametrize(
    ("kept", "total"), KEPT, ids=["dict", "cache", "function", "class", "constexpr", "subclass", "default"]
)
def test_a_kernel_keeps_nothing_for_the_next_program(grade, kernels, kept, total):
    used = TOTAL + f"    total = {total}\n"
    folder = kernels(TOP, f"{TOP}\nimport functools\n\n{kept}", TOTAL, used)
    grade("challenge6", folder, tasks=["softmax"]).fails(
        r"(softmax_kernel uses tiles|tiles uses kept, a default): a kernel takes tensors|blocked"
    )


@attack("Z81")
def test_a_launch_during_the_import_does_not_leave_compiling_ungraded(grade, kernels, observed):
    end = "def softmax("
    launch = "_x = torch.zeros(4)\nsoftmax_kernel[(1,)](_x, torch.zeros(4), 4, 4, 4, BLOCK=4)\n\n\n"
    graded = grade("challenge6", kernels(end, launch + end), tasks=["softmax", "compiles"])
    assert {task["status"] for task in graded.verdict["tasks"] if task["name"] == "compiles"} == {"failed"}
    observed("F")
