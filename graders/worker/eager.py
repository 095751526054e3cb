"""Imports PyTorch without its compiler, whose import takes as long again and 150 MB.

The first step of any optimiser imports the compiler, only to tell it to leave the step alone. Here a stand-in is told
so. It makes way for the compiler as soon as anything else is asked of it, for example by `torch.compile`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

COMPILER = "torch._dynamo"


class StandIn(ModuleType):
    """What torch._dynamo is until it has to compile something."""

    @staticmethod
    def graph_break(*_: object, **__: object) -> None:
        """Do nothing, as outside a compiled function."""

    @staticmethod
    def disable(function: Callable[..., Any] | None = None, *_: object, **__: object) -> Any:
        """Return the function, or a decorator that does, because it is not compiled anyway."""
        return (lambda decorated: decorated) if function is None else function

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__path__":  # programs that look at all modules ask for these
            raise AttributeError(f"module {COMPILER!r} has no attribute {name!r}")
        if sys.modules.get(COMPILER) is self:
            del sys.modules[COMPILER]
        return getattr(importlib.import_module(COMPILER), name)


def import_torch() -> Any:
    """Return PyTorch, which uses one thread from now on. Raises ImportError if it is not installed."""
    torch: Any = importlib.import_module("torch")
    torch.set_num_threads(1)
    if COMPILER not in sys.modules:
        sys.modules[COMPILER] = torch._dynamo = StandIn(COMPILER)
    return torch
