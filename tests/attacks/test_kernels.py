"""Z69 to Z73, Z80, Z81 and Z83: how challenge6's kernels could hide what they load, or compute their results elsewhere.

The submission's process only records which kernels it launches, and knows no numbers. The judge runs the recorded code,
compares what it computes, and counts. Each submission here is the solution with one passage replaced.
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


# Each changes what the probe returns for softmax. Its honest code loads each element once.
FORGED = {
    "no launch": "made['steps'] = []",
    "the input": "made['answer'] = {'buffer': 0, 'offset': inputs[0][2], 'shape': [m, n], 'strides': [1, 1]}",
    "an answer": "made['answer'] = np.full((m, n), 1 / n, np.float32)",
    "counts": "made |= {'loads': {'x': m * n}, 'all_loads': m * n, 'all_stores': m * n, 'steps': []}",
    "one program": "made['steps'][0]['grid'] = [1, 1, 1]",
}
BROKEN = {
    "no code": "made['steps'][0]['code'] = 'module {'",
    "another step": "made['steps'][0]['code'] = made['steps'][0]['code'].replace('tt.store', 'os.system')",
    "nested": "made['steps'][0]['code'] = 'module {\\n' + 'scf.if %0 {\\n' * 50_000",
    "large": "made['steps'][0]['code'] = re.sub(r'<\\d+xi32>', '<99999999xi32>', made['steps'][0]['code'])",
    "far away": "made['answer'] = dict(buffer=1, offset=-10**18, shape=[5, 5], strides=[10**18, 1])",
    "huge": "made['answer'] = dict(buffer=1, offset=0, shape=[10**6] * 3, strides=[0, 0, 0])",
    "no buffer": "made['answer'] = dict(buffer=-1, offset=0, shape=[2, 3], strides=[3, 1])",
    "texts": "made = {'steps': 'abc', 'made': ['x'], 'answer': {'a': 1}}",
    "many programs": "made['steps'][0]['grid'] = [10**9, 10**9, 10**9]",
}
# Each keeps the judge busy, or fills its memory, without a single load.
BLOCK = "tensor<1048576xf64>"
ENDLESS = """
module {
tt.func public @softmax_kernel(%a: i32) {
%0 = arith.constant true
%1 = scf.while (%2 = %0) : (i1) -> i1 {
scf.condition(%2) %2 : i1
} do {
^bb0(%3: i1):
scf.yield %3 : i1
}
tt.return
}
}
"""
HEAVY = {
    "an endless loop": f"made['steps'][0] |= dict(code={ENDLESS!r}, arguments=[('a', 1)])",
    "large blocks": (
        f"lines = ''.join(f'%{{i + 1}} = arith.addf %0, %0 : {BLOCK}\\n' for i in range(5_000)); "
        f"code = 'module {{\\ntt.func public @k(%a: i32) {{\\n%0 = arith.constant dense<1.0> : {BLOCK}\\n'; "
        "made['steps'][0] |= dict(code=code + lines + 'tt.return\\n}\\n}\\n', arguments=[('a', 1)])"
    ),
}


def changing(statement):
    """Return code that changes the recording of softmax."""
    return f"""
import re
import numpy as np
recorded = meter.recorded

def changed(function, inputs, **settings):
    made = recorded(function, inputs, **settings)
    if function is softmax:
        m, n = inputs[0][3]
        {statement}
    return made

meter.recorded = changed
"""


@attack("Z69")
@pytest.mark.parametrize("statement", FORGED.values(), ids=FORGED)
def test_a_forged_recording_computes_nothing(grade, kernels, observed, statement):
    graded = grade("challenge6", kernels(TOP, TOP + changing(statement)), tasks=["softmax", "traffic"])
    scores = {task["name"]: task["score"] for task in graded.verdict["tasks"]}
    assert (scores["softmax"], scores["traffic"], graded.verdict["status"]) == (0, 5, "failed")
    observed("F")


@attack("Z80")
@pytest.mark.parametrize("statement", BROKEN.values(), ids=BROKEN)
def test_a_recording_that_cannot_run_fails_the_test(grade, kernels, statement):
    graded = grade("challenge6", kernels(TOP, TOP + changing(statement)), tasks=["softmax"])
    graded.fails("code ends|can't be run here|isn't known|too large|no buffer|outside|programs|blocked")


@attack("Z80")
@pytest.mark.parametrize("statement", HEAVY.values(), ids=HEAVY)
def test_a_recording_that_keeps_the_judge_busy_is_stopped(grade, kernels, statement):
    graded = grade("challenge6", kernels(TOP, TOP + changing(statement)), tasks=["softmax"])
    graded.fails("can't be run here|more than 1000000 steps|memory|blocked")


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
@pytest.mark.parametrize("name", ["meter", "torch", "np", "open", "getattr", "vars"])
def test_a_kernel_runs_no_python(grade, kernels, name):
    # The compiler translates a kernel, and never runs it. All that it can call are functions of constants.
    hidden = f"    hidden = {name}('x')\n{TOTAL}"
    grade("challenge6", kernels(TOTAL, hidden), tasks=["softmax"]).fails(r"CompilationError|blocked")


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
            f"{LAUNCH}\n    {LAUNCH}",
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


KEPT = [
    ("tiles = {}\n", "tiles.get(row, 0.0) + total"),
    ("class tiles:\n    kept = []\n", "total + len(tiles.kept)"),
    ("tiles = tl.constexpr([])\n", "total + tiles.value[0]"),
    ("@triton.jit\ndef tiles(row, *, kept={}):\n    return 0.0\n", "tiles(row, kept={}) + total"),
]


@attack("Z83")
@pytest.mark.parametrize(("kept", "total"), KEPT, ids=["dict", "class", "constexpr", "default"])
def test_a_kernel_keeps_nothing_for_the_next_program(grade, kernels, kept, total):
    used = TOTAL + f"    total = {total}\n"
    folder = kernels(TOP, f"{TOP}\n{kept}", TOTAL, used)
    grade("challenge6", folder, tasks=["softmax"]).fails("CompilationError|Unsupported|blocked")


@attack("Z81")
def test_a_launch_during_the_import_runs_nothing(grade, kernels):
    end = "def softmax("
    launch = "_x = torch.zeros(4)\nsoftmax_kernel[(1,)](_x, torch.zeros(4), 4, 4, 4, BLOCK=4)\n\n\n"
    grade("challenge6", kernels(end, launch + end), tasks=["softmax"]).cannot_be_imported("active drivers")
