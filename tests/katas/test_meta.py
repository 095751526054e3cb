"""The hidden tests of meta move objects between processes, check slopes on their own, and show programs that run."""

from __future__ import annotations

import io
import sys
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from graders import Judge, catalogue, intake
from graders.authoring.programs import tried
from graders.checks.mismatch import Mismatch
from tests.kata_modules import module_at
from tests.late import Late, torch
from tests.workshop import ROOT

twin = Late("graders.hidden.meta.twin")
PROBES = Path(__file__).parents[2] / "graders/hidden/meta/probes.py"

# A framework as learners write one: attributes in dictionaries, lambdas in tensors and layers, layers from a function.
FRAMEWORK = """
from collections import OrderedDict
from itertools import count
import numpy as np

serial = count().__next__

class Tensor:
    def __init__(self, data, requires_grad=False):
        self.data, self.requires_grad, self.grad = np.array(data), requires_grad, None
        self.number, self._backward = serial(), lambda: None

def Parameter(data):
    made = Tensor(data, requires_grad=True)
    made.is_parameter = True
    return made

class Module:
    def __init__(self):
        object.__setattr__(self, "_parameters", OrderedDict())
        self.hook = lambda x, times=2: times * x

    def __setattr__(self, name, value):
        kept = self._parameters if isinstance(value, Tensor) else vars(self)
        kept[name] = value

    def __getattr__(self, name):
        if name in self._parameters:
            return self._parameters[name]
        raise AttributeError(name)

def layer(name, function):
    class Layer(Module):
        forward = staticmethod(function)

    Layer.__name__ = name
    return Layer

ReLU = layer("ReLU", lambda x: np.maximum(x, 0))

class Sequential(Module):
    def __init__(self, *modules):
        super().__init__()
        self.modules = list(modules)
        offset = 3.0

        def shifted(x):
            return x + offset

        self.shifted, self.apply, self.rng = shifted, np.tanh, np.random.default_rng(0)
"""


@pytest.fixture
def probes() -> ModuleType:
    return module_at(PROBES)


@pytest.fixture
def framework() -> Iterator[Any]:
    module: Any = ModuleType("a_framework")
    sys.modules["a_framework"] = module
    exec(FRAMEWORK, vars(module))
    yield module
    del sys.modules["a_framework"]


def crossed(probes: Any, framework: Any, value: Any) -> Any:
    data = probes.packed(framework, {"value": value})
    return probes.Arriving(framework, io.BytesIO(data)).load()["value"]


def test_modules_cross_however_they_store_their_attributes(probes: Any, framework: Any) -> None:
    model = framework.Sequential(framework.ReLU(), framework.Module())
    model.weight = framework.Parameter(np.array([1.5, 2.5]))
    model.modules[1].tied = model.weight
    model.size = torch.Size([2, 3])
    found = crossed(probes, framework, model)
    assert type(found.modules[0]) is framework.ReLU
    assert isinstance(found._parameters, OrderedDict)
    assert found.modules[1].tied is found.weight
    assert (found.weight.data.tolist(), found.weight.requires_grad, found.weight.is_parameter) == (
        [1.5, 2.5],
        True,
        True,
    )
    assert found.weight.number > model.weight.number  # created by the receiving framework, like any other tensor
    assert (found.hook(4), found.shifted(1.0), found.apply(0.0)) == (8, 4.0, 0.0)
    assert type(found.size) is tuple
    assert found.rng.random() == model.rng.random()


@pytest.mark.parametrize("what", ["torch.zeros(2)", "torch.nn.Linear(2, 2)", "torch.float32"])
def test_nothing_of_pytorch_crosses(probes: Any, framework: Any, what: str) -> None:
    model = framework.Module()
    model.inside = eval(what)
    with pytest.raises(TypeError, match="they hold a PyTorch object"):
        probes.packed(framework, model)


# Gradients are compared with central differences, which do not depend on autograd.

A, B = np.array([[0.5, -1.0], [2.0, 1.5]]), np.array([1.0, 3.0])
G = np.array([[1.0, -2.0], [0.5, 1.0]])


def test_check_slope_accepts_the_right_gradients() -> None:
    twin.check_slope([G * B, (G * A).sum(0)], lambda a, b: a * b, [A, B], G, 6.0, 8)


@pytest.mark.parametrize("gradients", [[G * B, G.sum(0)], [G, (G * A).sum(0)], [-G * B, (G * A).sum(0)]])
def test_check_slope_rejects_a_wrong_gradient(gradients: list[np.ndarray]) -> None:
    with pytest.raises(Mismatch):
        twin.check_slope(gradients, lambda a, b: a * b, [A, B], G, 6.0, 8)


def test_check_slope_detects_what_autograd_does_not_record() -> None:
    def detached(a: torch.Tensor) -> torch.Tensor:
        return a * a.detach()

    x = torch.tensor(A, requires_grad=True)
    detached(x).backward(torch.tensor(G))
    with pytest.raises(Mismatch, match="central differences"):
        twin.check_slope([x.grad.numpy()], detached, [A], G, 6.0, 8)


def test_all_expressions_with_kinks_are_left_out() -> None:
    lines = {"a.maximum(b)": True, "where(x > 0, x, v)": True, "a * b": False}
    assert {line: any(kinked in line for kinked in twin.KINKED) for line in lines} == lines


def test_the_same_run_in_pytorch_is_not_repeated() -> None:
    array = np.ones(3)
    first = twin.outcome("y = x * x", {"x": array}, {}, ["y"], wide=True)
    assert twin.outcome("y = x * x", {"x": array.copy()}, {}, ["y"], wide=True) is first
    array[0] = 2
    assert twin.outcome("y = x * x", {"x": array}, {}, ["y"], wide=True).values["y"].tolist() == [4, 1, 1]
    assert twin.outcome("y = x * x", {"x": array}, {}, ["y"], wide=False).values["y"].tolist() == [4, 1, 1]


@pytest.mark.parametrize("name", ["summed_over_everything", "leaves_only_with_grad"])  # wrong gradients, a wrong bool
def test_programs_of_hidden_tests_print_what_is_reported(katas_judge: Judge, name: str) -> None:
    kata = catalogue.load(ROOT, "meta")
    variant = next(each for each in kata.wrong if each.path.stem == name)
    files = variant.submission(intake.solved(kata))
    verdict = katas_judge.grade_files("meta", files, tasks=[variant.task], reducing=True)
    hidden = {test.name for test in verdict.tests if test.visibility == "hidden" and test.status == "failed"}
    outcomes = [each for each in tried(kata, files, verdict) if each.test in hidden]
    assert outcomes
    assert {each.kind for each in outcomes} == {"agrees"}, outcomes


def test_the_program_of_an_expression_that_raises_says_so(katas_judge: Judge) -> None:
    kata = catalogue.load(ROOT, "meta")
    solution, place = intake.solved(kata), "your_framework/tensor.py"
    lead = b"    lead = gradient.ndim - len(shape)\n"
    assert lead in solution[place]
    raising = lead + b"    if lead > 1:\n        raise ValueError('two more axes')\n"
    files = solution | {place: solution[place].replace(lead, raising)}
    verdict = katas_judge.grade_files("meta", files, tasks=["broadcasting"], reducing=True)
    found = next(test for test in verdict.tests if test.name == "test_pairs_of_shapes")
    assert found.message.startswith("your code raised ValueError: two more axes\nyour_framework/tensor.py, line ")
    assert found.counterexample.endswith("# raises ValueError")
    assert "is wrong" not in {each.kind for each in tried(kata, files, verdict)}
