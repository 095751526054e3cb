"""What challenge6's machine finds, what it computes, and what its references compute."""

from __future__ import annotations

import importlib.util
import math
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tests.workshop import ROOT

if importlib.util.find_spec("triton") is None:
    pytest.skip("triton is not installed: pip install -e '.[triton]'", allow_module_level=True)

FOLDER = ROOT / "katas" / "challenge6"
SETUP = """
import meter, kernels, probes
import torch, triton, triton.language as tl

@triton.jit
def doubled(x, y, n, BLOCK: tl.constexpr):
    places = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.store(y + places, 2 * tl.load(x + places, mask=places < n), mask=places < n)

@triton.jit
def counted(x, total):
    tl.atomic_add(total, tl.load(x + tl.program_id(0)))

@triton.jit
def raced(x, total):
    tl.store(total, tl.load(x + tl.program_id(0)))

@triton.jit
def locked(x, lock):
    while tl.atomic_cas(lock, 0, 1) == 1:
        pass

x = torch.arange(10.0)

def launched(launch):
    def function(x):
        y = torch.zeros(10)
        launch(x, y)
        return y
    return meter.measured(function, x=x)
"""


def run(tmp_path: Path, code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python code after SETUP, with the supplied modules and the solution."""
    (tmp_path / "program.py").write_text(SETUP + code, encoding="utf-8")
    path = os.pathsep.join([str(ROOT / "solutions" / "challenge6"), str(FOLDER)])  # the solution before the stub
    return subprocess.run(
        [sys.executable, "program.py"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": path} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


def test_loads_and_stores_are_counted(tmp_path: Path) -> None:
    code = """
y, ran = launched(lambda x, y: doubled[(3,)](x, y, 10, BLOCK=4))
print(ran.loads("x"), ran.loads(), ran.stores(), ran.launches, y.tolist() == (2 * x).tolist())
"""
    done = run(tmp_path, code)
    assert done.stdout == "10 10 10 [('doubled', (3, 1, 1))] True\n", done.stderr


@pytest.mark.parametrize(
    ("launch", "said"),
    [
        ("doubled[(3,)](x, y, 11, BLOCK=4)", "doubled, program (2, 0, 0): loads 1 element outside every tensor"),
        ("doubled[(2,)](x, x, 10, BLOCK=8)", "stores in x, which is an input"),
        ("doubled[(5000,)](x, y, 10, BLOCK=4)", "has 5000 programs, and 1 to 2000 are allowed here"),
        (
            "raced[(2,)](x, y)",
            "a race: it stores 1 element of the tensor given to raced as total that another program",
        ),
        ("locked[(2,)](x, torch.zeros(1, dtype=torch.int32))", "tl.atomic_cas builds a lock"),
        ("x + 1", "torch ran `add` outside the kernels"),
        ("x[::2].contiguous()", "give the kernel the tensor's strides"),
    ],
)
def test_the_meter_stops_what_would_go_wrong(tmp_path: Path, launch: str, said: str) -> None:
    done = run(tmp_path, f"\nlaunched(lambda x, y: {launch})\n")
    assert "MeterError" in done.stderr
    assert said in done.stderr


def test_atomic_additions_are_no_race(tmp_path: Path) -> None:
    done = run(tmp_path, "\nprint(launched(lambda x, y: counted[(10,)](x, y))[0][0].item())\n")
    assert done.stdout == "45.0\n", done.stderr


def test_the_machine_computes_what_triton_promises(tmp_path: Path) -> None:
    code = """
@triton.jit
def steps(x, y, n):
    i = tl.arange(0, 8)
    v = tl.load(x + i)
    w = i.to(tl.int32) - 4
    tl.store(y + 0, tl.sum(w // 3 * 10 + w % 3, 0).to(tl.float32))  # both round to zero
    tl.store(y + 1, tl.sum(tl.cumsum(v, 0), 0))
    tl.store(y + 2, tl.argmax(v * (7 - v), 0).to(tl.float32))
    tl.store(y + 3, tl.sum((w.to(tl.uint32, bitcast=True) >> 28).to(tl.float32), 0))
    total = n * 0.0
    while total < n:
        total += 2.5
    tl.store(y + 4, total)
    tl.store(y + 5, tl.sum(tl.where(v.to(tl.float16) > 3.5, v, -v), 0))
    tl.store(y + 6, tl.max(tl.erf(v), 0) + tl.sum(tl.reshape(v, (2, 4)), 1).to(tl.int32).max(0))
    if n > 3:
        tl.store(y + 7, 1.0)
        return
    tl.store(y + 8, 1.0)

print(launched(lambda x, y: steps[(1,)](x, y, 4))[0].tolist())
"""
    done = run(tmp_path, code)
    rounded = [(abs(w) // 3 * 10 + abs(w) % 3) * (-1 if w < 0 else 1) for w in range(-4, 4)]
    sums = [sum(range(i + 1)) for i in range(8)]
    expected = [sum(rounded), sum(sums), 3, 15 * 4, 5, 4 + 5 + 6 + 7 - 6, 1 + 22, 1, 0, 0]
    assert done.stdout == f"{[float(each) for each in expected]}\n", done.stderr


def test_show_prints_the_largest_error_of_all_results(tmp_path: Path) -> None:
    code = """
def layer_norm(x, weight, bias):
    y, mean, rstd = kernels.layer_norm(x, weight, bias)
    return y, mean, torch.zeros_like(rstd)

meter.show(vars(kernels) | {"layer_norm": layer_norm, "softmax": lambda x: (x, x)})
"""
    done = run(tmp_path, code)
    errors = [line.partition(",")[0].split() for line in done.stdout.splitlines()]
    found = {" ".join(words[:-2]): float(words[-1]) for words in errors if words[-2] == "error"}
    assert {name for name, error in found.items() if error > 1e-5} == {"layer_norm"}, done.stderr
    assert {"layer_norm_backward", "attention is_causal"} <= set(found)
    assert "softmax              returns 2 results, expected 1\n" in done.stdout


def visible_tests() -> ModuleType:
    spec = importlib.util.spec_from_file_location("visible_challenge6", FOLDER / "test_challenge6.py")
    visible = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(visible)
    return visible


@pytest.mark.parametrize("size", [1, 7, 8, 9, 16, *range(45, 65)])
def test_the_limit_on_loads_leaves_room_for_any_usual_tile(size: int) -> None:
    limit = visible_tests().times(size)
    assert limit >= max(math.ceil(size / tile) for tile in (8, 16, 32, 64, 128))
    assert limit >= 2 * math.ceil(size / 16)  # two passes over the keys
    if size >= 45:  # as in the tests: rows behind the end that wrap round are loaded again
        assert all(math.ceil(size / tile) * tile <= size * limit for tile in (16, 32, 64, 128, 256))
        assert limit < math.ceil(size / 4)


def test_the_references_agree_with_torch() -> None:
    import torch

    visible = visible_tests()
    rng = np.random.default_rng(6)

    class Right:
        """A submission that lets torch compute everything."""

        def run(self, _, name, _places, settings, *, then, inputs, **_shown):
            tensors = [torch.tensor(each, dtype=torch.float64) for each in inputs.values()]
            answer = getattr(self, name)(*tensors, **settings)
            parts = answer if isinstance(answer, tuple) else (answer,)
            found = [each.to(torch.float32).numpy() for each in parts]
            answer = found if isinstance(answer, tuple) else found[0]
            return then({"made": [], "steps": [], "answer": answer})

        def softmax(self, x):
            return x.softmax(1)

        def layer_norm(self, x, weight, bias, eps=1e-5):
            y, mean, rstd = torch.native_layer_norm(x, x.shape[1:], weight, bias, eps)
            return y, mean[:, 0], rstd[:, 0]

        def layer_norm_backward(self, dy, x, weight, _mean, _rstd):
            leaves = [each.requires_grad_() for each in (x, weight, torch.zeros_like(weight))]
            y = torch.nn.functional.layer_norm(leaves[0], x.shape[1:], *leaves[1:])
            return torch.autograd.grad(y, leaves, dy)

        def attention(self, q, k, v, is_causal=False):
            return torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=is_causal)

    class Probes:
        recording = None

    def normal(*shape):
        return rng.standard_normal(shape).astype(np.float32)

    right, x, weight = Right(), normal(5, 70), normal(70)
    visible.check_softmax(right, Probes, x)
    visible.check_layer_norm(right, Probes, {"x": x, "weight": weight, "bias": normal(70)}, eps=0.1)
    visible.check_backward(right, Probes, visible.backward_inputs(normal(5, 70), x, weight))
    for settings in ({}, {"is_causal": True}):
        inputs = {"q": normal(2, 2, 20, 16), "k": normal(2, 2, 20, 16), "v": normal(2, 2, 20, 16)}
        visible.check_attention(right, Probes, inputs, **settings)
