"""The hidden tests of the kata meta move objects from a process with PyTorch to one without."""

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

from tests.kata_modules import module_at
from tests.late import torch

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
