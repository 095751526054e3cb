"""What challenge6's meter finds, what its references compute, and whose fault a failed compilation is."""

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

from graders.catalogue import load
from graders.worker.vocabulary import refuse_unlisted
from tests.workshop import ROOT

if importlib.util.find_spec("triton") is None:
    pytest.skip("triton is not installed: pip install -e '.[triton]'", allow_module_level=True)

FOLDER = ROOT / "katas" / "challenge6"
# Triton is imported once with its interpreter, in a process of its own.
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
y = torch.empty(10)
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
with meter.measured(x=x) as noted:
    doubled[(3,)](x, y, 10, BLOCK=4)
right = y.tolist() == (2 * x).tolist()
print(noted.loads(x), noted.stores(y), noted.loads(), noted.loads(x[2:5]), noted.launches, right)
"""
    done = run(tmp_path, code)
    assert done.stdout == "10 10 10 3 [('doubled', (3, 1, 1))] True\n", done.stderr


@pytest.mark.parametrize(
    ("launch", "said"),
    [
        ("doubled[(3,)](x, y, 11, BLOCK=4)", "doubled, program (2, 0, 0): loads 1 element outside every tensor"),
        ("doubled[(2,)](x, x, 10, BLOCK=8)", "stores in x, which is an input"),
        ("doubled[(5000,)](x, y, 10, BLOCK=4)", "has 5000 programs, and 2000 is the limit here"),
        (
            "raced[(2,)](x, y)",
            "a race: it stores 1 element of the tensor given to raced as total that another program",
        ),
        ("locked[(2,)](x, y.to_lock)", "tl.atomic_cas builds a lock"),
        ("x + 1", "torch ran `add` outside the kernels"),
    ],
)
def test_the_meter_stops_what_would_go_wrong(tmp_path: Path, launch: str, said: str) -> None:
    launch = launch.replace("y.to_lock", "torch.zeros(1, dtype=torch.int32)")
    done = run(tmp_path, f"\nwith meter.measured(x=x):\n    {launch}\n")
    assert "MeterError" in done.stderr
    assert said in done.stderr


def test_atomic_additions_are_no_race(tmp_path: Path) -> None:
    code = "\ntotal = torch.zeros(1)\nwith meter.measured(x=x):\n    counted[(10,)](x, total)\nprint(total.item())\n"
    done = run(tmp_path, code)
    assert done.stdout == "45.0\n", done.stderr


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


def test_without_the_interpreter_a_sentence_says_what_to_do(tmp_path: Path) -> None:
    code = '\nimport os\nos.environ["TRITON_INTERPRET"] = "0"\nwith meter.measured(x=x):\n    pass\n'
    done = run(tmp_path, code)
    assert done.stderr.rstrip().endswith("To run kernels on the CPU, import meter before triton")


def test_a_fault_of_the_probe_is_not_a_fault_of_the_kernel(tmp_path: Path) -> None:
    code = """
import numpy as np
calls = [("add", {"x": np.ones(5, np.float32), "y": np.ones(5, np.float32)})]
good = probes.compiled(kernels, calls)
import triton.backends.nvidia.compiler as nvidia
probes.importlib = type("Broken", (), {"import_module": staticmethod(lambda name: {}["no such module"])})
bad = probes.compiled(kernels, calls)
print(good["done"], good["errors"], good["probe"], bad["errors"], bad["probe"].splitlines()[-1])
"""
    done = run(tmp_path, code)
    assert done.stdout == "{'add': ['add_kernel']} {}  {} KeyError: 'no such module'\n", done.stderr


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


def test_other_names_for_what_is_allowed_are_allowed() -> None:
    code = """
import functools, itertools, torch
kinds = torch.float, torch.double, torch.half, torch.long, torch.int, -torch.inf, torch.finfo(torch.float).min
pairs = list(map(divmod, reversed(range(3)), itertools.repeat(2)))
def views(x):
    return x.swapaxes(0, 1), x.detach(), x.unbind(0), x.view_as(x)
"""
    refuse_unlisted({"kernels.py": code}, ["kernels.py"], load(ROOT, "challenge6").allowed)


def test_the_references_agree_with_torch() -> None:
    import torch

    visible = visible_tests()
    rng = np.random.default_rng(6)

    class Right:
        """A submission that lets torch compute everything."""

        def run(self, _, name, inputs, _layout, settings):
            tensors = [torch.tensor(each, dtype=torch.float64) for each in inputs.values()]
            answer = getattr(self, name)(*tensors, **settings)
            parts = answer if isinstance(answer, tuple) else (answer,)
            found = [each.to(torch.float32).numpy() for each in parts]
            return found if isinstance(answer, tuple) else found[0]

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
        call = None

    def normal(*shape):
        return rng.standard_normal(shape).astype(np.float32)

    right, x, weight = Right(), normal(5, 70), normal(70)
    visible.check_softmax(right, Probes, x)
    visible.check_layer_norm(right, Probes, {"x": x, "weight": weight, "bias": normal(70)}, eps=0.1)
    visible.check_backward(right, Probes, visible.backward_inputs(normal(5, 70), x, weight))
    for settings in ({}, {"is_causal": True}):
        inputs = {"q": normal(2, 2, 20, 16), "k": normal(2, 2, 20, 16), "v": normal(2, 2, 20, 16)}
        visible.check_attention(right, Probes, inputs, **settings)
