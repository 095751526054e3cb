"""The names of micrograd on top of our framework: a plugin of pytest that puts a module `micrograd.engine` in place.

A Value is a tensor () of float64. Only leaves have a gradient that can be asked for, as in PyTorch.
"""

from __future__ import annotations

import sys
import types

import numpy as np
import your_framework as framework


class Value:
    """A number in a graph: data and grad are Python floats."""

    def __init__(self, data: float | framework.Tensor) -> None:
        ours = isinstance(data, framework.Tensor)
        self.tensor = data if ours else framework.Tensor(data, requires_grad=True, dtype=np.float64)

    @property
    def data(self) -> float:
        return self.tensor.item()

    @property
    def grad(self) -> float:
        assert self.tensor.is_leaf, "only leaves keep their gradient"
        return 0.0 if self.tensor.grad is None else self.tensor.grad.item()

    def relu(self) -> Value:
        return Value(self.tensor.relu())

    def backward(self) -> None:
        self.tensor.backward()


def operation(name: str):
    """The operator of tensors for Values and numbers."""

    def operate(*operands: Value | float) -> Value:
        tensors = [each.tensor if isinstance(each, Value) else each for each in operands]
        return Value(getattr(framework.Tensor, name)(*tensors))

    return operate


for _name in ("add", "sub", "mul", "truediv"):
    for _full in (f"__{_name}__", f"__r{_name}__"):
        setattr(Value, _full, operation(_full))
Value.__neg__, Value.__pow__ = operation("__neg__"), operation("__pow__")

_package, _engine = types.ModuleType("micrograd"), types.ModuleType("micrograd.engine")
_package.engine, _engine.Value = _engine, Value
sys.modules |= {"micrograd": _package, "micrograd.engine": _engine}
