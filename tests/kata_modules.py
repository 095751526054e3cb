"""Modules of katas and of their solutions, imported by the tests."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest


def module_at(path: Path) -> ModuleType:
    """Run a file as a new module, which no import finds."""
    spec = importlib.util.spec_from_file_location(f"{path.parent.name}_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def importable(*folders: Path) -> Iterator[Callable[[str], ModuleType]]:
    """Make the modules in these folders importable, the last folder first, and yield a function that imports one.

    At the end, forget the modules that were imported from these folders, because other katas use the same names.
    """
    before = set(sys.modules)
    with pytest.MonkeyPatch.context() as patch:
        for folder in folders:
            patch.syspath_prepend(folder)
        try:
            yield importlib.import_module
        finally:
            for name in set(sys.modules) - before:
                if Path(getattr(sys.modules[name], "__file__", None) or "").parent in folders:
                    del sys.modules[name]
