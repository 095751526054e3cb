"""Lets a learner's own files use, in learner mode, only what they may use in official grading."""

from __future__ import annotations

import builtins
import functools
import importlib.machinery
import sys
from collections.abc import Collection
from pathlib import Path
from types import ModuleType
from typing import Any

from graders import watchdog
from graders.catalogue import Kata
from graders.errors import ConfinementError
from graders.sandbox import runtimes
from graders.worker.loading import only_these, refuse_forbidden

HARNESS = "graders"  # a worker has a part of it


class OwnLoader(importlib.machinery.SourceFileLoader):
    """Loads a module whose import statements find only the standard library and what the kata's workers have.

    `siblings` are the names of the kata's own modules. Modules of libraries keep the usual import statement, so a
    library finds its dependencies. Raises ImportError if the module names a symbol that the kata forbids. Every module
    may take the kata's `import_s`, which does not count for the call that first needs the module.
    """

    def __init__(self, name: str, file: Path, kata: Kata, siblings: Collection[str]) -> None:
        super().__init__(name, str(file))
        self._kata = kata
        self._available = importable(kata) | {each.partition(".")[0] for each in siblings}

    def exec_module(self, module: ModuleType) -> None:
        shown = Path(self.path).name
        refuse_forbidden({shown: self.get_source(self.name) or ""}, [shown], self._kata.forbidden)
        module.__dict__["__builtins__"] = {**vars(builtins), "__import__": self._import}
        late = f"importing {shown} took longer than {self._kata.limits.import_s:g} s and was stopped"
        with watchdog.own_time_limit(self._kata.limits.import_s, late):
            super().exec_module(module)

    def _import(self, name: str, *details: Any, **others: Any) -> Any:
        __tracebackhide__ = True
        level = others.get("level", details[3] if len(details) > 3 else 0)
        first = name.partition(".")[0]
        if not level and first not in sys.stdlib_module_names and first not in self._available:
            raise ModuleNotFoundError(f"No module named {name!r}{only_these(self._kata.runtime)}", name=name)
        return builtins.__import__(name, *details, **others)


def importable(kata: Kata) -> frozenset[str]:
    """Return the names of the modules, besides the standard library, that the kata's workers can import."""
    return _importable(kata.runtimes, kata.packages)


@functools.cache
def _importable(names: tuple[str, ...], packages: tuple[str, ...]) -> frozenset[str]:
    try:
        paths = [path for name in names for path in runtimes.package_paths(name, packages)]
    except ConfinementError:  # a package is not installed, and whoever needs it here gets Python's own message
        paths = [*packages, *(package for name in names for package in runtimes.PACKAGES[name])]
    return frozenset([HARNESS, *(Path(path).name.partition(".")[0] for path in paths)])
