"""Libraries that a test imports when it first uses them, so that collecting the tests does not wait for them."""

from __future__ import annotations

import functools
import importlib
from types import ModuleType
from typing import Any


class Late:
    """A library under the name of its module."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("_"):  # pytest looks these up on every global, to find mocks and fixtures
            raise AttributeError(attribute)
        return getattr(imported(self._name), attribute)


@functools.cache
def imported(name: str) -> ModuleType:
    """Import the module; PyTorch computes on one thread, because several only wait for each other on small arrays."""
    module = importlib.import_module(name)
    if name == "torch":
        module.set_num_threads(1)
    return module


torch = Late("torch")
