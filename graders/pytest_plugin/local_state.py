"""Keeps what a submission changes in this process to itself: NumPy's error handling, the recursion limit, …

A worker's settings don't reach the judge or another test's worker. In learner mode, one process runs everything. So
each side gets its own settings while it runs, as it gets its own modules.
"""

from __future__ import annotations

import builtins
import contextvars
import gc
import locale
import math
import os
import random
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

import numpy as np


class Setting(NamedTuple):
    """A setting of the process: how to read it, as a value that can be compared, and how to set it to such a value."""

    read: Callable[[], Any]
    set: Callable[[Any], object]


def _attribute(holder: Any, name: str) -> Setting:
    return Setting(lambda: getattr(holder, name), lambda value: setattr(holder, name, value))


def _names(module: Any) -> Setting:
    """Return the setting that consists of all names of a module, which a submission may replace."""

    names = vars(module)

    def replace(value: dict[str, Any]) -> None:  # this uses no built-in function, since those may be replaced
        for name in [each for each in names if each not in value]:
            del names[name]
        names.update(value)

    return Setting(names.copy, replace)


def _folder() -> str:
    try:
        return os.getcwd()
    except OSError:  # it has been removed
        return ""


def _environment(value: dict[bytes, bytes]) -> None:
    os.environ.clear()
    os.environ.update({os.fsdecode(name): os.fsdecode(each) for name, each in value.items()})


def _set_filters(value: list[Any]) -> None:
    with warnings.catch_warnings():  # so that warnings notices the change
        pass
    warnings.filters[:] = value  # type: ignore[index]


def _set_signals(value: list[Any]) -> None:
    for number, handler in zip(_SIGNALS, value, strict=True):
        if handler is not None:  # it was not set by Python
            signal.signal(number, handler)


_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_SETTINGS = [
    _names(builtins),  # the first to be put back, because what follows uses built-in functions
    _names(math),
    Setting(sys.getrecursionlimit, sys.setrecursionlimit),
    Setting(lambda: list(warnings.filters), _set_filters),
    Setting(_folder, os.chdir),
    Setting(lambda: dict(getattr(os.environ, "_data", os.environ)), _environment),
    Setting(lambda: list(sys.path), lambda value: sys.path.__setitem__(slice(None), value)),
    Setting(lambda: locale.setlocale(locale.LC_ALL), lambda value: locale.setlocale(locale.LC_ALL, value)),
    Setting(gc.isenabled, lambda value: gc.enable() if value else gc.disable()),
    Setting(gc.get_threshold, lambda value: gc.set_threshold(*value)),
    *(_attribute(sys, name) for name in ("stdin", "stdout", "stderr", "excepthook", "displayhook")),
]
# Only the main thread may set signal handlers.
_OF_MAIN_THREAD = [Setting(lambda: [signal.getsignal(number) for number in _SIGNALS], _set_signals)]


def _of_torch() -> list[Setting]:
    torch: Any = sys.modules.get("torch")
    if not hasattr(torch, "set_default_device"):  # not imported, or only in part
        return []

    def set_device(device: Any) -> None:
        torch.set_default_device(None if str(device) == "cpu" else device)

    def set_deterministic(value: int) -> None:
        torch.set_deterministic_debug_mode(value)

    return [
        Setting(torch.get_default_dtype, torch.set_default_dtype),
        Setting(torch.get_default_device, set_device),
        Setting(torch.is_grad_enabled, torch.set_grad_enabled),
        Setting(torch.is_anomaly_enabled, torch.autograd.set_detect_anomaly),
        Setting(torch.get_deterministic_debug_mode, set_deterministic),
        Setting(torch.get_num_threads, torch.set_num_threads),
    ]


class OwnState:
    """The settings of one side, which apply only while it runs. Those that it has not changed are the harness's."""

    def __init__(self) -> None:
        self._context = contextvars.copy_context()  # of NumPy's error handling and print options, and of decimal
        if decimal := sys.modules.get("decimal"):  # its context is an object, which the copy would share
            self._context.run(decimal.setcontext, decimal.getcontext().copy())
        self._changed: dict[int, Any] = {}

    def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function with this side's settings."""
        __tracebackhide__ = True
        with self._set():
            return self._context.run(function, *arguments)

    @contextmanager
    def _set(self) -> Iterator[None]:
        __tracebackhide__ = True
        in_main_thread = threading.current_thread() is threading.main_thread()
        settings = [*_SETTINGS, *(_OF_MAIN_THREAD if in_main_thread else ()), *_of_torch()]
        before = list(enumerate([(each, each.read()) for each in settings]))
        for number, value in self._changed.items():
            with suppress(RecursionError, OSError):  # a limit that pytest's own frames exceed; a folder that is gone
                settings[number].set(value)
        try:
            yield
        finally:
            for number, (each, old) in before:
                new = each.read()
                if new != old:
                    self._changed[number] = new
                    each.set(old)
                else:
                    self._changed.pop(number, None)


def seed_generators(seed: int) -> None:
    """Seed the global random generators, as a worker does."""
    random.seed(seed)
    np.random.seed(seed & 0xFFFFFFFF)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(seed & 0x7FFFFFFFFFFFFFFF)
