"""Imports PyTorch without its compiler, whose import takes as long again and 150 MB.

Optimisers import it only to keep it away from their steps. That isn't necessary in workers and judges, which compile
nothing. A program that imports the compiler still gets it.
"""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable
from typing import Any

COMPILER = "torch._dynamo"


def import_torch() -> Any:
    """Import PyTorch, with one thread: once a process has used several, its forked children hang.

    Raises ImportError if PyTorch is not installed.
    """
    torch = importlib.import_module("torch")
    torch.set_num_threads(1)
    if COMPILER not in sys.modules:
        _uncompiled_functions(torch)
        _uncompiled_steps(torch)
        _uncompiled_determinism(torch)
    return torch


def _uncompiled_functions(torch: Any) -> None:
    """Let an optimiser's functions, and those that torch decorates from now on, run as they are."""
    decorated = torch._disable_dynamo
    for each in vars(torch.optim.Optimizer).values():
        if function := getattr(each, "__wrapped__", None):
            function.__dynamo_disable = function

    def disable(function: Callable[..., Any] | None = None, recursive: bool = True) -> Any:
        return function if function and COMPILER not in sys.modules else decorated(function, recursive)

    torch._disable_dynamo = disable


def _uncompiled_steps(torch: Any) -> None:
    """Give the optimisers' steps a wrapper that does what torch's does without a compiler."""
    for kind in vars(torch.optim).values():
        step: Any = getattr(kind, "step", None)
        if getattr(getattr(step, "__code__", None), "co_name", "") == "_use_grad":
            kind.step = _with_gradients(torch, step.__wrapped__)


def _with_gradients(torch: Any, step: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(step)
    def wrapper(self: Any, *args: Any, **options: Any) -> Any:
        with torch.set_grad_enabled(self.defaults["differentiable"]):
            return step(self, *args, **options)

    return wrapper


def _uncompiled_determinism(torch: Any) -> None:
    """Let submissions ask for deterministic algorithms, but not the compiler, which torch asks, too."""

    @functools.wraps(torch.use_deterministic_algorithms)
    def wrapper(mode: bool, *, warn_only: bool = False) -> None:
        torch._C._set_deterministic_algorithms(mode, warn_only=warn_only)

    torch.use_deterministic_algorithms = wrapper
